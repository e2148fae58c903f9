//! One function per route: parse, one use case, answer. [`crate::api`] says who may call them.

mod auth;
mod documents;
mod ops;
mod reviews;

pub use auth::{auth_login, auth_logout, auth_me, auth_refresh, auth_register, profile};
pub use documents::{
    documents_delete, documents_download, documents_get, documents_list, documents_process, documents_upload,
    verification_escalate, verification_status,
};
pub use ops::{health, metrics, ocr_queue_status, openapi};
pub use reviews::{review_callback, review_file, review_get};
