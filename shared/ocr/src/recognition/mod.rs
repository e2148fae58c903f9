//! Pictures of lines to characters. Knows no card and no field.

pub(crate) mod ctc;
pub(crate) mod digits;
pub(crate) mod engine;
pub(crate) mod ensemble;
pub(crate) mod tesseract;
