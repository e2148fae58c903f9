//! Reads the NIK row: sixteen digits at an even pitch, in faces that a text recogniser does not know.
//!
//! A small network (weights and recipe in `data/`) says of a patch which digit stands in its middle, or that none does.
//! The pitch grid is found by trying grids and keeping the one whose sixteen cells all hold a digit. Structure of the
//! number is evidence between close alternatives ([`choose_nik`]); it never makes a digit that the pixels do not support.

mod ink;
mod network;
mod proportional;

use filot_domain::nik::Nik;
use image::GrayImage;

use crate::recognition::digits::ink::Ink;
use crate::recognition::digits::network::{CLASSES, Network};

pub use crate::recognition::digits::proportional::{NumberRow, Pattern, read_number};

/// Digits of a NIK.
pub const COUNT: usize = 16;

/// Part of a picture, in pixels, in which to look.
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

/// What the row looked like.
#[derive(Debug, Clone, PartialEq)]
pub struct DigitRow {
    /// For each of the sixteen cells the probability of each digit.
    pub cells: [[f32; 10]; COUNT],
    /// Mean logarithm of "some digit stands here", 0 at best: how well the grid fits.
    pub fit: f32,
    /// Left edge of the first cell.
    pub left: f32,
    /// Width of a cell.
    pub pitch: f32,
}

impl DigitRow {
    /// The most likely digits as text.
    pub fn text(&self) -> String {
        self.cells.iter().map(|cell| char::from(b'0' + best(cell).0)).collect()
    }
}

/// The most likely digit of a cell and its probability.
pub(crate) fn best(cell: &[f32; 10]) -> (u8, f32) {
    let mut found = (0, cell[0]);
    for (digit, p) in (0_u8..).zip(cell) {
        if *p > found.1 {
            found = (digit, *p);
        }
    }
    found
}

/// A grid of sixteen cells.
#[derive(Debug, Clone, Copy)]
struct Grid {
    left: f32,
    pitch: f32,
    top: f32,
    bottom: f32,
}

/// How many grids the border search hands to the network, and how many rounds refine the best.
const COARSE: usize = 7;
const ROUNDS: usize = 2;

/// Finds the grid in `band` of a card (dark print on light ground, evened) and reads it. `None`: no room for a row.
///
/// `pitch_range` bounds the pitch in pixels.
pub fn read_row(card: &GrayImage, band: Band, pitch_range: (f32, f32)) -> Option<DigitRow> {
    let network = Network::get()?;
    let ink = Ink::of(card, band)?;
    let mut top_grids = coarse_grids(&ink, band, pitch_range);
    top_grids.truncate(COARSE);
    let mut found: Option<(f32, Grid)> = None;
    for grid in top_grids {
        let least = found.map_or(f32::NEG_INFINITY, |(score, _)| score);
        if let Some(now) = network.better_fit(&ink, grid.lefts(), grid.cell(), least) {
            found = Some((now, grid));
        }
    }
    let (mut score, mut grid) = found?;
    // The colon, or dirt after the row, may have been taken for a digit: is the grid one cell further better?
    for cells in [-1.0, 1.0] {
        let moved = Grid { left: grid.left + cells * grid.pitch, ..grid };
        if let Some(now) = network.better_fit(&ink, moved.lefts(), moved.cell(), score) {
            (score, grid) = (now, moved);
        }
    }
    // Coordinate descent, each round with half the step: offset and pitch, then height.
    let mut step = 1.0_f32;
    for _ in 0..ROUNDS {
        let high = grid.bottom - grid.top;
        let moves = [
            (0.10, 0.0, 0.0, 0.0),
            (-0.10, 0.0, 0.0, 0.0),
            (-0.06, 0.008, 0.0, 0.0),
            (0.06, -0.008, 0.0, 0.0),
            (0.0, 0.0, 0.08, 0.08),
            (0.0, 0.0, -0.08, -0.08),
            (0.0, 0.0, -0.06, 0.06),
            (0.0, 0.0, 0.06, -0.06),
        ];
        for (left, pitch, top, bottom) in moves {
            let tried = Grid {
                left: grid.left + left * step * grid.pitch,
                pitch: grid.pitch * (1.0 + pitch * step),
                top: grid.top + top * step * high,
                bottom: grid.bottom + bottom * step * high,
            };
            if let Some(now) = network.better_fit(&ink, tried.lefts(), tried.cell(), score) {
                (score, grid) = (now, tried);
            }
        }
        step *= 0.5;
    }
    // A grid one digit off fits nearly as well where dirt or the colon stands beside the row: then only one of them makes
    // a number that exists.
    if !is_number(&network.probabilities(&ink, grid)) {
        for cells in [-1.0, 1.0] {
            let moved = Grid { left: grid.left + cells * grid.pitch, ..grid };
            let seen = network.probabilities(&ink, moved);
            if fit(&seen) > score - NEXT_TO && is_number(&seen) {
                grid = moved;
                break;
            }
        }
    }
    // The answer is the mean over the best grid and its neighbours: a digit that changes with half a pixel is doubtful.
    let mut sums = [[0.0_f32; CLASSES]; COUNT];
    let jitter = [(0.0, 0.0), (0.05, 0.0), (-0.05, 0.0), (0.0, 0.04), (0.0, -0.04)];
    for (dx, dy) in jitter {
        let high = grid.bottom - grid.top;
        let near = Grid {
            left: grid.left + dx * grid.pitch,
            top: grid.top + dy * high,
            bottom: grid.bottom + dy * high,
            ..grid
        };
        for (sum, cell) in sums.iter_mut().zip(network.probabilities(&ink, near)) {
            for (s, p) in sum.iter_mut().zip(cell) {
                *s += p / jitter.len() as f32;
            }
        }
    }
    let mut cells = [[0.0; 10]; COUNT];
    for (cell, sum) in cells.iter_mut().zip(&sums) {
        cell.copy_from_slice(&sum[..10]);
    }
    Some(DigitRow { cells, fit: fit(&sums), left: grid.left, pitch: grid.pitch })
}

