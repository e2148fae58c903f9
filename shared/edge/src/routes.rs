//! One function per route: parse, one use case, answer. [`crate::api`] says who may call them.

mod auth;
mod documents;
mod ops;
mod reviews;

pub use auth::{auth_login, auth_me, auth_register};
pub use documents::{documents_get, documents_upload, verification_status};
pub use ops::health;
pub use reviews::{review_callback, review_file};
