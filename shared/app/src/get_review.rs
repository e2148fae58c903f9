//! `GET /internal/reviews/{reviewId}`: a review and its way to the reviewer, for internal callers.

use chrono::{DateTime, Utc};
use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::review::ReviewDecision;
use filot_domain::{DocumentId, ReasonCode, ReviewId};
use filot_store::{CancelState, Store};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::Service;
use crate::error::Result;
use crate::request_context::RequestContext;

/// The answer. The notes may be personal, and only the service key reads them: it has no `Debug` form.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewResponse {
    /// The review.
    #[schema(value_type = uuid::Uuid)]
    pub review_id: ReviewId,
    /// Its document.
    #[schema(value_type = uuid::Uuid)]
    pub document_id: DocumentId,
    /// Where it stands.
    #[schema(value_type = crate::schema::ReviewStatus)]
    pub status: ReviewStatus,
    /// What was decided, once it was.
    #[schema(value_type = Option<crate::schema::ReviewDecision>, required)]
    pub decision: Option<ReviewDecision>,
    /// Why a human is asked, with what became known after the review was sent.
    #[schema(value_type = Vec<crate::schema::ReasonCode>)]
    pub reasons: Vec<ReasonCode>,
    /// What the reviewer wrote.
    #[schema(max_length = 1000, required)]
    pub notes: Option<String>,
    /// The reviewer's id of it, once known.
    #[schema(required)]
    pub task_id: Option<String>,
    /// Its way to the reviewer.
    pub dispatch: DispatchDto,
    /// Its cancellation at the reviewer, when the document was erased while the reviewer had it.
    #[schema(value_type = Option<crate::schema::CancelState>, required)]
    pub cancellation: Option<CancelState>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was decided or cancelled.
    #[schema(required)]
    pub decided_at: Option<DateTime<Utc>>,
}

/// The way of a review to the reviewer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DispatchDto {
    /// Where it is.
    #[schema(value_type = crate::schema::DispatchState)]
    pub state: DispatchState,
    /// Failed attempts at sending it.
    pub attempts: u32,
    /// When it is sent next, if it waits.
    #[schema(required)]
    pub next_attempt_at: Option<DateTime<Utc>>,
    /// Why it was not sent the last time, as a code.
    #[schema(required)]
    pub last_error: Option<String>,
    /// When the reviewer acknowledged it.
    #[schema(required)]
    pub acknowledged_at: Option<DateTime<Utc>>,
}

/// A review, for a service of ours.
///
/// # Errors
/// `not_found` when no review has this id.
pub async fn get_review(store: &Store, _: &RequestContext<Service>, id: ReviewId) -> Result<ReviewResponse> {
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
        reasons: view.reasons,
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
