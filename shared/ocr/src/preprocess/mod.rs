//! Makes a flat card dark print on white ground.

pub(crate) mod bilevel;
pub(crate) mod contrast;
pub(crate) mod denoise;
pub(crate) mod normalise;
mod params;

use image::GrayImage;

use crate::preprocess::contrast::even_contrast;
use crate::preprocess::denoise::denoise;
use crate::preprocess::normalise::normalise_luma;

/// The luma of a flat card as dark print on an even white ground, size unchanged. `scale`: how many pixels of the card one
/// of the picture became.
pub fn preprocess(luma: &GrayImage, scale: f32) -> GrayImage {
    let even = match denoise(luma, scale) {
        Some(denoised) => normalise_luma(&denoised),
        None => normalise_luma(luma),
    };
    even_contrast(&even)
}
