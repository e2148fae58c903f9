//! The calls we make: submit a review, ask for its status, cancel it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::{
    CorrelationId, Decision, DocumentId, DocumentType, FieldName, ReasonCode, ReviewId, UserId,
};
use reqwest::{Response, StatusCode, redirect};
use serde::{Deserialize, Serialize};

use crate::retry_after;

/// Longest answer that is read.
const MAX_ANSWER_BYTES: usize = 64 * 1024;
/// Longest task id that is believed.
const MAX_TASK_ID_BYTES: usize = 200;

/// BULI2's address and our key.
#[derive(Clone)]
pub struct ClientConfig {
    /// `BULI2_API_URL`, without a slash at the end.
    pub api_url: String,
    /// `BULI2_API_KEY`.
    pub api_key: String,
    /// For the whole of one call.
    pub timeout: Duration,
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig").field("api_url", &self.api_url).finish_non_exhaustive()
    }
}

/// A review to be done, as BULI2 takes it. Identity data: its `Debug` form shows ids only.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewRequest {
    /// Ours; the callback brings it back. Sending it twice is one review.
    pub review_id: ReviewId,
    /// The document.
    pub document_id: DocumentId,
    /// Its owner.
    pub user_id: UserId,
    /// As the user claimed it at upload.
    pub document_type: DocumentType,
    /// Fields, text and quality of the card.
    pub parsed_data: BTreeMap<FieldName, String>,
    /// The recognised lines.
    pub ocr_text: String,
    /// 0 to 100.
    pub score: u8,
    /// The score's decision.
    pub decision: Decision,
    /// And why.
    pub reasons: Vec<ReasonCode>,
    /// URL of the callback.
    pub callback_url: String,
    /// Follows the document through every component.
    pub correlation_id: CorrelationId,
}

impl fmt::Debug for ReviewRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReviewRequest")
            .field("review_id", &self.review_id)
            .field("document_id", &self.document_id)
            .finish_non_exhaustive()
    }
}

/// BULI2 has the review.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submitted {
    /// BULI2's id for it.
    pub task_id: String,
    /// BULI2's own word for its state.
    #[serde(default)]
    pub status: String,
}

/// A task's state at BULI2.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskStatus {
    /// BULI2's own word for its state.
    pub status: String,
}

/// Why a call failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubmitError {
    /// No answer: network, TLS or time.
    #[error("no answer ({0})")]
    Network(&'static str),
    /// BULI2 is in trouble or wants us to slow down.
    #[error("BULI2 answered {status}")]
    Busy {
        /// HTTP status: 429 or 5xx.
        status: u16,
        /// How long it asks us to wait.
        retry_after: Option<TimeDelta>,
    },
    /// BULI2 will never take this request.
    #[error("BULI2 answered {status}")]
    Refused {
        /// HTTP status: 3xx or 4xx.
        status: u16,
    },
    /// BULI2 said yes, but not in the words of its contract.
    #[error("BULI2's answer is not in its contract's form")]
    Garbled,
}

impl SubmitError {
    /// Whether the same request may succeed later: BULI2 is in trouble, and a breaker should count it. A garbled yes is
    /// retried: the review id makes it one review.
    pub const fn is_retryable(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }

