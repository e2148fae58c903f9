//! What a use case answers when it cannot do what was asked.
//!
//! The text for the client and the text for the log are separate fields: the first never says more than the caller may
//! know, the second never holds personal data. Which HTTP status this becomes is the edge's matter.

use std::borrow::Cow;

use filot_store::{Miss, StoreError};

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is malformed or a value is not allowed.
    Invalid,
    /// Who asks is not known, or no longer.
    Unauthenticated,
    /// Who asks is known and may not.
    Forbidden,
    /// There is no such thing, or it is none of the caller's.
    NotFound,
    /// It contradicts what is already so.
    Conflict,
    /// More bytes than are accepted.
    TooLarge,
    /// A kind of file or body that is not accepted.
    UnsupportedMedia,
    /// Well formed, but it cannot be done.
    Unprocessable,
    /// More often than the caller may.
    RateLimited,
    /// Something that is needed does not answer; later it may.
    Unavailable,
    /// Our fault.
    Internal,
}

/// A field of a request that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    /// The field, as the client names it.
    pub field: &'static str,
    /// What is wrong, in a sentence.
    pub message: String,
}

impl FieldError {
    /// A field and what is wrong with it.
    pub fn new(field: &'static str, message: impl Into<String>) -> Self {
        Self { field, message: message.into() }
    }
}

/// Why a use case did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", .log.as_deref().unwrap_or(.message))]
pub struct AppError {
    /// What kind of trouble.
    pub kind: Kind,
    /// Stable and machine-readable.
    pub code: &'static str,
    /// For the client.
    pub message: Cow<'static, str>,
    /// For the log, when it says more.
    pub log: Option<String>,
    /// For a client that sent several wrong values.
    pub errors: Vec<FieldError>,
    /// When asking again may help.
    pub retry_after_s: Option<u32>,
}

/// What every use case returns.
pub type Result<T> = std::result::Result<T, AppError>;

impl AppError {
    /// An error with a text for the client.
    pub fn new(kind: Kind, code: &'static str, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, code, message: message.into(), log: None, errors: Vec::new(), retry_after_s: None }
    }

    /// Wrong values, all of them at once.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self {
            errors,
            ..Self::new(Kind::Invalid, "validation_failed", "The request has values that are not allowed.")
        }
    }

    /// One wrong value.
    pub fn invalid_field(field: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(field, message)])
    }

    /// No, or no valid, proof of who asks. `why` goes to the log only: an attacker learns nothing from it.
    pub fn unauthenticated(why: impl Into<String>) -> Self {
        Self::new(Kind::Unauthenticated, "unauthenticated", "The request carries no valid credentials.")
            .logged(why)
    }

    /// Not there, or not the caller's.
    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "not_found", "There is no such resource.")
    }

    /// Something that is needed does not answer.
    pub fn unavailable(why: impl Into<String>) -> Self {
        Self {
            retry_after_s: Some(5),
            ..Self::new(
                Kind::Unavailable,
                "unavailable",
                "The service cannot answer right now. Please try again.",
            )
        }
        .logged(why)
    }

    /// Our fault.
    pub fn internal(why: impl Into<String>) -> Self {
        Self::new(Kind::Internal, "internal", "Something went wrong on our side.").logged(why)
    }

    /// The same error with a text for the log.
    #[must_use]
    pub fn logged(mut self, why: impl Into<String>) -> Self {
        self.log = Some(why.into());
        self
    }

    /// Whether the same request may succeed later.
    pub fn is_transient(&self) -> bool {
        self.kind == Kind::Unavailable
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Miss(Miss::SessionEnded) => Self::unauthenticated("the session is not valid"),
            StoreError::Miss(Miss::NotFound) => Self::not_found(),
            StoreError::Miss(miss) => {
                Self::new(Kind::Conflict, "state_changed", "The resource has changed meanwhile.")
                    .logged(miss.to_string())
            }
            StoreError::EmailTaken => {
                Self::new(Kind::Conflict, "email_taken", "Another account has this e-mail address.")
            }
            other if other.is_transient() => Self::unavailable(other.to_string()),
            other => Self::internal(other.to_string()),
        }
    }
}
