//! The error of a use case.
//!
//! The text for the client and the text for the log are separate fields: the first never says more than the caller may
//! know, the second never holds personal data. Which HTTP status this becomes is the edge's matter.

use std::borrow::Cow;

use filot_store::{Miss, StoreError};

use crate::error_code::{ErrorCode, ErrorKind};

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

/// Why a use case was refused or failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {}", .log.as_deref().unwrap_or(.message))]
pub struct AppError {
    /// Names the error for machines; its kind follows from it.
    pub code: ErrorCode,
    /// For the client.
    pub message: Cow<'static, str>,
    /// For the log, when it says more.
    pub log: Option<String>,
    /// Every wrong value, when values are wrong.
    pub errors: Vec<FieldError>,
    /// When asking again may help.
    pub retry_after_s: Option<u32>,
}

/// The result of a use case.
pub type Result<T> = std::result::Result<T, AppError>;

impl AppError {
    /// An error with a text for the client.
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), log: None, errors: Vec::new(), retry_after_s: None }
    }

    /// Wrong values, all of them at once.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        Self {
            errors,
            ..Self::new(ErrorCode::ValidationFailed, "The request has values that are not allowed.")
        }
    }

    /// One wrong value.
    pub fn invalid_field(field: &'static str, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(field, message)])
    }

    /// No, or no valid, proof of who asks. `why` goes to the log only: an attacker learns nothing from it.
    pub fn unauthenticated(why: impl Into<String>) -> Self {
        Self::new(ErrorCode::Unauthenticated, "The request carries no valid credentials.").logged(why)
    }

    /// Not there, or not the caller's.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "There is no such resource.")
    }

    /// Something that is needed does not answer.
    pub fn unavailable(why: impl Into<String>) -> Self {
        Self {
            retry_after_s: Some(5),
            ..Self::new(ErrorCode::Unavailable, "The service cannot answer right now. Please try again.")
        }
        .logged(why)
    }

    /// Our fault.
    pub fn internal(why: impl Into<String>) -> Self {
        Self::new(ErrorCode::Internal, "Something went wrong on our side.").logged(why)
    }

    /// The same error with a text for the log.
    #[must_use]
    pub fn logged(mut self, why: impl Into<String>) -> Self {
        self.log = Some(why.into());
        self
    }

    /// What kind of trouble it is.
    pub const fn kind(&self) -> ErrorKind {
        self.code.kind()
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Miss(Miss::SessionEnded) => Self::unauthenticated("the session is not valid"),
            StoreError::Miss(Miss::NotFound) => Self::not_found(),
            StoreError::Miss(miss) => {
                Self::new(ErrorCode::StateChanged, "The resource has changed meanwhile.")
                    .logged(miss.to_string())
            }
            StoreError::EmailTaken => {
                Self::new(ErrorCode::EmailTaken, "Another account has this e-mail address.")
            }
            other if other.is_transient() => Self::unavailable(other.to_string()),
            other => Self::internal(other.to_string()),
        }
    }
}
