//! Makes a flat card dark print on white ground.

pub(crate) mod contrast;
pub(crate) mod denoise;
pub(crate) mod normalise;
