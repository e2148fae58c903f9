//! The errors of calls to remote services.

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

/// Why a call failed. The text names the call and the service's error code: no key, no URL, no content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// The thing is not there.
    #[error("{call}: not there")]
    Missing {
        /// The call, as `service.operation`.
        call: &'static str,
    },
    /// The thing is larger than the caller takes.
    #[error("{call}: more than {bytes_max} bytes")]
    TooLarge {
        /// The call, as `service.operation`.
        call: &'static str,
        /// The caller's bound.
        bytes_max: usize,
    },
    /// No answer in time, no connection, throttled, or the service is in trouble.
    #[error("{call}: unavailable ({code})")]
    Unavailable {
        /// The call, as `service.operation`.
        call: &'static str,
        /// The service's error code, or what happened on the way.
        code: String,
    },
    /// The service refuses, and would again.
    #[error("{call}: refused ({code})")]
    Refused {
        /// The call, as `service.operation`.
        call: &'static str,
        /// The service's error code.
        code: String,
    },
    /// The invoked function ended with an error of its own.
    #[error("the function failed ({kind})")]
    Function {
        /// `Handled` or `Unhandled`, as Lambda says.
        kind: String,
    },
    /// The answer or the request is not in the agreed form.
    #[error("{call}: not in the agreed form")]
    Form {
        /// The call, as `service.operation`.
        call: &'static str,
    },
}

impl CloudError {
    /// Whether the same call may succeed later.
    pub const fn is_retryable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Function { .. })
    }

    /// Whether the thing that was asked for is not there.
    pub const fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Sorts an SDK error. Error codes are AWS's own words; R2 uses the same ones.
    pub(crate) fn from_sdk<E, R>(call: &'static str, error: &SdkError<E, R>) -> Self
    where
        E: ProvideErrorMetadata,
        SdkError<E, R>: StatusCode,
    {
        let code = match error {
            SdkError::TimeoutError(_) => "timeout",
            SdkError::DispatchFailure(_) => "dispatch",
            SdkError::ConstructionFailure(_) => "construction",
            SdkError::ResponseError(_) => "response",
            SdkError::ServiceError(service) => service.err().code().unwrap_or("service"),
            _ => "unknown",
        }
        .to_owned();
        let status = error.status();
        let is_client_fault =
            status.is_some_and(|status| (300..500).contains(&status) && status != 408 && status != 429);
        let is_throttled = ["Throttl", "SlowDown", "RequestLimit", "TooManyRequests", "RequestTimeout"]
            .iter()
            .any(|word| code.contains(word));
        // A bucket that is not there is a mistake of ours, not a file that is gone for good.
        let is_object_missing = matches!(code.as_str(), "NoSuchKey" | "NotFound")
            || status == Some(404) && matches!(call, "s3.get" | "s3.head") && code != "NoSuchBucket";
        if is_object_missing {
            Self::Missing { call }
        } else if is_client_fault && !is_throttled || matches!(error, SdkError::ConstructionFailure(_)) {
            Self::Refused { call, code }
        } else {
            Self::Unavailable { call, code }
        }
    }
}

/// The HTTP status of an SDK error, where there was an answer.
pub(crate) trait StatusCode {
    /// Three digits.
    fn status(&self) -> Option<u16>;
}

impl<E> StatusCode for SdkError<E, aws_sdk_s3::config::http::HttpResponse> {
    fn status(&self) -> Option<u16> {
        self.raw_response().map(|response| response.status().as_u16())
    }
}
