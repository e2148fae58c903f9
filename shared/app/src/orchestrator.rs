//! Who carries out human reviews. The use cases ask an orchestrator; today that is BULI2 over HTTP, a workflow engine
//! may follow (`OCR_ENGINE=temporal`).

use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use filot_buli2::{Client, ReviewRequest};
use filot_store::DispatchPayload;

/// What became of handing a review over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HandOver {
    /// The reviewer has it, under this task id.
    Accepted {
        /// The reviewer's own id.
        task_id: String,
    },
    /// It did not get through; later it may.
    Unreachable {
        /// What the reviewer asked us to wait, if it did.
        retry_after: Option<TimeDelta>,
        /// A stable code for the record.
        why: String,
    },
    /// The reviewer refuses it for good.
    Refused {
        /// A stable code for the record.
        why: String,
    },
}

/// Carries out human reviews.
pub trait Orchestrator: Send + Sync {
    /// Hands one review over. Doing it twice must not make two reviews: `review` is its name on both sides.
    fn hand_over(&self, review: DispatchPayload, now: DateTime<Utc>)
    -> impl Future<Output = HandOver> + Send;
}

/// BULI2 over HTTP.
#[derive(Debug)]
pub struct Buli2 {
    client: Client,
    callback_url: String,
}

impl Buli2 {
    /// BULI2 by its client, and where it shall call back.
    pub fn new(client: Client, callback_url: &str) -> Self {
        Self { client, callback_url: callback_url.trim_end_matches('/').to_owned() }
    }
}

impl Orchestrator for Buli2 {
    async fn hand_over(&self, review: DispatchPayload, now: DateTime<Utc>) -> HandOver {
        let callback_url = format!("{}/{}", self.callback_url, review.review);
        let request = ReviewRequest {
            review_id: review.review,
            document_id: review.document,
            user_id: review.user_id,
            document_type: review.document_type,
            parsed_data: review
                .reading
                .fields
                .iter()
                .map(|(name, field)| (*name, field.value.clone()))
                .collect(),
            ocr_text: review.reading.text,
            score: review.score,
            decision: review.decision,
            reasons: review.reasons,
            callback_url,
            correlation_id: review.correlation_id,
        };
        match self.client.submit(&request, now).await {
            Ok(submitted) => HandOver::Accepted { task_id: submitted.task_id },
            Err(error) if error.is_retryable() => {
                HandOver::Unreachable { retry_after: error.retry_after(), why: error.code() }
            }
            Err(error) => HandOver::Refused { why: error.code() },
        }
    }
}
