//! One SDK configuration: how long a call may take and how often the SDK tries by itself.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};

const CONNECT: Duration = Duration::from_secs(2);
/// Whoever calls has 15 s for an answer of its own, and other ways when a service hangs: two calls must fit in that.
const ATTEMPT: Duration = Duration::from_secs(4);
const OPERATION: Duration = Duration::from_secs(6);
/// Tries of one call, the first included. More would only hide an outage that the callers know how to live with.
const TRIES: u32 = 2;

/// Region, credentials and, locally, the endpoint come from the standard variables (`AWS_REGION`, `AWS_ENDPOINT_URL`, …).
pub async fn sdk_config() -> SdkConfig {
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(filot_platform::https_client())
        .timeout_config(timeouts())
        .retry_config(retries())
        .load()
        .await
}

pub(crate) fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(ATTEMPT)
        .operation_timeout(OPERATION)
        .build()
}

/// For a call whose answer comes when something else has happened, `wait` at the latest: a long poll, a function.
pub(crate) fn waiting(wait: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .operation_attempt_timeout(wait + ATTEMPT)
        .operation_timeout(wait + OPERATION)
        .build()
}

pub(crate) fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(Duration::from_millis(100))
}
