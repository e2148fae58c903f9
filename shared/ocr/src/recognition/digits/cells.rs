//! What the two ways to read a number share: the cells of its digits, and how well they fit.
//!
//! Owns a cell's size, its likeliest digit and the fit of several cells. It must not know how cells were found, nor what
//! number they make.

use crate::recognition::digits::ink::Ink;
use crate::recognition::digits::network::{CLASSES, Network};
use crate::recognition::params::PARAMS;

/// What all cells of a number have in common, in pixels.
#[derive(Debug, Clone, Copy)]
pub struct CellSize {
    /// Width of a cell.
    pub pitch: f32,
    /// Top of the digits.
    pub top: f32,
    /// Bottom of the digits.
    pub bottom: f32,
}

/// The probabilities of the ten digits, without that of none.
pub fn digits_of(cell: &[f32; CLASSES]) -> [f32; 10] {
    let mut ten = [0.0; 10];
    ten.copy_from_slice(&cell[..10]);
    ten
}

/// The most likely digit of a cell and its probability.
pub fn best(cell: &[f32; 10]) -> (u8, f32) {
    let mut found = (0, cell[0]);
    for (digit, p) in (0_u8..).zip(cell) {
        if *p > found.1 {
            found = (digit, *p);
        }
    }
    found
}

/// The likeliest digits of cells, as text.
pub fn likeliest<'a>(cells: impl Iterator<Item = &'a [f32; 10]>) -> String {
    cells.map(|cell| char::from(b'0' + best(cell).0)).collect()
}

/// Logarithm of the likeliest digit's probability.
fn log_of_best(cell: &[f32; CLASSES]) -> f32 {
    cell[..10].iter().copied().fold(1e-4_f32, f32::max).ln()
}

/// Mean logarithm of the likeliest digit's probability: high only when every cell holds one digit.
pub fn fit(cells: &[[f32; CLASSES]]) -> f32 {
    cells.iter().map(log_of_best).sum::<f32>() / cells.len().max(1) as f32
}

/// The mean of the probabilities of `count` cells over the grid that was found and its neighbours: a digit that changes
/// with half a pixel is doubtful. `classify` gives the probabilities of the grid that is moved by so many cells across and so
/// many heights down.
pub fn averaged(
    count: usize,
    mut classify: impl FnMut(f32, f32) -> Vec<[f32; CLASSES]>,
) -> Vec<[f32; CLASSES]> {
    let jitter = PARAMS.patches.jitter;
    let mut sums = vec![[0.0_f32; CLASSES]; count];
    for (dx, dy) in jitter {
        for (sum, cell) in sums.iter_mut().zip(classify(dx, dy)) {
            for (s, p) in sum.iter_mut().zip(cell) {
                *s += p / jitter.len() as f32;
            }
        }
    }
    sums
}

impl Network {
    /// How well cells fit (see [`fit`]), if better than `least`. Logarithms of probabilities only add to the bad: the first
    /// cells show of most grids that they are worse.
    pub fn better_fit(
        &self,
        ink: &Ink,
        lefts: impl ExactSizeIterator<Item = f32>,
        cell: CellSize,
        least: f32,
    ) -> Option<f32> {
        let count = lefts.len().max(1) as f32;
        let mut sum = 0.0;
        for left in lefts {
            sum += log_of_best(&self.classify(&ink.patch(left, cell.pitch, cell.top, cell.bottom)));
            if sum / count <= least {
                return None;
            }
        }
        Some(sum / count)
    }
}
