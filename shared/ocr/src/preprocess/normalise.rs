//! A flat card in colour or grey to dark text on an even white ground, for a line recogniser.
//!
//! Owns light and contrast. It must not know where the text is.
//!
//! The ground is what remains when thin dark strokes are closed away; the card is divided by it, which takes out
//! shadows, the colour of the ground and the broad waves of the guilloche in one step. What is then nearly as bright as
//! the ground becomes white, which takes out the guilloche's fine lines; the darkest print becomes black.

use image::GrayImage;

use crate::image::rectify::RectifiedCard;
use crate::image::resample::{box_blur, downscale_gray};
use crate::preprocess::contrast::even_contrast;

/// The ground is estimated in a copy this many times smaller.
const COARSE: u32 = 4;
/// Radius of the closing in that copy: wider than any stroke, narrower than the bands of colour.
const CLOSING_RADIUS: u32 = 4;
/// Radius of the blur after it.
const BLUR_RADIUS: u32 = 3;
/// Share of the pixels that print at least takes: what they stay under is black.
const BLACK_SHARE: f32 = 0.012;
/// From this share of the usual ground on, everything is white.
const WHITE_FROM: f32 = 0.95;
/// Print is never taken for darker than this share of the ground, nor for lighter than the other.
const BLACK_RANGE: (f32, f32) = (0.05, 0.62);

/// Evens out light, ground colour and guilloche: 8-bit grey, dark text on white, same size as the card.
pub fn normalise(card: &RectifiedCard) -> GrayImage {
    even_contrast(&normalise_luma(&card.luma))
}

/// The same for any grey picture.
pub fn normalise_luma(luma: &GrayImage) -> GrayImage {
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
    let white = (usual * WHITE_FROM).max(1.0);
    let black =
        (quantile(BLACK_SHARE).unwrap_or(0) as f32).clamp(BLACK_RANGE.0 * usual, BLACK_RANGE.1 * usual);
    let table: Vec<u8> = (0..RATIO_STEPS)
        .map(|step| ((step as f32 - black) / (white - black) * 255.0).clamp(0.0, 255.0) as u8)
        .collect();
    let data = ratio.iter().map(|&step| table.get(usize::from(step)).copied().unwrap_or(255)).collect();
    GrayImage::from_raw(width, height, data).unwrap_or_default()
}

/// How bright each pixel is beside its ground, in steps of which [`RATIO_ONE`] is as bright. `None`: the picture is too
/// small to have a ground.
pub fn ratios(luma: &GrayImage) -> Option<Vec<u16>> {
    let (width, height) = luma.dimensions();
    if width < COARSE || height < COARSE {
        return None;
    }
    let ground = ground_of(luma);
    let mut ratio = vec![0_u16; luma.len()];
    let line_of = |y: u32| {
        let line = ground.as_raw().chunks_exact(ground.width() as usize).nth(y as usize);
        line.unwrap_or_default()
    };
    let mut across = vec![0.0_f32; width as usize];
    let mut mixed = vec![0.0_f32; ground.width() as usize];
    let rows = luma.as_raw().chunks_exact(width as usize).zip(ratio.chunks_exact_mut(width as usize));
    for (y, (line, out)) in (0..height).zip(rows) {
        let (top, part) = between(y, ground.height());
        let (upper, lower) = (line_of(top as u32), line_of((top as u32 + 1).min(ground.height() - 1)));
        for ((m, &p), &q) in mixed.iter_mut().zip(upper).zip(lower) {
            *m = f32::from(p) + (f32::from(q) - f32::from(p)) * part;
        }
        widen(&mixed, &mut across);
        for ((o, &v), g) in out.iter_mut().zip(line).zip(&across) {
            let step = (f32::from(v) / g * RATIO_ONE).min((RATIO_STEPS - 1) as f32);
            *o = step as i32 as u16;
        }
    }
    Some(ratio)
}

/// Steps per unit of the ratio of a pixel to its ground.
pub const RATIO_ONE: f32 = 512.0;
/// Ratios are cut at 1.5.
const RATIO_STEPS: usize = 768;

/// A coarse row of ground at the columns of a fine one: linear between the middles of the coarse pixels, and never so
/// dark that it could not be divided by.
fn widen(coarse: &[f32], fine: &mut [f32]) {
    const SHARES: [f32; COARSE as usize] = [0.125, 0.375, 0.625, 0.875];
    const HALF: usize = COARSE as usize / 2;
    let first = coarse.first().copied().unwrap_or(255.0).max(DARKEST);
    let last = coarse.last().copied().unwrap_or(255.0).max(DARKEST);
    let (begin, rest) = fine.split_at_mut(HALF.min(fine.len()));
    begin.fill(first);
    let mut steps = rest.chunks_exact_mut(COARSE as usize);
    for (pair, step) in coarse.windows(2).zip(&mut steps) {
        if let [a, b] = pair {
            for (out, share) in step.iter_mut().zip(SHARES) {
                *out = (a + (b - a) * share).max(DARKEST);
            }
        }
    }
    let end = HALF + coarse.len().saturating_sub(1) * COARSE as usize;
    if let Some(end) = fine.get_mut(end..) {
        end.fill(last);
    }
}

/// The darkest ground.
const DARKEST: f32 = 8.0;

/// The coarse column or row before a fine one, and how far behind it the fine one lies.
fn between(fine: u32, coarse_size: u32) -> (usize, f32) {
    let at = ((fine as f32 + 0.5) / COARSE as f32 - 0.5).clamp(0.0, (coarse_size - 1) as f32);
    (at as usize, at.fract())
}

/// The picture without its dark strokes, [`COARSE`] times smaller.
fn ground_of(luma: &GrayImage) -> GrayImage {
    let small = downscale_gray(luma, luma.width() / COARSE, luma.height() / COARSE);
    let closed =
        extreme(&extreme(&small, |a, b| if a > b { a } else { b }), |a, b| if a < b { a } else { b });
    box_blur(&box_blur(&closed, BLUR_RADIUS), BLUR_RADIUS)
}

/// Largest (or smallest) value within [`CLOSING_RADIUS`].
fn extreme(image: &GrayImage, pick: impl Fn(u8, u8) -> u8) -> GrayImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut across = image.as_raw().clone();
    for (line, out) in image.as_raw().chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for k in 1..=(CLOSING_RADIUS as usize).min(width - 1) {
            for (o, &v) in out.iter_mut().zip(line.iter().skip(k)) {
                *o = pick(*o, v);
            }
            for (o, &v) in out.iter_mut().skip(k).zip(line) {
                *o = pick(*o, v);
            }
        }
    }
    let mut out = across.clone();
    for k in 1..=(CLOSING_RADIUS as usize).min(height - 1) {
        for (o, &v) in out.iter_mut().zip(across.iter().skip(k * width)) {
            *o = pick(*o, v);
        }
        for (o, &v) in out.iter_mut().skip(k * width).zip(&across) {
            *o = pick(*o, v);
        }
    }
    GrayImage::from_raw(image.width(), image.height(), out).unwrap_or_default()
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
    fn strokes_come_out_black_on_white_whatever_the_light() {
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
