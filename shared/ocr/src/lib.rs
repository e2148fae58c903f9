//! Image in, fields out, laid out by stage: see [`pipeline`] for their order.
//!
//! Public are the pipeline, what it answers with, and the seam for a line engine; the stages are this crate's own affair.

mod authenticity;
mod classify;
mod correction;
mod detection;
pub mod device;
pub mod error;
mod image;
mod ktp;
mod npwp;
mod page;
mod picture_hash;
pub mod pipeline;
mod preprocess;
mod quality;
mod recognition;
mod text;
pub mod trace;

/// The seam for whatever turns a picture of one text line into characters, and the engines that there are.
pub mod engine {
    pub use crate::recognition::engine::{Engine, EngineConfig, EngineError, LineImage, TextClass};
    pub use crate::recognition::{NAMES, by_name};
    pub use crate::text::line::{Line, Symbol};
}

/// The parsers that fuzz targets reach.
#[cfg(feature = "fuzzing")]
pub mod fuzzing {
    pub use crate::ktp::alignment::align;
    pub use crate::ktp::fields::parse as parse_ktp;
    pub use crate::ktp::labels::labels_seen;
    pub use crate::ktp::row_data::{KtpLines, KtpRow};
    pub use crate::npwp::evidence::evidence;
    pub use crate::npwp::fields::parse as parse_npwp;
    pub use crate::npwp::line::{NpwpLine, column_of};
    pub use crate::npwp::line_roles::assign_roles;
    pub use crate::recognition::digits::{COUNT, DigitRow, NumberRow};
}

pub use error::ReadError;
pub use pipeline::{ReadOutput, Reader, ReaderConfig};
pub use trace::{Mark, Trace};
