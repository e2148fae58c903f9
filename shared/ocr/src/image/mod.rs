//! Bytes to pixels, and arithmetic on pixels. Knows no print, and of a card its outline alone.

pub(crate) mod decode;
pub(crate) mod ground;
pub(crate) mod histogram;
mod jpeg;
pub(crate) mod jpeg_tables;
pub(crate) mod limits;
pub(crate) mod morphology;
mod pdf;
pub(crate) mod rectify;
pub(crate) mod resample;
