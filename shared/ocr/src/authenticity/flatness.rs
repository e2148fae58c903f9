//! The sign of a drawing: ground of a few exact colours, without the noise that every camera and scanner adds.
//!
//! Owns the measure. It must not know what is printed on the card.

use std::collections::BTreeMap;

use image::RgbImage;

use crate::image::jpeg_tables::Coding;
use crate::image::rectify::{CardOutline, Point};

/// Fitted on `./dev accuracy --forgeries` (seed 11): the threshold lies above what honest pictures show there.
struct Params {
    /// Side of a square that is looked at, and how far apart squares are, in px of the picture.
    square: u32,
    /// Where the first square begins: over the corners of the 8 px blocks of a JPEG. A block that lost its noise to
    /// compression is flat by itself; four of them are flat together only if the picture is.
    offset: u32,
    /// Grey levels beyond which light is cut off, and everything is flat.
    levels: (u32, u32),
    /// How many colours a drawing's ground has.
    colours: usize,
    /// The part of the card that is looked at: left, top, right, bottom as shares of it. The portrait, which may be a
    /// photograph on a drawing and is flat on an honest card, stands to the right of it.
    part: [f32; 4],
    /// The least noise, in grey levels, of an honest capture.
    noise: f32,
    /// Share of the part that honest pictures have flat.
    most_flat: f32,
    /// How many times the share that compression alone flattens is too much.
    over_compression: f32,
}

const FITTED: Params = Params {
    square: 8,
    offset: 4,
    levels: (16, 243),
    colours: 6,
    part: [0.02, 0.03, 0.72, 0.97],
    noise: 1.1,
    most_flat: 0.045,
    over_compression: 1.2,
};

/// How free of signs of a drawing the card is, 0 to 1; below 0.5 it is suspected.
pub fn drawing_free(image: &RgbImage, coding: &Coding, outline: &CardOutline) -> f32 {
    let flat = flat_share(image, outline);
    // Four neighbouring blocks must have lost their noise.
    let lost = coding.noise_lost(FITTED.noise).powi(4) * FITTED.over_compression;
    1.0 / (1.0 + flat / lost.max(FITTED.most_flat))
}

/// Share of the card's squares that have one level of brightness, in one of the few colours most of them have.
fn flat_share(image: &RgbImage, outline: &CardOutline) -> f32 {
    let part = part_of(outline);
    let side = FITTED.square;
    let (mut all, mut flat) = (0_u32, BTreeMap::<[u8; 3], u32>::new());
    let rows = (FITTED.offset..image.height().saturating_sub(side)).step_by(8);
    for top in rows {
        for left in (FITTED.offset..image.width().saturating_sub(side)).step_by(8) {
            let middle = ((left + side / 2) as f32, (top + side / 2) as f32);
            if !is_inside(&part, middle, side as f32) {
                continue;
            }
            let level = luma(image, left, top);
            if level <= FITTED.levels.0 || level >= FITTED.levels.1 {
                continue;
            }
            all += 1;
            let even = (top..top + side).all(|y| (left..left + side).all(|x| luma(image, x, y) == level));
            if even {
                *flat.entry(image.get_pixel(left + side / 2, top + side / 2).0).or_default() += 1;
            }
        }
    }
    let mut counts: Vec<u32> = flat.into_values().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    counts.iter().take(FITTED.colours).sum::<u32>() as f32 / all.max(1) as f32
}

/// The part of the card that is looked at, clockwise from its top left, in the picture.
fn part_of(outline: &CardOutline) -> [Point; 4] {
    let [a, b, c, d] = outline.corners;
    let between = |p: Point, q: Point, t: f32| (p.0 + (q.0 - p.0) * t, p.1 + (q.1 - p.1) * t);
    let [left, top, right, bottom] = FITTED.part;
    [(left, top), (right, top), (right, bottom), (left, bottom)]
        .map(|(x, y)| between(between(a, b, x), between(d, c, x), y))
}

/// Whether a point lies within a clockwise quadrilateral, by this margin.
fn is_inside(corners: &[Point; 4], (x, y): Point, margin: f32) -> bool {
    (0..4).all(|i| {
        let (Some(&p), Some(&q)) = (corners.get(i), corners.get((i + 1) % 4)) else { return false };
        let (dx, dy) = (q.0 - p.0, q.1 - p.1);
        dx * (y - p.1) - dy * (x - p.0) > margin * dx.hypot(dy)
    })
}

/// Brightness of a pixel, 0 to 255.
fn luma(image: &RgbImage, x: u32, y: u32) -> u32 {
    let [r, g, b] = image.get_pixel(x, y).0.map(u32::from);
    (299 * r + 587 * g + 114 * b + 500) / 1000
}

#[cfg(test)]
mod tests {
    use image::Rgb;

    use super::*;
    use crate::authenticity::synthetic::{Random, card, whole};

    #[test]
    fn flat_colours_are_a_drawing() {
        let drawn = card(|_, _| 0.0);
        assert!(drawing_free(&drawn, &Coding::Lossless, &whole()) < 0.2);
    }

    #[test]
    fn light_noise_is_a_capture() {
        let mut random = Random::new(3);
        let scanned = card(|_, _| random.normal());
        assert!(drawing_free(&scanned, &Coding::Lossless, &whole()) > 0.95);
    }

    #[test]
    fn a_ramp_of_light_is_a_capture() {
        // Smoothed by a telephone until no noise is left: light still changes from place to place.
        let smooth = card(|x, y| (x + y) as f32 / 12.0 - 120.0);
        assert!(drawing_free(&smooth, &Coding::Lossless, &whole()) > 0.5);
    }

    #[test]
    fn what_compression_flattens_is_no_sign() {
        let mut drawn = card(|_, _| 0.0);
        // A tenth of the part stays flat.
        for (x, _, pixel) in drawn.enumerate_pixels_mut() {
            if x > 100 {
                *pixel = Rgb(pixel.0.map(|v| v ^ (x as u8 & 7)));
            }
        }
        assert!(drawing_free(&drawn, &Coding::Lossless, &whole()) < 0.5);
        assert!(drawing_free(&drawn, &Coding::Jpeg([60; 64]), &whole()) > 0.5);
    }

    #[test]
    fn a_white_or_black_ground_is_no_sign() {
        for level in [0, 255] {
            let cut = RgbImage::from_pixel(1200, 757, Rgb([level; 3]));
            assert!(drawing_free(&cut, &Coding::Lossless, &whole()) > 0.99);
        }
    }
}
