//! Postgres: what FiLot knows, and the only place that writes SQL.
//!
//! This crate owns the schema (`migrations/`), every state-dependent write and the sealing of personal fields: callers
//! pass and get plain domain values, the database only ever sees ciphertext and keyed hashes. It must not know HTTP,
//! queues, object storage or the reviewer's protocol.
//!
//! How it does so:
//! - A change of a document's state is a conditional update on state and version, and for a worker on the lease's
//!   epoch; a write that finds nothing to change says why ([`Miss`]). Legal steps are types ([`filot_domain::lifecycle`]),
//!   and a database trigger refuses every other edge and writes `document_events`.
//! - What must happen after a commit is a row in the same commit: `next_enqueue_at` for the sweeper, the dispatch
//!   columns of `manual_reviews` for the reviewer.
//! - `now` is always passed in. Safety rests on versions and epochs; clocks only decide when somebody else may try.
//! - No named prepared statements and no session state, so that it works behind a transaction-pooling proxy.

mod breakers;
mod cancels;
mod config;
mod db;
mod dispatch;
mod documents;
mod erasure;
mod error;
mod holder;
mod idempotency;
mod listing;
mod marks;
mod migrate;
mod notices;
mod origin;
mod profiles;
mod quotas;
mod requests;
mod reviews;
mod row;
mod scoring;
mod sealing;
pub mod seed;
mod sessions;
mod stats;
mod step;
mod sweeper;
mod users;
mod worker;

pub use cancels::{CancelState, DueCancel};
pub use config::{ConfigError, IdentityHashKey, SealingKeys, StoreConfig};
pub use db::Store;
pub use dispatch::{DispatchLease, DispatchPayload, DueDispatch};
pub use documents::{
    BeginUpload, DocumentSummary, DocumentView, IdempotencyKey, NewDocument, ReviewSummary, TimelineEntry,
    VerificationView,
};
pub use erasure::{DueErasure, ObjectGone, TooOld};
pub use error::{Miss, Result, StoreError};
pub use filot_domain::fraud::FraudPolicy;
pub use idempotency::{BeginIdempotent, IdempotencyLock, StoredResponse};
pub use listing::{DocumentPage, ListFilter, ListPosition};
pub use migrate::MigrationReport;
pub use origin::{Actor, Caller, Origin};
pub use profiles::Profile;
pub use quotas::{ExceededLimit, UserLimits};
pub use requests::{Escalated, Requeued};
pub use reviews::{Callback, CallbackOutcome, ReviewFile, ReviewView};
pub use scoring::{Decided, ForScoring, LoadedForScoring};
pub use sessions::{Forgotten, NewSession, NextToken, Refreshed, RefusedRefresh, Rotation};
pub use stats::{QueueLoad, QueueLoads, StateCount, Stuck, StuckDocument};
pub use sweeper::{Backlog, Leftover, LostDocument, Unscored};
pub use users::{Me, NewUser, Registered, Role, User, UserVerification};
pub use worker::{Claim, ClaimRequest, Claimed, Lease, NotClaimable};
