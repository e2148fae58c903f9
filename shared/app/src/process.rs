//! `POST /documents/{id}/process`: another try for a document that failed, or a push for one that waits.
//!
//! As with an upload, the row first, then the message: the row says when it is due, so that a queue that is away costs
//! a minute and not the document (INV-1).

use chrono::{DateTime, Utc};
use filot_cloud::OcrQueues;
use filot_domain::{CorrelationId, DocumentId};
use filot_store::{Actor, Caller, Miss, Origin, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::document_dto::DocumentDto;
use crate::enqueue::enqueue;
use crate::error::{AppError, Kind, Result};

/// The answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessResponse {
    /// The document, which waits for a worker now.
    pub document: DocumentDto,
}

/// Queues a document of the caller's.
pub async fn process(
    store: &Store,
    queues: &OcrQueues,
    caller: &Caller,
    id: DocumentId,
    correlation_id: &CorrelationId,
    now: DateTime<Utc>,
) -> Result<ProcessResponse> {
    let origin = Origin { actor: Actor::User, correlation_id: correlation_id.clone() };
    let requeued = store.requeue(caller, id, queues.preferred(), &origin, now).await;
    let requeued = requeued.map_err(not_processable)?;
    if let Err(error) = enqueue(queues, store, id, requeued.queue, correlation_id, now).await {
        tracing::warn!(document_id = %id, %error, "not enqueued; the sweeper will");
    }
    Ok(ProcessResponse { document: requeued.document.into() })
}

fn not_processable(error: StoreError) -> AppError {
    match error {
        StoreError::Miss(Miss::Stale { status, .. }) => AppError::new(
            Kind::Conflict,
            "document_not_processable",
            format!("Only an uploaded or failed document can be processed; this one is {status}."),
        ),
        other => other.into(),
    }
}
