//! The answer of a handler.

use filot_app::error::AppError;
use filot_platform::Secret;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

/// The result of a handler.
pub type Answer = Result<Reply, AppError>;

/// An answer. It has no `Debug` form: it may hold identity data and tokens.
pub struct Reply {
    /// Its status.
    pub status: StatusCode,
    /// Headers beyond those that every answer has.
    pub headers: HeaderMap,
    /// Its body.
    pub body: Option<String>,
}

impl Reply {
    /// JSON with 200.
    ///
    /// # Errors
    /// `internal` when the body cannot be written as JSON.
    pub fn ok(body: &impl Serialize) -> Result<Self, AppError> {
        Self::json(StatusCode::OK, body)
    }

    /// JSON with 201.
    ///
    /// # Errors
    /// `internal` when the body cannot be written as JSON.
    pub fn created(body: &impl Serialize) -> Result<Self, AppError> {
        Self::json(StatusCode::CREATED, body)
    }

    /// JSON with 202.
    ///
    /// # Errors
    /// `internal` when the body cannot be written as JSON.
    pub fn accepted(body: &impl Serialize) -> Result<Self, AppError> {
        Self::json(StatusCode::ACCEPTED, body)
    }

    /// 204, without a body.
    pub fn no_content() -> Self {
        Self { status: StatusCode::NO_CONTENT, headers: HeaderMap::new(), body: None }
    }

    /// Text of another kind, with 200.
    pub fn text(content_type: &'static str, body: impl Into<String>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        Self { status: StatusCode::OK, headers, body: Some(body.into()) }
    }

    /// JSON with any status.
    ///
    /// # Errors
    /// `internal` when the body cannot be written as JSON.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, AppError> {
        let body = serde_json::to_string(body)
            .map_err(|error| AppError::internal(format!("an answer is no JSON: {error}")))?;
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { status, headers, body: Some(body) })
    }

    /// 302 to a secret address.
    ///
    /// # Errors
    /// `internal` when the address does not fit in a header.
    pub fn redirect(to: &Secret) -> Result<Self, AppError> {
        let mut location = HeaderValue::from_str(to.expose())
            .map_err(|_| AppError::internal("a link that does not fit in a header"))?;
        location.set_sensitive(true);
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location);
        Ok(Self { status: StatusCode::FOUND, headers, body: None })
    }
}
