//! Bytes to pixels: decoding, resampling and rectifying. Knows no text.

pub(crate) mod decode;
pub(crate) mod pdf;
pub(crate) mod rectify;
pub(crate) mod resample;
