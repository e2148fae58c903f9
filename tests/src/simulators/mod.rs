//! Simulators of the services that other companies run. They keep the real contracts: keys, signatures, JWKS.

pub mod buli2;
pub mod stack_auth;
