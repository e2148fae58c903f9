//! Every error code, with what it means and the status it is answered with.

use std::borrow::Cow;
use std::collections::BTreeMap;

use filot_app::error::{AppError, FieldError, Kind};
use filot_domain::CorrelationId;
use http::StatusCode;
use serde_json::Value;

use super::operations::Operation;
use crate::api::{Auth, Limit, Route};
use crate::problem;
use crate::status::ErrorStatus;

/// A code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Problem {
    /// Stable and machine-readable.
    pub(super) code: &'static str,
    /// The status it comes with.
    pub(super) status: StatusCode,
    /// What happened.
    pub(super) when: &'static str,
    /// Fields that are told to be wrong.
    fields: &'static [(&'static str, &'static str)],
}

impl Problem {
    /// The body that a client gets.
    pub(super) fn example(&self, status: StatusCode) -> Value {
        let Some(status) = ErrorStatus::new(status) else { return Value::Null };
        let errors = self.fields.iter().map(|(field, message)| FieldError::new(field, *message)).collect();
        let error = AppError { errors, ..AppError::new(Kind::Internal, self.code, Cow::Borrowed(self.when)) };
        let Ok(correlation_id) = super::examples::CORRELATION_ID.parse::<CorrelationId>() else {
            return Value::Null;
        };
        serde_json::to_value(problem::Problem { status, error }.body(&correlation_id)).unwrap_or_default()
    }
}

const fn problem(code: &'static str, status: StatusCode, when: &'static str) -> Problem {
    Problem { code, status, when, fields: &[] }
}

use StatusCode as S;

/// All of them.
pub(super) const PROBLEMS: &[Problem] = &[
    Problem {
        code: "validation_failed",
        status: S::BAD_REQUEST,
        when: "The request has values that are not allowed.",
        fields: &[("phone", "must be + and 8 to 15 digits")],
    },
    problem("malformed_json", S::BAD_REQUEST, "The body is not the JSON that is expected here."),
    problem("malformed_form", S::BAD_REQUEST, "The form cannot be read."),
    problem("unauthenticated", S::UNAUTHORIZED, "The request carries no valid credentials."),
    problem("refresh_token_invalid", S::UNAUTHORIZED, "The refresh token is not valid."),
    problem(
        "account_restricted",
        S::FORBIDDEN,
        "This account is anonymous or restricted. Please complete it first.",
    ),
    problem("email_unverified", S::FORBIDDEN, "The account has no verified e-mail address."),
    problem("not_found", S::NOT_FOUND, "There is no such resource."),
    problem("not_registered", S::NOT_FOUND, "This account is not registered yet."),
    problem("email_taken", S::CONFLICT, "Another account has this e-mail address."),
    problem("state_changed", S::CONFLICT, "The resource has changed meanwhile."),
    problem("already_decided", S::CONFLICT, "The review is already approved."),
    problem(
        "document_not_processable",
        S::CONFLICT,
        "Only an uploaded or failed document can be processed; this one is completed.",
    ),
    problem(
        "not_escalatable",
        S::CONFLICT,
        "Only an automatic rejection can be escalated; this document is completed (auto_approved).",
    ),
    problem("idempotency_in_progress", S::CONFLICT, "The first request with this key is still under way."),
    problem("idempotency_key_reused", S::UNPROCESSABLE_ENTITY, "This key was used with another request."),
    problem("payload_too_large", S::PAYLOAD_TOO_LARGE, "The body is larger than is accepted."),
    problem("file_too_large", S::PAYLOAD_TOO_LARGE, "The file is larger than 2 MB."),
    problem("unsupported_media_type", S::UNSUPPORTED_MEDIA_TYPE, "The body must be multipart/form-data."),
    file("file_empty", "The file is empty."),
    file("image_too_large", "The picture has more pixels than are read."),
    file("image_empty", "The picture has no pixels."),
    file("file_type_unknown", "The file is neither a JPEG nor a PNG nor a PDF."),
    file("file_type_mismatch", "The file is not what it is said to be."),
    file("file_damaged", "The file is damaged."),
    file("file_unsupported", "The file is of a variant that is not read."),
    file("file_encrypted", "The PDF is encrypted."),
    problem("ids_mismatch", S::UNPROCESSABLE_ENTITY, "The ids in this callback belong to different reviews."),
    problem("rate_limited", S::TOO_MANY_REQUESTS, "Too many requests. Please try again later."),
    problem("internal", S::INTERNAL_SERVER_ERROR, "Something went wrong on our side."),
    problem("unavailable", S::SERVICE_UNAVAILABLE, "The service cannot answer right now. Please try again."),
    problem(
        "not_yet_acknowledged",
        S::SERVICE_UNAVAILABLE,
        "No review has this task id yet, but one is being sent. Please try again.",
    ),
];

/// What an uploaded file can be refused for.
pub(super) const FILE_CODES: &[&str] = &[
    "file_empty",
    "image_too_large",
    "image_empty",
    "file_type_unknown",
    "file_type_mismatch",
    "file_damaged",
    "file_unsupported",
    "file_encrypted",
];

const fn file(code: &'static str, when: &'static str) -> Problem {
    Problem { code, status: S::UNPROCESSABLE_ENTITY, when, fields: &[("file", "cannot be taken")] }
}

/// The problems of an operation: its own, and those that follow from who may call it and how often.
pub(super) fn by_status(route: &Route, operation: &Operation) -> BTreeMap<StatusCode, Vec<Problem>> {
    let mut codes: Vec<&str> = operation.errors.to_vec();
    codes.push("internal");
    if operation.needs_servers {
        codes.push("unavailable");
    }
    match route.auth {
        Auth::Public => {}
        Auth::RefreshToken => codes.push("refresh_token_invalid"),
        Auth::StackToken => codes.extend(["unauthenticated", "account_restricted"]),
        Auth::AccessToken | Auth::ServiceKey | Auth::ServiceKeyInProduction | Auth::SignedCallback => {
            codes.push("unauthenticated")
        }
    }
    if route.limit != Limit::None {
        codes.push("rate_limited");
    }
    if route.method != "GET" {
        codes.push("payload_too_large");
    }
    if route.takes_idempotency_key {
        codes.extend(["validation_failed", "idempotency_in_progress", "idempotency_key_reused"]);
    }
    let mut all: BTreeMap<StatusCode, Vec<Problem>> = BTreeMap::new();
    for problem in PROBLEMS.iter().filter(|problem| codes.contains(&problem.code)) {
        all.entry(problem.status).or_default().push(*problem);
    }
    all
}
