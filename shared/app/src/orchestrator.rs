//! The orchestrator of human reviews: BULI2 over HTTP. The use cases know the trait only, so that a workflow engine can take
//! its place.

use std::collections::BTreeMap;
use std::future::Future;

use chrono::{DateTime, TimeDelta, Utc};
use filot_buli2::{Client, ReviewRequest};
use filot_domain::ReviewId;
use filot_store::{DispatchPayload, DueCancel};

/// The outcome of sending a review to the reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SubmitOutcome {
    /// The reviewer has it, under this task id.
    Accepted {
        /// The reviewer's own id.
        task_id: String,
    },
    /// The reviewer gave no answer; a later call may get one.
    Unreachable {
        /// How long the reviewer asked us to wait, if it did.
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

/// The outcome of cancelling a review at the reviewer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CancelOutcome {
    /// The reviewer works on it no more, or never had it.
    Gone,
    /// The reviewer has it, under this task id; cancelling that is the next step.
    Found {
        /// The reviewer's own id.
        task_id: String,
    },
    /// The reviewer gave no answer; a later call may get one.
    Unreachable {
        /// How long the reviewer asked us to wait, if it did.
        retry_after: Option<TimeDelta>,
        /// A stable code for the record.
        why: String,
    },
    /// The reviewer refuses; an operator has to look.
    Refused {
        /// A stable code for the record.
        why: String,
    },
}

/// The outcome of one call to the reviewer.
pub trait CallOutcome {
    /// Whether the reviewer gave no answer: what the breaker counts.
    fn is_unreachable(&self) -> bool;
}

impl CallOutcome for SubmitOutcome {
    fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

impl CallOutcome for CancelOutcome {
    fn is_unreachable(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}

/// Carries out human reviews.
pub trait Orchestrator: Send + Sync {
    /// Sends one review. Doing it twice must not make two reviews: its id is its name on both sides.
    fn submit(
        &self,
        review: DispatchPayload,
        now: DateTime<Utc>,
    ) -> impl Future<Output = SubmitOutcome> + Send;

    /// Cancels a review whose document was erased. Doing it twice does no harm. One call at most: a review whose task id
    /// was never learned is found first, and cancelled the next time.
    fn cancel(&self, review: DueCancel, now: DateTime<Utc>) -> impl Future<Output = CancelOutcome> + Send;
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
    async fn submit(&self, review: DispatchPayload, now: DateTime<Utc>) -> SubmitOutcome {
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
            Ok(submitted) => SubmitOutcome::Accepted { task_id: submitted.task_id },
            Err(error) if error.is_retryable() => {
                SubmitOutcome::Unreachable { retry_after: error.retry_after(), why: error.code() }
            }
            Err(error) => SubmitOutcome::Refused { why: error.code() },
        }
    }

    /// The contract cancels by task id only. An id that was never learned, because a call was not answered, is asked for
    /// by sending the review again, under the same name and emptied of everything personal: the reviewer answers with
    /// the task it has, or makes an empty one, and either is cancelled.
    async fn cancel(&self, review: DueCancel, now: DateTime<Utc>) -> CancelOutcome {
        let answer = match &review.task_id {
            Some(task_id) => self.client.cancel(task_id, now).await.map(|()| CancelOutcome::Gone),
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
                submitted.map(|submitted| CancelOutcome::Found { task_id: submitted.task_id })
            }
        };
        answer.unwrap_or_else(|error| match error.is_retryable() {
            true => CancelOutcome::Unreachable { retry_after: error.retry_after(), why: error.code() },
            false => CancelOutcome::Refused { why: error.code() },
        })
    }
}
