//! Image in, fields out: decode, rectify, recognise, parse.

pub mod contrast;
pub mod decode;
pub mod denoise;
pub mod device;
pub mod digits;
pub mod engine;
pub mod error;
pub mod fields_ktp;
pub mod fields_npwp;
pub mod find;
pub mod glyph;
pub mod kind;
pub mod ktp;
pub mod labels;
pub mod layout;
pub mod lines;
pub mod normalise;
pub mod npwp;
pub mod quality;
pub mod reader;
pub mod rectify;
pub mod regions;
pub mod resample;
pub mod strokes;
pub mod text;
pub mod trace;
pub mod vocabulary;

pub use error::ReadError;
pub use reader::{ReadOutput, Reader, ReaderConfig};
pub use trace::{Mark, Trace};
