//! The human reviewer service: outbound client and callback signature.
