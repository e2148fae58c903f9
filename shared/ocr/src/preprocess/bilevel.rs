//! Scans in black and white, made grey again.
//!
//! A threshold turns the fine lines of a card's ground into black specks as dark as print, thinner than its strokes. Owns the
//! test for such a picture and the smoothing that makes specks pale and leaves strokes. It must not know where the text is.

use image::{Rgb, RgbImage};

use crate::image::resample::luma;
use crate::preprocess::denoise::blurred;
use crate::preprocess::params::PARAMS;

/// A picture of two levels with its specks smoothed away; `None`: it has more than two levels.
pub fn soften_bilevel(image: &RgbImage) -> Option<RgbImage> {
    if !is_bilevel(image) {
        return None;
    }
    let fitted = &PARAMS.bilevel;
    let side = image.width().max(image.height()) as f32;
    let (least, most) = fitted.sigmas;
    let soft = blurred(&luma(image), (fitted.sigma * side).clamp(least, most));
    Some(RgbImage::from_fn(soft.width(), soft.height(), |x, y| Rgb([soft.get_pixel(x, y).0[0]; 3])))
}

/// Whether nearly every pixel is black or white, and some are either.
fn is_bilevel(image: &RgbImage) -> bool {
    const STEP: usize = 7;
    let fitted = &PARAMS.bilevel;
    let (mut count, mut black, mut white) = (0_u32, 0_u32, 0_u32);
    for pixel in image.pixels().step_by(STEP) {
        let (low, high) = (pixel.0.iter().min().copied(), pixel.0.iter().max().copied());
        count += 1;
        black += u32::from(high.unwrap_or(0) <= fitted.off);
        white += u32::from(low.unwrap_or(255) >= 255 - fitted.off);
    }
    let share = |n: u32| n as f32 / count.max(1) as f32;
    share(black + white) >= fitted.two_levels
        && share(black) >= fitted.least_black
        && share(white) >= fitted.least_white
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(level: impl Fn(u32, u32) -> u8) -> RgbImage {
        RgbImage::from_fn(400, 300, |x, y| Rgb([level(x, y); 3]))
    }

    #[test]
    fn specks_become_pale_and_strokes_stay() {
        let speck = |x: u32, y: u32| x.is_multiple_of(6) && y.is_multiple_of(4);
        let stroke = |x: u32| (200..206).contains(&x);
        let soft = soften_bilevel(&picture(|x, y| if speck(x, y) || stroke(x) { 0 } else { 255 })).unwrap();
        assert!(soft.get_pixel(60, 60).0[0] > 120, "a speck is as dark as print");
        assert!(soft.get_pixel(203, 150).0[0] < 60, "a stroke has become pale");
    }

    #[test]
    fn pictures_of_more_levels_stay_as_they_are() {
        assert!(soften_bilevel(&picture(|x, _| (x % 256) as u8)).is_none());
        assert!(soften_bilevel(&picture(|_, _| 255)).is_none());
    }
}
