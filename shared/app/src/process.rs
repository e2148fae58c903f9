//! `POST /documents/{id}/process`: another try for a document that failed, or a push for one that waits.
//!
//! As with an upload, the row first, then the message: the row says when it is due, so that a queue that is away costs
//! a minute and not the document (INV-1).

use filot_cloud::OcrQueues;
use filot_domain::DocumentId;
use filot_store::{Miss, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::SignedInUser;
use crate::document_dto::DocumentDto;
use crate::enqueue::enqueue;
use crate::error::{AppError, Result};
use crate::error_code::ErrorCode;
use crate::request_context::RequestContext;

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
/// `not_found` for another user's; `document_not_processable` unless it is `uploaded` or `failed`.
pub async fn process(
    store: &Store,
    queues: &OcrQueues,
    request: &RequestContext<SignedInUser>,
    id: DocumentId,
) -> Result<ProcessResponse> {
    let now = request.now;
    let requeued = store.requeue(&request.principal, id, queues.preferred(), &request.origin(), now).await;
    let requeued = requeued.map_err(not_processable)?;
    if let Err(error) = enqueue(queues, store, id, requeued.queue, &request.correlation_id, now).await {
        tracing::warn!(document_id = %id, %error, "not enqueued; the sweeper will");
    }
    Ok(ProcessResponse { document: requeued.document.into() })
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
