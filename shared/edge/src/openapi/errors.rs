//! The description of each error code: its text, its status and an example.

use filot_app::error::{AppError, FieldError};
use filot_app::error_code::ErrorCode;
use filot_domain::CorrelationId;
use http::StatusCode;
use serde_json::Value;
use strum::IntoEnumIterator;

use super::examples;
use crate::problem;

use ErrorCode as E;

/// An error code as the document describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Problem {
    /// The code.
    pub(super) code: ErrorCode,
    /// What happened, as a client might read it.
    pub(super) when: &'static str,
}

impl Problem {
    /// The status it comes with.
    pub(super) fn status(&self) -> StatusCode {
        problem::status_of(self.code.kind()).into()
    }

    /// The body that a client gets.
    pub(super) fn example(&self) -> Value {
        let fields: &[(&str, &str)] = match self.code {
            E::ValidationFailed => &[("phone", "must be + and 8 to 15 digits")],
            code if FILE_CODES.contains(&code) => &[("file", "cannot be taken")],
            _ => &[],
        };
        let errors = fields.iter().map(|(field, message)| FieldError::new(field, *message)).collect();
        let error = AppError { errors, ..AppError::new(self.code, self.when) };
        let Ok(correlation_id) = examples::CORRELATION_ID.parse::<CorrelationId>() else {
            return Value::Null;
        };
        serde_json::to_value(problem::Problem::from(error).body(&correlation_id)).unwrap_or_default()
    }
}

/// Codes of a refused file.
pub(super) const FILE_CODES: &[ErrorCode] = &[
    E::FileEmpty,
    E::ImageTooLarge,
    E::ImageEmpty,
    E::FileTypeUnknown,
    E::FileTypeMismatch,
    E::FileDamaged,
    E::FileUnsupported,
    E::FileEncrypted,
];

/// Every code that a route can answer with.
pub(super) fn all() -> impl Iterator<Item = Problem> {
    E::iter().filter_map(|code| Some(Problem { code, when: when(code)? }))
}

/// When a code comes, if a route answers with it.
const fn when(code: ErrorCode) -> Option<&'static str> {
    Some(match code {
        E::ValidationFailed => "The request has values that are not allowed.",
        E::MalformedBody => crate::event::UNDECODABLE,
        E::MalformedJson => "The body is not the JSON that is expected here.",
        E::MalformedForm => "The form cannot be read.",
        E::Unauthenticated => "The request carries no valid credentials.",
        E::RefreshTokenInvalid => "The refresh token is not valid.",
        E::AccountRestricted => "This account is anonymous or restricted. Please complete it first.",
        E::EmailUnverified => "The account has no verified e-mail address.",
        E::NotFound => "There is no such resource.",
        E::NotRegistered => "This account is not registered yet.",
        E::EmailTaken => "Another account has this e-mail address.",
        E::StateChanged => "The resource has changed meanwhile.",
        E::AlreadyDecided => "The review is already approved.",
        E::DocumentNotProcessable => {
            "Only an uploaded or failed document can be processed; this one is completed."
        }
        E::NotEscalatable => {
            "Only an automatic rejection can be escalated; this document is completed (auto_approved)."
        }
        // Scoring has no route.
        E::NotRead => return None,
        E::StorageFull => "Your documents use all the storage that you have. Please delete one first.",
        E::IdempotencyInProgress => "The first request with this key is still under way.",
        E::IdempotencyKeyReused => "This key was used with another request.",
        E::PayloadTooLarge => "The body is larger than is accepted.",
        E::FileTooLarge => "The file is larger than 2 MB.",
        E::UnsupportedMediaType => "The body must be multipart/form-data.",
        E::FileEmpty => "The file is empty.",
        E::ImageTooLarge => "The picture has more pixels than are read.",
        E::ImageEmpty => "The picture has no pixels.",
        E::FileTypeUnknown => "The file is neither a JPEG nor a PNG nor a PDF.",
        E::FileTypeMismatch => "The file is not what it is said to be.",
        E::FileDamaged => "The file is damaged.",
        E::FileUnsupported => "The file is of a variant that is not read.",
        E::FileEncrypted => "The PDF is encrypted.",
        E::IdentityConflict => {
            "Another user holds the identity on this card, so it cannot be approved. The review stays open."
        }
        E::TooManyAttempts => "Too many of your documents did not pass lately. Please try again later.",
        E::IdsMismatch => "The ids in this callback belong to different reviews.",
        E::RateLimited => "Too many requests. Please try again later.",
        E::DocumentsInFlight => "Other documents of yours are being read. Please wait a moment.",
        E::DailyQuotaReached => "No more documents today. Please come back later.",
        E::Internal => "Something went wrong on our side.",
        E::Unavailable => "The service cannot answer right now. Please try again.",
        E::NotYetAcknowledged => "No review has this task id yet, but one is being sent. Please try again.",
    })
}
