//! Who asks: Stack Auth's tokens at login, our own tokens after it, and the service key of internal callers.

pub mod access;
pub mod principal;
pub mod refresh;
pub mod reviewer;
pub mod service;
pub mod stack;

pub use access::{AccessTokens, IssuedToken};
pub use stack::{StackIdentity, StackVerifier};
