//! The two queues of the workers, and which one a document goes to.

use chrono::{DateTime, TimeDelta, Utc};
use filot_cloud::{OcrMessage, Queue};
use filot_domain::retry::QueueKind;
use filot_domain::{CorrelationId, DocumentId};
use filot_store::Store;

use crate::error::{AppError, Result};

/// When the sweeper looks whether a message got lost. Longer than a worker needs for a document on a quiet day; on a
/// busy one the sweeper sees from the queue's depth that it is only late.
pub const CHECK_AFTER: TimeDelta = TimeDelta::minutes(5);

/// The queues of the workers.
#[derive(Debug, Clone)]
pub struct OcrQueues {
    /// Workers with a GPU.
    pub gpu: Queue,
    /// Workers without.
    pub cpu: Queue,
    /// Whether new documents go to the GPU (`OCR_GPU_ENABLED`).
    pub gpu_enabled: bool,
}

impl OcrQueues {
    /// Where a new document goes.
    pub const fn preferred(&self) -> QueueKind {
        if self.gpu_enabled { QueueKind::Gpu } else { QueueKind::Cpu }
    }

    /// The queue of a kind.
    pub const fn get(&self, kind: QueueKind) -> &Queue {
        match kind {
            QueueKind::Gpu => &self.gpu,
            QueueKind::Cpu => &self.cpu,
        }
    }

    /// Sends a document's message and notes that it was sent. The note failing costs a second message at worst, which
    /// is a no-op for the worker.
    pub async fn enqueue(
        &self,
        store: &Store,
        document: DocumentId,
        kind: QueueKind,
        correlation_id: &CorrelationId,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let message =
            OcrMessage { document_id: document, correlation_id: correlation_id.clone(), enqueued_at: now };
        self.get(kind)
            .send(&message)
            .await
            .map_err(|error| AppError::unavailable(format!("queue {kind}: {error}")))?;
        if let Err(error) = store.mark_enqueued(document, kind, now, now + CHECK_AFTER).await {
            tracing::warn!(document_id = %document, %error, "a sent message could not be noted");
        }
        Ok(())
    }
}
