//! Secrets Manager: everything that is missing, in one call per twenty names.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::timeout::TimeoutConfig;
use aws_sdk_secretsmanager::Client;

use crate::https::https_client;
use crate::secret::Secret;

/// Most names in one `BatchGetSecretValue`.
const NAMES_MAX: usize = 20;
/// The code of a name that does not exist.
const NOT_FOUND: &str = "ResourceNotFoundException";

/// A start waits for the answer: it must come, or fail, well within a function's time.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(2))
        .operation_attempt_timeout(Duration::from_secs(3))
        .operation_timeout(Duration::from_secs(7))
        .build()
}

/// Why there are no secrets. Names secrets, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum FetchError {
    /// Secrets Manager refuses.
    Refused(String),
    /// Secrets Manager does not answer.
    Away(String),
}

/// The secrets that exist among `names`. Those that do not are absent: whether that matters, the table of variables says.
pub(crate) async fn fetch(names: &[&'static str]) -> Result<BTreeMap<String, Secret>, FetchError> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let sdk = aws_config::defaults(BehaviorVersion::latest())
        .http_client(https_client())
        .timeout_config(timeouts())
        .load()
        .await;
    fetch_with(&Client::new(&sdk), names).await
}

async fn fetch_with(client: &Client, names: &[&'static str]) -> Result<BTreeMap<String, Secret>, FetchError> {
    let mut found = BTreeMap::new();
    for chunk in names.chunks(NAMES_MAX) {
        let ids = chunk.iter().map(ToString::to_string).collect();
        let answer = client.batch_get_secret_value().set_secret_id_list(Some(ids)).send().await;
        // The SDK's text may quote the request; its kind is enough to act on.
        let answer = answer.map_err(|error| unanswered(error.into_service_error().meta().code()))?;
        // A secret that exists and may not be read is not the same as one that does not exist: optional ones would
        // silently be missing.
        for refused in answer.errors.unwrap_or_default() {
            let code = refused.error_code().unwrap_or("unknown");
            if code != NOT_FOUND {
                return Err(FetchError::Refused(format!(
                    "Secrets Manager refuses {} ({code})",
                    refused.secret_id().unwrap_or("a secret")
                )));
            }
        }
        for value in answer.secret_values.unwrap_or_default() {
            if let (Some(name), Some(text)) = (value.name, value.secret_string) {
                found.insert(name, Secret::from(text));
            }
        }
    }
    Ok(found)
}

/// Sorts a failed call by the service's error code.
fn unanswered(code: Option<&str>) -> FetchError {
    match code {
        None => FetchError::Away("Secrets Manager does not answer".to_owned()),
        // Many instances start at once, or it has trouble of its own: it will answer.
        Some(code @ ("ThrottlingException" | "InternalServiceError" | "ServiceUnavailableException")) => {
            FetchError::Away(format!("Secrets Manager does not answer ({code})"))
        }
        Some(code) => FetchError::Refused(format!("Secrets Manager refuses ({code})")),
    }
}

#[cfg(test)]
mod tests {
    use filot_testkit::Aws;

    use super::*;

    #[tokio::test]
    async fn what_exists_is_found_and_what_does_not_is_absent() {
        let aws = Aws::start().unwrap();
        let client = Client::new(&aws.sdk_config().await);
        // The server may be one that other runs use too, with this name from an earlier run.
        let made =
            client.create_secret().name("filot/test-of-fetching").secret_string("the value").send().await;
        if made.is_err() {
            let put =
                client.put_secret_value().secret_id("filot/test-of-fetching").secret_string("the value");
            put.send().await.unwrap();
        }
        let found = fetch_with(&client, &["filot/test-of-fetching", "filot/never-made"]).await.unwrap();
        assert_eq!(found.keys().collect::<Vec<_>>(), ["filot/test-of-fetching"]);
        assert_eq!(found["filot/test-of-fetching"].expose(), "the value");
    }

    #[test]
    fn what_goes_away_by_itself_is_no_refusal() {
        for code in [None, Some("ThrottlingException"), Some("InternalServiceError")] {
            assert!(matches!(unanswered(code), FetchError::Away(_)), "{code:?}");
        }
        assert!(matches!(unanswered(Some("AccessDeniedException")), FetchError::Refused(_)));
    }

    #[tokio::test]
    async fn an_endpoint_that_is_away_is_told_in_time() {
        let aws = Aws::start().unwrap();
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let sdk = aws
            .sdk_config()
            .await
            .into_builder()
            .endpoint_url(format!("http://127.0.0.1:{port}"))
            .timeout_config(timeouts())
            .build();
        let asked = std::time::Instant::now();
        let problem = fetch_with(&Client::new(&sdk), &["filot/test-of-fetching"]).await.unwrap_err();
        assert_eq!(problem, FetchError::Away("Secrets Manager does not answer".to_owned()));
        assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    }
}
