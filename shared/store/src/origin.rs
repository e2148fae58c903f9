//! The author of a change, for the audit trail, and the caller of a request, for the check of ownership.

use std::fmt;

use filot_domain::{CorrelationId, SessionId, UserId};

/// Who changes a document. Stored with every event; never a name or an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// The document's owner.
    User,
    /// A human reviewer, through the callback.
    Reviewer,
    /// A worker, by its instance name.
    Worker(String),
    /// A function, by its name.
    Function(&'static str),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => f.write_str("user"),
            Self::Reviewer => f.write_str("reviewer"),
            Self::Worker(name) => write!(f, "worker:{name}"),
            Self::Function(name) => write!(f, "function:{name}"),
        }
    }
}

/// The author of a change and the request that led to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The author.
    pub actor: Actor,
    /// The request it goes back to.
    pub correlation_id: CorrelationId,
}

/// The user and session of a verified access token. Every statement that loads for a caller checks both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// The user.
    pub user_id: UserId,
    /// Their login.
    pub session_id: SessionId,
}
