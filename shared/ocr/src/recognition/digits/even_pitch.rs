//! Reads sixteen digits at an even pitch, in faces that a text recogniser does not know.
//!
//! The grid of cells is found by trying grids and keeping the one whose sixteen cells all hold a digit. Owns that search.
//! It must not know what number the digits make: where a grid one digit further fits nearly as well, the caller says which
//! of the two is a number.

use image::GrayImage;

use crate::recognition::digits::cells::{CellSize, averaged, digits_of, fit, likeliest};
use crate::recognition::digits::ink::{Band, Ink};
use crate::recognition::digits::network::{CLASSES, Network};
use crate::recognition::params::{EvenPitch, PARAMS};

const FITTED: EvenPitch = PARAMS.even_pitch;

/// Digits of the row.
pub const COUNT: usize = 16;

/// A row of digits as the classifier saw it.
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
        likeliest(self.cells.iter())
    }
}

/// A grid of sixteen cells.
#[derive(Debug, Clone, Copy)]
struct Grid {
    left: f32,
    pitch: f32,
    top: f32,
    bottom: f32,
}

/// Finds the grid in `band` of a card (dark print on light ground, evened) and reads it. `None`: no room for a row.
///
/// `pitch_range` bounds the pitch in pixels. `is_number` says whether sixteen digits are a number that exists; it decides
/// between grids that fit alike, and never makes a digit that the pixels do not support.
pub fn read_row(
    card: &GrayImage,
    band: Band,
    pitch_range: (f32, f32),
    is_number: impl Fn(&str) -> bool,
) -> Option<DigitRow> {
    let network = Network::get()?;
    let ink = Ink::of(card, band)?;
    let mut found: Option<(f32, Grid)> = None;
    for grid in coarse_grids(&ink, band, pitch_range) {
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
    for _ in 0..PARAMS.patches.rounds {
        let high = grid.bottom - grid.top;
        for [left, pitch, top, bottom] in FITTED.moves {
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
    let text = |cells: &[[f32; CLASSES]]| {
        let digits: Vec<[f32; 10]> = cells.iter().map(digits_of).collect();
        likeliest(digits.iter())
    };
    if !is_number(&text(&grid.probabilities(network, &ink))) {
        for cells in [-1.0, 1.0] {
            let moved = Grid { left: grid.left + cells * grid.pitch, ..grid };
            let seen = moved.probabilities(network, &ink);
            if fit(&seen) > score - FITTED.next_grid && is_number(&text(&seen)) {
                grid = moved;
                break;
            }
        }
    }
    let sums = averaged(COUNT, |dx, dy| {
        let high = grid.bottom - grid.top;
        let near = Grid {
            left: grid.left + dx * grid.pitch,
            top: grid.top + dy * high,
            bottom: grid.bottom + dy * high,
            ..grid
        };
        near.probabilities(network, &ink)
    });
    let mut cells = [[0.0; 10]; COUNT];
    for (cell, sum) in cells.iter_mut().zip(&sums) {
        *cell = digits_of(sum);
    }
    Some(DigitRow { cells, fit: fit(&sums), left: grid.left, pitch: grid.pitch })
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
    let steps = FITTED.pitch_steps;
    let (half, (begin, end)) = (FITTED.border, FITTED.body);
    let (emptiest, enough) = FITTED.emptiest;
    for i in 0..=steps {
        let pitch = pitch_range.0 + (pitch_range.1 - pitch_range.0) * i as f32 / steps as f32;
        let room = band.right - band.left - COUNT as f32 * pitch;
        if room < 0.0 {
            continue;
        }
        let places = ((room / (pitch * FITTED.place_step)) as usize).min(FITTED.most_places);
        for place in 0..=places {
            let left = band.left + place as f32 * pitch * FITTED.place_step;
            let (mut between, mut least) = (0.0, f32::MAX);
            for cell in 0..COUNT {
                let x = left + cell as f32 * pitch;
                between += sum(x - half * pitch, x + half * pitch);
                least = least.min(sum(x + begin * pitch, x + end * pitch));
            }
            let right = left + COUNT as f32 * pitch;
            between += sum(right - half * pitch, right + half * pitch);
            let inside = sum(left, right);
            // Digits left outside speak against a grid, on the right more: on the left stands the colon.
            let after = sum(right, right + pitch);
            let score = (inside - FITTED.border_points * between - after) / pitch
                + emptiest * (least / pitch).min(enough);
            grids.push((score, Grid { left, pitch, top: band.top, bottom: band.bottom }));
        }
    }
    grids.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<Grid> = Vec::new();
    for (_, grid) in grids {
        // Near twins are one candidate; the refinement moves that far.
        let twin = |other: &Grid| {
            let end = |g: &Grid| g.left + COUNT as f32 * g.pitch;
            (other.left - grid.left).abs() < FITTED.twin * grid.pitch
                && (end(other) - end(&grid)).abs() < FITTED.twin * grid.pitch
        };
        if !kept.iter().any(twin) {
            kept.push(grid);
        }
        if kept.len() >= FITTED.candidates {
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

    /// The eleven probabilities of each cell.
    fn probabilities(&self, network: &Network, ink: &Ink) -> Vec<[f32; CLASSES]> {
        self.lefts()
            .map(|left| network.classify(&ink.patch(left, self.pitch, self.top, self.bottom)))
            .collect()
    }
}
