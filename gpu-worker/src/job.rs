//! The document that one message names, and the delivery that named it.

use filot_domain::retry::QueueKind;
use filot_domain::{CorrelationId, DocumentId};

/// One delivery of a message that could be parsed.
#[derive(Debug, Clone)]
pub struct Job {
    /// The document to work on.
    pub document: DocumentId,
    /// Taken from the message; every log line and event of this work carries it.
    pub correlation_id: CorrelationId,
    /// The queue that the message came from.
    pub queue: QueueKind,
    /// How often the message was delivered, this time included.
    pub deliveries: u32,
}
