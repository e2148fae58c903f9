//! AWS and what speaks its protocols: S3 and R2 objects, SQS queues, Lambda functions.
//!
//! Owns the wire: the calls, and the form of the messages between FiLot's programs. Must not know what a document is, apart
//! from the messages that name one, nor what an error means for it: [`CloudError::is_retryable`] says whether asking
//! again can help, and the caller decides.

mod error;
mod functions;
mod messages;
mod objects;
mod ocr_queues;
mod queue;
mod settings;

pub use aws_config::SdkConfig;
pub use error::CloudError;
pub use functions::Functions;
pub use messages::{OcrMessage, ScoringRequest, ScoringResponse};
pub use objects::{ObjectHead, Objects, ObjectsConfig};
pub use ocr_queues::OcrQueues;
pub use queue::{Message, Queue, QueueAttributes};
pub use settings::sdk_config;
