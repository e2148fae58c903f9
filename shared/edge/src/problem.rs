//! Errors as RFC 9457 problems: `application/problem+json` with a stable `code` and the correlation id.

use filot_app::error::{AppError, FieldError};
use filot_app::error_code::ErrorKind;
use filot_domain::CorrelationId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::status::ErrorStatus;

/// The media type of a problem.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// An error on its way to the client.
#[derive(Debug, Clone)]
pub struct Problem {
    /// The status.
    pub status: ErrorStatus,
    /// What went wrong.
    pub error: AppError,
}

/// The body.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Problem)]
pub struct ProblemBody<'a> {
    /// Always `about:blank`: the code says more than a URL would.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The status in words.
    pub title: &'static str,
    /// The status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// Stable and machine-readable.
    #[schema(pattern = "^[a-z0-9_]+$")]
    pub code: &'static str,
    /// What happened, in a sentence.
    pub detail: &'a str,
    /// Finds this request in our logs.
    #[schema(value_type = filot_app::schema::CorrelationId)]
    pub correlation_id: &'a str,
    /// Which values are wrong, when values are wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldProblem<'a>>,
}

/// A value that is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = FieldProblem)]
pub struct FieldProblem<'a> {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub message: &'a str,
}

impl Problem {
    /// The body that the client gets, without the text for the log.
    pub fn body<'a>(&'a self, correlation_id: &'a CorrelationId) -> ProblemBody<'a> {
        ProblemBody {
            kind: "about:blank",
            title: self.status.title(),
            status: self.status.as_u16(),
            code: self.error.code.as_str(),
            detail: &self.error.message,
            correlation_id: correlation_id.as_str(),
            errors: self
                .error
                .errors
                .iter()
                .map(|FieldError { field, message }| FieldProblem { field, message })
                .collect(),
        }
    }
}

impl From<AppError> for Problem {
    fn from(error: AppError) -> Self {
        Self { status: status_of(error.kind()), error }
    }
}

/// The one place where an error's kind becomes a status.
pub(crate) const fn status_of(kind: ErrorKind) -> ErrorStatus {
    match kind {
        ErrorKind::Invalid => ErrorStatus::BAD_REQUEST,
        ErrorKind::Unauthenticated => ErrorStatus::UNAUTHORIZED,
        ErrorKind::Forbidden => ErrorStatus::FORBIDDEN,
        ErrorKind::NotFound => ErrorStatus::NOT_FOUND,
        ErrorKind::Conflict => ErrorStatus::CONFLICT,
        ErrorKind::TooLarge => ErrorStatus::PAYLOAD_TOO_LARGE,
        ErrorKind::UnsupportedMedia => ErrorStatus::UNSUPPORTED_MEDIA_TYPE,
        ErrorKind::Unprocessable => ErrorStatus::UNPROCESSABLE,
        ErrorKind::RateLimited => ErrorStatus::TOO_MANY_REQUESTS,
        ErrorKind::Unavailable => ErrorStatus::UNAVAILABLE,
        ErrorKind::Internal => ErrorStatus::INTERNAL,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn correlation_id() -> CorrelationId {
        "test-correlation".parse().unwrap()
    }

    #[test]
    fn the_body_is_a_problem_and_keeps_the_log_text_to_itself() {
        let problem = Problem::from(AppError::internal("the password is hunter2"));
        let json = serde_json::to_value(problem.body(&correlation_id())).unwrap();
        assert_eq!(
            json,
            serde_json::json!({
                "type": "about:blank",
                "title": "Internal Server Error",
                "status": 500,
                "code": "internal",
                "detail": "Something went wrong on our side.",
                "correlationId": "test-correlation",
            })
        );
    }

    #[test]
    fn wrong_values_are_listed() {
        let problem = Problem::from(AppError::invalid_field("type", "must be KTP or NPWP"));
        let json = serde_json::to_value(problem.body(&correlation_id())).unwrap();
        assert_eq!(json["status"], 400);
        assert_eq!(json["code"], "validation_failed");
        assert_eq!(json["errors"], serde_json::json!([{"field": "type", "message": "must be KTP or NPWP"}]));
    }

    #[test]
    fn each_kind_has_its_status() {
        let statuses = [
            (ErrorKind::Invalid, 400),
            (ErrorKind::Unauthenticated, 401),
            (ErrorKind::Forbidden, 403),
            (ErrorKind::NotFound, 404),
            (ErrorKind::Conflict, 409),
            (ErrorKind::TooLarge, 413),
            (ErrorKind::UnsupportedMedia, 415),
            (ErrorKind::Unprocessable, 422),
            (ErrorKind::RateLimited, 429),
            (ErrorKind::Internal, 500),
            (ErrorKind::Unavailable, 503),
        ];
        for (kind, status) in statuses {
            assert_eq!(status_of(kind).as_u16(), status);
        }
    }
}
