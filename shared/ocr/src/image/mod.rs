//! Bytes to pixels, and arithmetic on pixels. Knows no print and no card but for its outline.

pub(crate) mod decode;
pub(crate) mod limits;
mod pdf;
pub(crate) mod rectify;
pub(crate) mod resample;
