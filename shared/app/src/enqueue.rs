//! Sends a document to the workers.

use chrono::{DateTime, Utc};
use filot_cloud::OcrQueues;
use filot_domain::retry::{CHECK_MESSAGE_AFTER, QueueKind};
use filot_domain::{CorrelationId, DocumentId};
use filot_store::Store;

use crate::error::{AppError, Result};

/// Sends a document's message and notes that it was sent. The note failing costs a second message at worst, which is a
/// no-op for the worker.
///
/// # Errors
/// The queue did not take the message.
pub async fn enqueue(
    queues: &OcrQueues,
    store: &Store,
    document: DocumentId,
    kind: QueueKind,
    correlation_id: &CorrelationId,
    now: DateTime<Utc>,
) -> Result<()> {
    queues
        .send(kind, document, correlation_id, now)
        .await
        .map_err(|error| AppError::unavailable(format!("queue {kind}: {error}")))?;
    if let Err(error) = store.mark_enqueued(document, kind, now, now + CHECK_MESSAGE_AFTER).await {
        tracing::warn!(document_id = %document, %error, "a sent message could not be noted");
    }
    Ok(())
}
