//! The two queues of documents to read, one for each kind of worker.

use aws_config::SdkConfig;
use chrono::{DateTime, Utc};
use filot_domain::retry::QueueKind;
use filot_domain::{CorrelationId, DocumentId};
use filot_platform::config::Queues;

use crate::error::CloudError;
use crate::messages::OcrMessage;
use crate::queue::Queue;

/// Both queues. A document moves between them when the workers of one kind cannot read it.
#[derive(Debug, Clone)]
pub struct OcrQueues {
    /// Read by workers with a GPU.
    pub gpu: Queue,
    /// Read by workers without a GPU.
    pub cpu: Queue,
    /// Whether new documents go to the GPU's queue (`OCR_GPU_ENABLED`).
    pub gpu_enabled: bool,
}

impl OcrQueues {
    /// The configured queues. Connects on first use.
    pub fn new(sdk: &SdkConfig, queues: &Queues) -> Self {
        Self {
            gpu: Queue::new(sdk, queues.gpu_url.clone()),
            cpu: Queue::new(sdk, queues.cpu_url.clone()),
            gpu_enabled: queues.gpu_enabled,
        }
    }

    /// The queue that a new document goes to.
    pub const fn preferred(&self) -> QueueKind {
        if self.gpu_enabled { QueueKind::Gpu } else { QueueKind::Cpu }
    }

    /// The queue of one kind of worker.
    pub const fn get(&self, kind: QueueKind) -> &Queue {
        match kind {
            QueueKind::Gpu => &self.gpu,
            QueueKind::Cpu => &self.cpu,
        }
    }

    /// Sends the message that makes a worker of this kind read the document.
    ///
    /// # Errors
    /// The queue did not take the message.
    pub async fn send(
        &self,
        kind: QueueKind,
        document_id: DocumentId,
        correlation_id: &CorrelationId,
        now: DateTime<Utc>,
    ) -> Result<(), CloudError> {
        let correlation_id = correlation_id.clone();
        self.get(kind).send(&OcrMessage { document_id, correlation_id, enqueued_at: now }).await
    }
}
