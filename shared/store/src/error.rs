//! The errors of this crate, and why a conditional write found nothing to write.

use filot_domain::lifecycle::{DispatchState, DocumentStatus, VerificationStatus};

/// The result of every call of this crate.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why a call did not do what was asked although the database answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Miss {
    /// The caller's session is unknown, ended or expired.
    #[error("the session is not valid")]
    SessionEnded,
    /// There is no such row, or it is none of the caller's.
    #[error("not found")]
    NotFound,
    /// The row is no longer as it was when the caller looked.
    #[error("the document is now {status} ({verification}) at version {version}")]
    Stale {
        /// Its status now.
        status: DocumentStatus,
        /// Its verification status now.
        verification: VerificationStatus,
        /// Its version now.
        version: i64,
    },
    /// The lease is gone: another claim has a newer epoch, or the work was given back, done or erased.
    #[error("the lease is lost: epoch {epoch}, document {status}")]
    LeaseLost {
        /// The epoch of the row now.
        epoch: i64,
        /// The status of the row now.
        status: DocumentStatus,
    },
    /// Another review has the task id that the reviewer answered.
    #[error("the task id belongs to another review")]
    TaskOfAnother,
    /// Another dispatcher has the review, or it left the outbox.
    #[error("the dispatch is now {state}")]
    DispatchLost {
        /// Its state now.
        state: DispatchState,
    },
}

/// Why a call failed. The text is for logs: it never holds a value of a personal field, nor the connection URL.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A conditional call found another state than it needs.
    #[error(transparent)]
    Miss(#[from] Miss),
    /// Another user has this e-mail address.
    #[error("another user has this e-mail address")]
    EmailTaken,
    /// No connection could be had.
    #[error("the database cannot be reached: {0}")]
    Unavailable(String),
    /// The database did not answer in time. Whether the statement took effect is unknown.
    #[error("the database did not answer in time")]
    Timeout,
    /// The database refused a statement.
    #[error("the database refused a statement: {}", describe(.0))]
    Database(#[source] tokio_postgres::Error),
    /// A stored value is not what this crate writes.
    #[error("a stored {what} cannot be understood")]
    Corrupt {
        /// The column.
        what: &'static str,
    },
    /// A field cannot be sealed or opened: unknown key id, or tampered with.
    #[error("a sealed field cannot be {0}")]
    Sealing(&'static str),
    /// The configuration cannot be used.
    #[error("the store's configuration is unusable: {0}")]
    Config(String),
    /// The schema could not be brought up to date.
    #[error("a migration failed: {0}")]
    Migration(String),
    /// The call would break an invariant.
    #[error("refused: {0}")]
    Invariant(&'static str),
}

impl StoreError {
    /// The miss, if that is what it is.
    pub const fn miss(&self) -> Option<&Miss> {
        match self {
            Self::Miss(miss) => Some(miss),
            _ => None,
        }
    }

    /// Whether a stored value cannot be opened or understood: the same call fails again until a key or the row changes.
    pub const fn is_unreadable(&self) -> bool {
        matches!(self, Self::Sealing(_) | Self::Corrupt { .. })
    }

    /// Whether the same call may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) | Self::Timeout => true,
            // Serialization failures and deadlocks, shortage, operator intervention, broken connections, timeouts.
            Self::Database(error) => error.code().is_none_or(|state| {
                matches!(state.code().get(..2), Some("08" | "40" | "53" | "57" | "58"))
                    || state.code() == "55P03"
            }),
            _ => false,
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        if error.is_closed() {
            Self::Unavailable("connection closed".to_owned())
        } else {
            Self::Database(error)
        }
    }
}

/// Only what Postgres says about the kind of failure: its DETAIL line may quote the values of the row.
fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => {
            let constraint = db.constraint().map(|name| format!(" ({name})")).unwrap_or_default();
            format!("{} {}{constraint}", db.code().code(), db.message())
        }
        None => error.to_string(),
    }
}
