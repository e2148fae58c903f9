//! `GET /internal/reviews/{reviewId}`: a review and its way to the reviewer, for internal callers.

use chrono::{DateTime, Utc};
use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::review::ReviewDecision;
use filot_domain::{DocumentId, ReviewId};
use filot_store::{CancelState, Store};
use serde::Serialize;

use crate::error::Result;

/// The answer. The notes may be personal, and only the service key reads them: it has no `Debug` form.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewResponse {
    /// The review.
    pub review_id: ReviewId,
    /// Its document.
    pub document_id: DocumentId,
    /// Where it stands.
    pub status: ReviewStatus,
    /// What was decided, once it was.
    pub decision: Option<ReviewDecision>,
    /// What the reviewer wrote.
    pub notes: Option<String>,
    /// The reviewer's id of it, once known.
    pub task_id: Option<String>,
    /// Its way to the reviewer.
    pub dispatch: DispatchDto,
    /// Its cancellation at the reviewer, when the document was erased while the reviewer had it.
    pub cancellation: Option<CancelState>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was decided or cancelled.
    pub decided_at: Option<DateTime<Utc>>,
}

/// The way of a review to the reviewer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DispatchDto {
    /// Where it is.
    pub state: DispatchState,
    /// Failed attempts at sending it.
    pub attempts: u32,
    /// When it is sent next, if it waits.
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why it was not sent the last time, as a code.
    pub last_error: Option<String>,
    /// When the reviewer acknowledged it.
    pub acknowledged_at: Option<DateTime<Utc>>,
}

/// A review.
pub async fn get_review(store: &Store, id: ReviewId) -> Result<ReviewResponse> {
    let view = store.review(id).await?;
    Ok(ReviewResponse {
        review_id: view.review.id,
        document_id: view.document,
        status: view.review.status,
        decision: match view.review.status {
            ReviewStatus::Approved => Some(ReviewDecision::Approved),
            ReviewStatus::Rejected => Some(ReviewDecision::Rejected),
            ReviewStatus::Pending | ReviewStatus::Cancelled => None,
        },
        notes: view.review.notes,
        task_id: view.task_id,
        dispatch: DispatchDto {
            state: view.dispatch_state,
            attempts: view.dispatch_attempts,
            next_attempt_at: view.next_dispatch_at,
            last_error: view.dispatch_error,
            acknowledged_at: view.acknowledged_at,
        },
        cancellation: view.cancel_state,
        created_at: view.review.created_at,
        decided_at: view.review.decided_at,
    })
}