    /// How long BULI2 asks us to wait.
    pub const fn retry_after(&self) -> Option<TimeDelta> {
        match self {
            Self::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// A stable code for the outbox row and the log.
    pub fn code(&self) -> String {
        match self {
            Self::Network(what) => format!("network_{what}"),
            Self::Busy { status, .. } | Self::Refused { status } => format!("http_{status}"),
            Self::Garbled => "garbled".to_owned(),
        }
    }
}

/// Cancelling fails in the same ways; a task that is not there any more, or is finished, is cancelled.
pub type CancelError = SubmitError;

/// A client with its connection pool.
#[derive(Clone)]
pub struct Client {
    config: ClientConfig,
    http: Arc<OnceLock<reqwest::Client>>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Client {
    /// Connects on first use.
    pub fn new(config: ClientConfig) -> Self {
        Self { config, http: Arc::default() }
    }

    /// Made when it is first needed: its TLS settings take as long as the rest of a function's start, and mostly there is
    /// nothing to send. Fails only where the TLS stack cannot start. Redirects are not followed: our key goes to one host.
    fn http(&self) -> Result<&reqwest::Client, SubmitError> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let made = reqwest::Client::builder()
            .redirect(redirect::Policy::none())
            .timeout(self.config.timeout)
            .connect_timeout(self.config.timeout.min(Duration::from_secs(5)))
            .user_agent(concat!("filot/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|_| SubmitError::Network("setup"))?;
        Ok(self.http.get_or_init(|| made))
    }

    /// `POST {api}/internal/reviews`
    ///
    /// # Errors
    /// `SubmitError::Refused` if the same call would be refused again; every other error may be retried.
    pub async fn submit(
        &self,
        request: &ReviewRequest,
        now: DateTime<Utc>,
    ) -> Result<Submitted, SubmitError> {
        let url = format!("{}/internal/reviews", self.config.api_url.trim_end_matches('/'));
        let call = self
            .http()?
            .post(url)
            .bearer_auth(&self.config.api_key)
            .header("x-correlation-id", request.correlation_id.as_str())
            .json(request);
        let submitted: Submitted = answer(call.send().await, now).await?;
        if submitted.task_id.is_empty() || submitted.task_id.len() > MAX_TASK_ID_BYTES {
            return Err(SubmitError::Garbled);
        }
        Ok(submitted)
    }

    /// `GET {api}/internal/reviews/{taskId}/status`
    ///
    /// # Errors
    /// `SubmitError::Refused` if the same call would be refused again; every other error may be retried.
    pub async fn status(&self, task_id: &str, now: DateTime<Utc>) -> Result<TaskStatus, SubmitError> {
        let call = self.http()?.get(self.task_url(task_id, "status")?).bearer_auth(&self.config.api_key);
        answer(call.send().await, now).await
    }

    /// `POST {api}/internal/reviews/{taskId}/cancel`; a task that BULI2 does not know is cancelled, and one that it has
    /// finished (409) is nobody's work any more.
    ///
    /// # Errors
    /// `SubmitError::Refused` if the same call would be refused again; every other error may be retried.
    pub async fn cancel(&self, task_id: &str, now: DateTime<Utc>) -> Result<(), CancelError> {
        let call = self.http()?.post(self.task_url(task_id, "cancel")?).bearer_auth(&self.config.api_key);
        match answer::<serde_json::Value>(call.send().await, now).await {
            Ok(_) | Err(SubmitError::Refused { status: 404 | 409 | 410 } | SubmitError::Garbled) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn task_url(&self, task_id: &str, verb: &str) -> Result<reqwest::Url, SubmitError> {
        let mut url = reqwest::Url::parse(&self.config.api_url).map_err(|_| SubmitError::Network("url"))?;
        // Pushed as segments, a task id with a slash in it stays one segment.
        url.path_segments_mut()
            .map_err(|()| SubmitError::Network("url"))?
            .pop_if_empty()
            .extend(["internal", "reviews", task_id, verb]);
        Ok(url)
    }
}

/// Sorts an answer into success, "later" and "never", and reads at most [`MAX_ANSWER_BYTES`] of it.
async fn answer<T: for<'de> Deserialize<'de>>(
    sent: Result<Response, reqwest::Error>,
    now: DateTime<Utc>,
) -> Result<T, SubmitError> {
    let mut response = sent.map_err(|error| network(&error))?;
    let status = response.status();
    if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
        let header = response.headers().get("retry-after").and_then(|value| value.to_str().ok());
        return Err(SubmitError::Busy {
            status: status.as_u16(),
            retry_after: retry_after::parse(header, now),
        });
    }
    if !status.is_success() {
        return Err(SubmitError::Refused { status: status.as_u16() });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| network(&error))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(SubmitError::Garbled);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| SubmitError::Garbled)
}

/// A word for the log; the error itself may hold the URL.
fn network(error: &reqwest::Error) -> SubmitError {
    SubmitError::Network(if error.is_timeout() {
        "timeout"
    } else if error.is_connect() {
        "connect"
    } else {
        "broken"
    })
}
