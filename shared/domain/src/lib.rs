//! The rules of FiLot, and nothing else: ids, document states, NIK and NPWP, scoring, retry and breaker rules.
//!
//! This crate owns every decision the product takes. It must not know where data comes from: no I/O, no clock and no
//! randomness of its own; the caller passes `now` and random numbers in, so that every rule can be replayed in a test.

pub mod advice;
pub mod areas;
pub mod breaker;
pub mod card;
pub mod fraud;
pub mod ids;
pub mod lifecycle;
pub mod names;
pub mod nik;
pub mod npwp;
pub mod reason;
pub mod retry;
pub mod review;
pub mod scoring;
pub mod vocabulary;

pub use advice::Advice;
pub use card::{CardKind, CardReading, DocumentType, FieldName, FieldReading, PictureHash, Quality};
pub use ids::{CorrelationId, DocumentId, EvaluationId, ReviewId, SessionId, UserId};
pub use lifecycle::{DocumentStatus, VerificationStatus};
pub use reason::ReasonCode;
pub use scoring::{Decision, Evaluation};
