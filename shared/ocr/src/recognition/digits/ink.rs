//! A part of a card as ink: what the classifier's patches are cut from.
//!
//! Owns contrast and sampling. It must not know where in the part a digit stands.

use image::GrayImage;

use crate::image::histogram::percentile;
use crate::recognition::digits::network::{CELL_HEIGHT, CELL_WIDTH, Patch};
use crate::recognition::params::{PARAMS, Patches};

const FITTED: Patches = PARAMS.patches;

/// Part of a picture, in pixels, that is searched for digits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Band {
    /// Left bound of the search.
    pub left: f32,
    /// Right bound of the search.
    pub right: f32,
    /// Top of the digits.
    pub top: f32,
    /// Bottom of the digits.
    pub bottom: f32,
}

/// The band as ink, 0 ground to 1 print.
pub(crate) struct Ink {
    pub width: usize,
    pub height: usize,
    /// Column and row of the card at which the part begins.
    pub left: f32,
    pub top: f32,
    pub values: Vec<f32>,
}

impl Ink {
    /// Takes the band with a margin. The contrast is that of the band.
    pub fn of(card: &GrayImage, band: Band) -> Option<Self> {
        let high = band.bottom - band.top;
        let (least_high, least_wide) = FITTED.room;
        if !(high >= least_high && band.right - band.left >= least_wide) {
            return None;
        }
        let clip = |v: f32, max: u32| v.clamp(0.0, max as f32) as u32;
        let (x0, x1) = (clip(band.left - high, card.width()), clip(band.right + high, card.width()));
        let (y0, y1) =
            (clip(band.top - 0.5 * high, card.height()), clip(band.bottom + 0.5 * high, card.height()));
        if x1 <= x0 + least_wide as u32 || y1 <= y0 + least_high as u32 {
            return None;
        }
        let mut histogram = [0_u32; 256];
        for y in y0..y1 {
            for x in x0..x1 {
                histogram[usize::from(card.get_pixel(x, y).0[0])] += 1;
            }
        }
        let all = (x1 - x0) * (y1 - y0);
        let (dark, ground) =
            (percentile(&histogram, FITTED.dark_share), percentile(&histogram, FITTED.ground_share));
        let scale = 1.0 / (ground - dark).max(FITTED.least_contrast);
        let mut values = Vec::with_capacity(all as usize);
        for y in y0..y1 {
            for x in x0..x1 {
                let v = f32::from(card.get_pixel(x, y).0[0]);
                values.push(((ground - v) * scale).clamp(0.0, FITTED.most_ink));
            }
        }
        Some(Self {
            width: (x1 - x0) as usize,
            height: (y1 - y0) as usize,
            left: x0 as f32,
            top: y0 as f32,
            values,
        })
    }

    /// One cell as the network wants it: one pitch wide, and higher than its digit.
    ///
    /// Each pixel of it is the mean of four bilinear samples, 0 outside: the source has about twice the patch's
    /// resolution. Across and down are independent of each other, so the sum is taken down first, then across.
    pub fn patch(&self, left: f32, pitch: f32, top: f32, bottom: f32) -> Patch {
        let high = (bottom - top) * FITTED.cell_height;
        let y0 = f32::midpoint(top, bottom) - high / 2.0;
        let across: [Taps; CELL_WIDTH] = taps(left - self.left, pitch, self.width);
        let down: [Taps; CELL_HEIGHT] = taps(y0 - self.top, high, self.height);
        // The columns that the patch covers.
        let first = across[0].first;
        let end = (across[CELL_WIDTH - 1].first + TAPS).min(self.width);
        let columns = end.saturating_sub(first).min(MOST_COLUMNS);
        let mut patch = [[0.0; CELL_WIDTH]; CELL_HEIGHT];
        let mut max = 0.0_f32;
        for (line, down) in patch.iter_mut().zip(&down) {
            let mut sums = [0.0_f32; MOST_COLUMNS + TAPS];
            for (y, weight) in (down.first..self.height).zip(down.weights) {
                let from = y * self.width + first;
                if weight == 0.0 {
                    continue;
                }
                for (sum, v) in sums.iter_mut().zip(self.values.get(from..from + columns).unwrap_or_default())
                {
                    *sum += weight * v;
                }
            }
            for (cell, across) in line.iter_mut().zip(&across) {
                let near = sums.get(across.first - first..).unwrap_or_default();
                *cell = near.iter().zip(across.weights).map(|(v, weight)| v * weight).sum();
                max = max.max(*cell);
            }
        }
        let gain = FITTED.full_ink / max.clamp(FITTED.least_ink, 1.0);
        for cell in patch.iter_mut().flatten() {
            *cell *= gain;
        }
        patch
    }

    /// Mean ink per column between two rows of the card.
    pub fn columns(&self, top: f32, bottom: f32) -> Vec<f32> {
        let row = |y: f32| ((y - self.top).max(0.0) as usize).min(self.height);
        let (y0, y1) = (row(top), row(bottom).max(row(top) + 1).min(self.height));
        let mut columns = vec![0.0_f32; self.width];
        for y in y0..y1 {
            for (sum, v) in columns.iter_mut().zip(&self.values[y * self.width..(y + 1) * self.width]) {
                *sum += v / (y1 - y0) as f32;
            }
        }
        columns
    }
}

/// Source pixels that one pixel of a patch may reach; two samples lie half a step apart, a step is at most
/// [`LONGEST_STEP`].
const TAPS: usize = 6;
const LONGEST_STEP: f32 = 8.0;
/// Source columns that a patch covers at most.
const MOST_COLUMNS: usize = CELL_WIDTH * LONGEST_STEP as usize + TAPS;

/// What a pixel of a patch takes from the source along one axis.
#[derive(Debug, Clone, Copy, Default)]
struct Taps {
    first: usize,
    weights: [f32; TAPS],
}

/// For `N` pixels over `length` source pixels from `start` on: the mean of two samples each, at a quarter and three
/// quarters, linear between pixel centres. What lies outside of the `size` pixels counts 0.
fn taps<const N: usize>(start: f32, length: f32, size: usize) -> [Taps; N] {
    let step = (length / N as f32).clamp(0.0, LONGEST_STEP);
    let last = size as f32;
    std::array::from_fn(|i| {
        let at = start + i as f32 * step - 0.5;
        // Between the pixel before the first and the one after the last everything is told apart; further out all is 0.
        let samples = [at + step * 0.25, at + step * 0.75].map(|x| x.clamp(-1.0, last));
        let first = (samples[0].max(0.0) as usize).min(size.saturating_sub(1));
        let mut weights = [0.0; TAPS];
        for x in samples {
            // Rounded down, for numbers from -1 on.
            let whole = (x + 1.0) as usize;
            let part = (x + 1.0) - whole as f32;
            for (pixel, share) in [(whole, 1.0 - part), (whole + 1, part)] {
                // Shifted by one: pixel 0 is the one before the first.
                if let Some(k) = pixel.checked_sub(first + 1)
                    && pixel <= size
                    && let Some(weight) = weights.get_mut(k)
                {
                    *weight += share * 0.5;
                }
            }
        }
        Taps { first, weights }
    })
}
