//! BULI2, the human reviewers' service: the client that sends reviews and the signature of its callback.
//!
//! Owns the wire contract. Must not know what state a review is in, when to retry, or whether the breaker is open: the
//! outbox and the breaker live in Postgres, and their rules in the domain.

mod client;
mod retry_after;
pub mod signature;

pub use client::{CancelError, Client, ClientConfig, ReviewRequest, SubmitError, Submitted, TaskStatus};
pub use signature::{SignatureError, Signed, SigningSecrets, Vouched};
