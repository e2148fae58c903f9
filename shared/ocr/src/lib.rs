//! Image in, fields out, laid out by stage: see [`pipeline`] for their order.

mod classify;
mod correction;
mod detection;
pub mod device;
pub mod error;
mod image;
mod ktp;
mod npwp;
mod page;
pub mod pipeline;
mod preprocess;
mod quality;
mod recognition;
mod text;
pub mod trace;

pub use error::ReadError;
pub use pipeline::{ReadOutput, Reader, ReaderConfig};
pub use trace::{Mark, Trace};