/// By how much a grid one digit further may fit worse and still be the right one.
const NEXT_TO: f32 = 0.4;

/// Whether the likeliest digits are a NIK of a province that exists.
fn is_number(cells: &[[f32; CLASSES]; COUNT]) -> bool {
    let digit = |cell: &[f32; CLASSES]| {
        let mut ten = [0.0; 10];
        ten.copy_from_slice(&cell[..10]);
        char::from(b'0' + best(&ten).0)
    };
    let text: String = cells.iter().map(digit).collect();
    text.parse::<Nik>().is_ok_and(|nik| filot_domain::areas::province_name(nik.province()).is_some())
}

/// Logarithm of the likeliest digit's probability.
fn log_of_best(cell: &[f32; CLASSES]) -> f32 {
    cell[..10].iter().copied().fold(1e-4_f32, f32::max).ln()
}

/// Mean logarithm of the likeliest digit's probability: high only when every cell holds one digit.
fn fit(cells: &[[f32; CLASSES]]) -> f32 {
    cells.iter().map(log_of_best).sum::<f32>() / cells.len().max(1) as f32
}

/// Grids whose borders run between the digits, best first.
fn coarse_grids(ink: &Ink, band: Band, pitch_range: (f32, f32)) -> Vec<Grid> {
    let columns = ink.columns(band.top, band.bottom);
    let mut prefix = Vec::with_capacity(ink.width + 1);
    prefix.push(0.0_f32);
    for v in &columns {
        prefix.push(prefix[prefix.len() - 1] + v);
    }
    let sum = |from: f32, to: f32| {
        let clip = |x: f32| ((x - ink.left).max(0.0) as usize).min(ink.width);
        prefix[clip(to).max(clip(from))] - prefix[clip(from)]
    };
    let mut grids: Vec<(f32, Grid)> = Vec::new();
    let steps = 28;
    for i in 0..=steps {
        let pitch = pitch_range.0 + (pitch_range.1 - pitch_range.0) * i as f32 / steps as f32;
        let room = band.right - band.left - COUNT as f32 * pitch;
        if room < 0.0 {
            continue;
        }
        let places = ((room / (pitch * 0.12)) as usize).min(200);
        let mut best_here: Option<(f32, f32)> = None;
        for place in 0..=places {
            let left = band.left + place as f32 * pitch * 0.12;
            let (mut between, mut least) = (0.0, f32::MAX);
            for cell in 0..COUNT {
                let x = left + cell as f32 * pitch;
                between += sum(x - 0.09 * pitch, x + 0.09 * pitch);
                least = least.min(sum(x + 0.15 * pitch, x + 0.85 * pitch));
            }
            let end = left + COUNT as f32 * pitch;
            between += sum(end - 0.09 * pitch, end + 0.09 * pitch);
            let inside = sum(left, end);
            // Digits left outside speak against a grid, on the right more: on the left stands the colon.
            let after = sum(end, end + pitch);
            let score = (inside - 3.5 * between - after) / pitch + 4.0 * (least / pitch).min(0.12);
            if best_here.is_none_or(|(found, _)| score > found) {
                best_here = Some((score, left));
            }
            grids.push((score, Grid { left, pitch, top: band.top, bottom: band.bottom }));
        }
    }
    grids.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<Grid> = Vec::new();
    for (_, grid) in grids {
        // Near twins are one candidate; the refinement moves that far.
        let twin = |other: &Grid| {
            let end = |g: &Grid| g.left + COUNT as f32 * g.pitch;
            (other.left - grid.left).abs() < 0.2 * grid.pitch
                && (end(other) - end(&grid)).abs() < 0.2 * grid.pitch
        };
        if !kept.iter().any(twin) {
            kept.push(grid);
        }
        if kept.len() >= COARSE {
            break;
        }
    }
    kept
}

impl Grid {
    /// Left edges of the cells.
    fn lefts(&self) -> impl ExactSizeIterator<Item = f32> + '_ {
        (0..COUNT).map(|i| self.left + i as f32 * self.pitch)
    }

    fn cell(&self) -> CellSize {
        CellSize { pitch: self.pitch, top: self.top, bottom: self.bottom }
    }
}

/// What all cells of a number have in common.
#[derive(Debug, Clone, Copy)]
struct CellSize {
    pitch: f32,
    top: f32,
    bottom: f32,
}

impl Network {
    /// The eleven probabilities of each cell of a grid.
    fn probabilities(&self, ink: &Ink, grid: Grid) -> [[f32; CLASSES]; COUNT] {
        let mut all = [[0.0; CLASSES]; COUNT];
        for (cell, left) in all.iter_mut().zip(grid.lefts()) {
            *cell = self.classify(&ink.patch(left, grid.pitch, grid.top, grid.bottom));
        }
        all
    }

    /// How well cells fit (see [`fit`]), if better than `least`. Logarithms of probabilities only add to the bad: the first
    /// cells tell of most grids that they are worse.
    fn better_fit(
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

#[cfg(test)]
mod tests;
