//! How bright each pixel is beside the ground that it stands on.
//!
//! The ground is what remains when thin dark strokes are closed away. Owns its estimate and the division by it, which
//! takes out shadows, the colour of the ground and the broad waves of a guilloche in one step. It must not know what is
//! print.

use image::GrayImage;

use crate::image::morphology::{dilated, eroded};
use crate::image::resample::{box_blur, downscale_gray};

/// The ground is estimated in a copy this many times smaller.
const COARSE: u32 = 4;
/// Steps per unit of the ratio of a pixel to its ground.
pub const RATIO_ONE: f32 = 512.0;
/// How many steps there are: ratios are cut at 1.5.
pub const RATIO_STEPS: usize = 768;

/// How the ground is estimated. Fitted to flat cards of [`crate::image::rectify::CARD_WIDTH`] drawn by
/// `tests/cards/generate.py --styles tuned`; `./dev accuracy --count N --seed S` checks it.
struct Params {
    /// Radius of the closing, in pixels of the coarse copy: wider than any stroke, narrower than the bands of colour.
    closing_radius: u32,
    /// Radius of the blur after it, in pixels of the coarse copy; it is applied twice.
    blur_radius: u32,
    /// The darkest ground that is divided by, as a grey level.
    darkest: f32,
}

const PARAMS: Params = Params { closing_radius: 4, blur_radius: 3, darkest: 8.0 };

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

/// A coarse row of ground at the columns of a fine one: linear between the middles of the coarse pixels, and never so
/// dark that it could not be divided by.
fn widen(coarse: &[f32], fine: &mut [f32]) {
    const SHARES: [f32; COARSE as usize] = [0.125, 0.375, 0.625, 0.875];
    const HALF: usize = COARSE as usize / 2;
    let first = coarse.first().copied().unwrap_or(255.0).max(PARAMS.darkest);
    let last = coarse.last().copied().unwrap_or(255.0).max(PARAMS.darkest);
    let (begin, rest) = fine.split_at_mut(HALF.min(fine.len()));
    begin.fill(first);
    let mut steps = rest.chunks_exact_mut(COARSE as usize);
    for (pair, step) in coarse.windows(2).zip(&mut steps) {
        if let [a, b] = pair {
            for (out, share) in step.iter_mut().zip(SHARES) {
                *out = (a + (b - a) * share).max(PARAMS.darkest);
            }
        }
    }
    let end = HALF + coarse.len().saturating_sub(1) * COARSE as usize;
    if let Some(end) = fine.get_mut(end..) {
        end.fill(last);
    }
}

/// The coarse column or row before a fine one, and how far behind it the fine one lies.
fn between(fine: u32, coarse_size: u32) -> (usize, f32) {
    let at = ((fine as f32 + 0.5) / COARSE as f32 - 0.5).clamp(0.0, (coarse_size - 1) as f32);
    (at as usize, at.fract())
}

/// The picture without its dark strokes, [`COARSE`] times smaller.
fn ground_of(luma: &GrayImage) -> GrayImage {
    let small = downscale_gray(luma, luma.width() / COARSE, luma.height() / COARSE);
    let (width, height) = (small.width() as usize, small.height() as usize);
    let radius = PARAMS.closing_radius as usize;
    let closed = eroded(&dilated(small.as_raw(), width, height, radius), width, height, radius);
    let closed = GrayImage::from_raw(small.width(), small.height(), closed).unwrap_or_default();
    box_blur(&box_blur(&closed, PARAMS.blur_radius), PARAMS.blur_radius)
}
