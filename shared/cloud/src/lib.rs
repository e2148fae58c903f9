//! AWS and what speaks its protocols: S3 and R2 objects, SQS queues, Lambda functions.
//!
//! Owns the wire. Must not know what a document is, apart from the message that names one, nor what an error means for it:
//! [`CloudError::is_retryable`] says whether asking again can help, and the caller decides.

mod error;
mod functions;
mod objects;
mod queue;
mod settings;

pub use aws_config::SdkConfig;
pub use error::CloudError;
pub use functions::Functions;
pub use objects::{ObjectHead, Objects, ObjectsConfig};
pub use queue::{Message, OcrMessage, Queue, QueueAttributes};
pub use settings::sdk_config;
