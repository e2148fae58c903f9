//! Grey levels to dark print on an even white ground.
//!
//! Owns what becomes black and what white: what is nearly as bright as the ground becomes white, which takes out the fine
//! lines of a guilloche; the darkest print becomes black. It must not know where the text is.

use image::GrayImage;

use crate::image::ground::{RATIO_ONE, RATIO_STEPS, ratios};
use crate::preprocess::params::{Normalise, PARAMS};

/// Evens out light, ground colour and guilloche, size unchanged. A picture too small to have a ground stays as it is.
pub fn normalise_luma(luma: &GrayImage) -> GrayImage {
    let Normalise { black_share, white_from, black_range } = PARAMS.normalise;
    let (width, height) = luma.dimensions();
    let Some(ratio) = ratios(luma) else { return luma.clone() };
    let mut histogram = [0_u32; RATIO_STEPS];
    for &step in &ratio {
        if let Some(count) = histogram.get_mut(usize::from(step)) {
            *count += 1;
        }
    }
    let total = luma.len() as f32;
    let quantile = |share: f32| {
        let mut seen = 0.0;
        histogram.iter().position(|&n| {
            seen += n as f32;
            seen >= share * total
        })
    };
    let usual = quantile(0.5).unwrap_or(RATIO_ONE as usize) as f32;
    let white = (usual * white_from).max(1.0);
    let black =
        (quantile(black_share).unwrap_or(0) as f32).clamp(black_range.0 * usual, black_range.1 * usual);
    let table: Vec<u8> = (0..RATIO_STEPS)
        .map(|step| ((step as f32 - black) / (white - black) * 255.0).clamp(0.0, 255.0) as u8)
        .collect();
    let data = ratio.iter().map(|&step| table.get(usize::from(step)).copied().unwrap_or(255)).collect();
    GrayImage::from_raw(width, height, data).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strokes at half the ground's brightness, under light that falls to a quarter from left to right, with a fine
    /// guilloche of 4 %.
    fn lit(x: u32, y: u32) -> u8 {
        let light = 240.0 - 180.0 * x as f32 / 800.0;
        let stroke = if (x / 5).is_multiple_of(6) && (y / 24).is_multiple_of(2) { 0.5 } else { 1.0 };
        let guilloche = if (x + y).is_multiple_of(7) { 0.96 } else { 1.0 };
        (light * stroke * guilloche) as u8
    }

    #[test]
    fn strokes_are_black_on_white_in_any_light() {
        let out = normalise_luma(&GrayImage::from_fn(800, 400, |x, y| image::Luma([lit(x, y)])));
        assert_eq!(out.dimensions(), (800, 400));
        let (mut dark, mut bright) = (Vec::new(), Vec::new());
        for (x, y, p) in out.enumerate_pixels() {
            if (24..776).contains(&x) && (24..376).contains(&y) {
                // The middle of strokes and the middle of the gaps.
                match (x % 30, (y / 24) % 2, y % 24) {
                    (2, 0, 6..18) => dark.push(p.0[0]),
                    (17, 0, _) => bright.push(p.0[0]),
                    _ => {}
                }
            }
        }
        assert!(*dark.iter().max().unwrap() < 60, "darkest strokes reach {}", dark.iter().max().unwrap());
        let white = bright.iter().filter(|&&v| v > 235).count() as f32 / bright.len() as f32;
        assert!(white > 0.97, "white share {white}");
    }

    #[test]
    fn an_empty_ground_stays_white_and_tiny_pictures_pass() {
        let out = normalise_luma(&GrayImage::from_pixel(200, 100, image::Luma([90])));
        assert!(out.iter().all(|&v| v == 255));
        for (w, h) in [(1, 1), (3, 90), (5, 5)] {
            assert_eq!(normalise_luma(&GrayImage::new(w, h)).dimensions(), (w, h));
        }
    }
}
