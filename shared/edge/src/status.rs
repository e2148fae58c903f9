//! A status that says that something went wrong, and cannot say anything else.

use http::StatusCode;

/// An HTTP status from 400 to 599: an error answered with 200 does not compile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ErrorStatus(StatusCode);

impl ErrorStatus {
    /// 400
    pub const BAD_REQUEST: Self = Self(StatusCode::BAD_REQUEST);
    /// 401
    pub const UNAUTHORIZED: Self = Self(StatusCode::UNAUTHORIZED);
    /// 403
    pub const FORBIDDEN: Self = Self(StatusCode::FORBIDDEN);
    /// 404
    pub const NOT_FOUND: Self = Self(StatusCode::NOT_FOUND);
    /// 409
    pub const CONFLICT: Self = Self(StatusCode::CONFLICT);
    /// 413
    pub const PAYLOAD_TOO_LARGE: Self = Self(StatusCode::PAYLOAD_TOO_LARGE);
    /// 415
    pub const UNSUPPORTED_MEDIA_TYPE: Self = Self(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    /// 422
    pub const UNPROCESSABLE: Self = Self(StatusCode::UNPROCESSABLE_ENTITY);
    /// 429
    pub const TOO_MANY_REQUESTS: Self = Self(StatusCode::TOO_MANY_REQUESTS);
    /// 500
    pub const INTERNAL: Self = Self(StatusCode::INTERNAL_SERVER_ERROR);
    /// 503
    pub const UNAVAILABLE: Self = Self(StatusCode::SERVICE_UNAVAILABLE);

    /// A status, if it is an error's.
    pub fn new(status: StatusCode) -> Option<Self> {
        (status.is_client_error() || status.is_server_error()).then_some(Self(status))
    }

    /// As a number.
    pub fn as_u16(self) -> u16 {
        self.0.as_u16()
    }

    /// The words of the standard.
    pub fn title(self) -> &'static str {
        self.0.canonical_reason().unwrap_or("Error")
    }
}

impl From<ErrorStatus> for StatusCode {
    fn from(status: ErrorStatus) -> Self {
        status.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_holds_errors_and_nothing_else() {
        for number in 100..1000 {
            let Ok(status) = StatusCode::from_u16(number) else { continue };
            assert_eq!(ErrorStatus::new(status).is_some(), (400..600).contains(&number), "{number}");
        }
    }
}
