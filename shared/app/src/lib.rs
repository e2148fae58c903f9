//! What FiLot does, one file per use case.
//!
//! A use case takes the narrow capabilities it needs, the [`request_context::RequestContext`] of the principal it serves, and
//! its input. It answers, or returns an [`error::AppError`]. It must not know HTTP, Lambda or SQL. [`context`] makes the
//! capabilities from the configuration.

pub mod auth;
pub mod cancel_reviews;
pub mod context;
pub mod delete_document;
pub mod dispatch_reviews;
pub mod document_dto;
pub mod download;
pub mod enqueue;
pub mod error;
pub mod error_code;
pub mod escalate;
pub mod get_document;
pub mod get_review;
pub mod health;
pub mod idempotency;
pub mod limits;
pub mod list_documents;
pub mod login;
pub mod logout;
pub mod me;
pub mod metrics;
pub mod migrate;
pub mod orchestrator;
pub mod process;
pub mod profile;
pub mod queue_depths;
pub mod queue_status;
pub mod refresh;
pub mod register;
pub mod request_context;
pub mod review_callback;
pub mod review_file;
pub mod review_outbox;
pub mod reviewer_breaker;
pub mod schema;
pub mod score_document;
pub mod sweep;
pub mod upload;
mod user_limits;
pub mod verification_status;
pub mod wake_dispatch;

pub use error::{AppError, Result};
