//! Who carries out human reviews. The use cases ask an orchestrator; today that is BULI2 over HTTP, a workflow engine
//! may follow (`OCR_ENGINE=temporal`).

use std::collections::BTreeMap;
use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use filot_buli2::{Client, ReviewRequest};
use filot_domain::ReviewId;
use filot_store::{DispatchPayload, DueCancel};

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

/// What became of taking a review back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TakeBack {
    /// The reviewer works on it no more, or never had it.
    Gone,
    /// The reviewer has it, under this task id; taking that back is the next step.
    Found {
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
    /// The reviewer refuses; somebody has to look.
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

    /// Takes a review back whose document was erased. Doing it twice does no harm. One call at most: a review whose task
    /// id was never learned is found first, and taken back the next time.
    fn take_back(&self, review: DueCancel, now: DateTime<Utc>) -> impl Future<Output = TakeBack> + Send;
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

    fn callback_url_of(&self, review: ReviewId) -> String {
        format!("{}/{review}", self.callback_url)
    }
}

impl Orchestrator for Buli2 {
    async fn hand_over(&self, review: DispatchPayload, now: DateTime<Utc>) -> HandOver {
        let callback_url = self.callback_url_of(review.review);
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

    /// The contract cancels by task id only. An id that was never learned, because a call was not answered, is asked for
    /// by sending the review again, under the same name and emptied of everything personal: the reviewer answers with
    /// the task it has, or makes an empty one, and either is cancelled.
    async fn take_back(&self, review: DueCancel, now: DateTime<Utc>) -> TakeBack {
        let answer = match &review.task_id {
            Some(task_id) => self.client.cancel(task_id, now).await.map(|()| TakeBack::Gone),
            None => {
                let request = ReviewRequest {
                    review_id: review.review,
                    document_id: review.document,
                    user_id: review.user_id,
                    document_type: review.document_type,
                    parsed_data: BTreeMap::new(),
                    ocr_text: String::new(),
                    score: review.score,
                    decision: review.decision,
                    reasons: Vec::new(),
                    callback_url: self.callback_url_of(review.review),
                    correlation_id: review.correlation_id,
                };
                let submitted = self.client.submit(&request, now).await;
                submitted.map(|submitted| TakeBack::Found { task_id: submitted.task_id })
            }
        };
        answer.unwrap_or_else(|error| match error.is_retryable() {
            true => TakeBack::Unreachable { retry_after: error.retry_after(), why: error.code() },
            false => TakeBack::Refused { why: error.code() },
        })
    }
}
