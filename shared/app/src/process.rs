//! `POST /documents/{id}/process`: another try for a document that failed, or a push for one that waits.
//!
//! As with an upload, the row first, then the message: the row says when it is due, so that a queue that is away costs
//! a minute and not the document (INV-1).

use filot_cloud::OcrQueues;
use filot_domain::DocumentId;
use filot_store::{Miss, Requeued, Store, StoreError, UserLimits};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::SignedInUser;
use crate::document_dto::DocumentDto;
use crate::enqueue::enqueue;
use crate::error::{AppError, Result};
use crate::error_code::ErrorCode;
use crate::request_context::RequestContext;
use crate::user_limits;

/// The answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessResponse {
    /// The document, which waits for a worker now.
    pub document: DocumentDto,
}

/// Queues a document of the caller's.
///
/// # Errors
/// `not_found` for another user's; `document_not_processable` unless it is `uploaded` or `failed`, and when its file used up
/// readers too often; `documents_in_flight` and `daily_quota_reached` when the user has reached a limit.
pub async fn process(
    store: &Store,
    queues: &OcrQueues,
    limits: &UserLimits,
    request: &RequestContext<SignedInUser>,
    id: DocumentId,
) -> Result<ProcessResponse> {
    let now = request.now;
    let requeued =
        store.requeue(&request.principal, id, queues.preferred(), limits, &request.origin(), now).await;
    let (document, queue) = match requeued.map_err(not_processable)? {
        Requeued::Waiting { document, queue } => (document, queue),
        Requeued::Exhausting => {
            return Err(AppError::new(
                ErrorCode::DocumentNotProcessable,
                "This file takes more than a reader has. Please upload another picture of the card.",
            ));
        }
        Requeued::Refused(exceeded) => return Err(user_limits::refusal(exceeded, now)),
    };
    if let Err(error) = enqueue(queues, store, id, queue, &request.correlation_id, now).await {
        tracing::warn!(document_id = %id, %error, "not enqueued; the sweeper will");
    }
    Ok(ProcessResponse { document: document.into() })
}

fn not_processable(error: StoreError) -> AppError {
    match error {
        StoreError::Miss(Miss::Stale { status, .. }) => AppError::new(
            ErrorCode::DocumentNotProcessable,
            format!("Only an uploaded or failed document can be processed; this one is {status}."),
        ),
        other => other.into(),
    }
}
