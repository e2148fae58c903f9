//! A flat card in colour or grey to dark text on an even white ground, for a line recogniser.
//!
//! Owns light and contrast. It must not know where the text is.

use image::GrayImage;

use crate::rectify::RectifiedCard;
use crate::resample::{box_blur, downscale_gray};

/// The ground's level after normalisation.
const WHITE: f32 = 255.0;

/// Evens out light, ground colour and guilloche: 8-bit grey, dark text on white, same size as the card.
pub fn normalise(card: &RectifiedCard) -> GrayImage {
    normalise_luma(&card.luma)
}

/// The same for any grey picture.
pub fn normalise_luma(luma: &GrayImage) -> GrayImage {
    let small = downscale_gray(luma, (luma.width() / 4).max(1), (luma.height() / 4).max(1));
    let ground = box_blur(&small, (small.width() / 40).max(2));
    let mut out = GrayImage::new(luma.width(), luma.height());
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        let g = ground.get_pixel((x / 4).min(ground.width() - 1), (y / 4).min(ground.height() - 1)).0[0];
        let v = luma.get_pixel(x, y).0[0];
        pixel.0 = [(f32::from(v) / f32::from(g).max(1.0) * WHITE).clamp(0.0, 255.0) as u8];
    }
    out
}
