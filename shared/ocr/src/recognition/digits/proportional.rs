//! Reads a number that is printed in a proportional face: digits of one width, separators of another between them.
//!
//! An NPWP number stands as `00.000.000.0-000.000`, as four groups of four or as one run. Every digit of such a face
//! has the same advance, so the cells follow from where the number begins and ends and from how wide a separator is
//! beside a digit. These three are searched; the classifier judges. Owns that search. It must not know what number the
//! digits make.

use image::GrayImage;

use crate::recognition::digits::cells::{CellSize, averaged, best, digits_of, fit, likeliest};
use crate::recognition::digits::ink::{Band, Ink};
use crate::recognition::digits::network::{CLASSES, Network};
use crate::recognition::params::{PARAMS, Proportional};

const FITTED: Proportional = PARAMS.proportional;

/// Where digits and separators stand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pattern {
    /// For each digit, how many separators stand before it. A hyphen counts as 1.17: it is that much wider than a stop
    /// in the usual faces.
    before: &'static [f32],
    /// Widths of a separator, in digits, at which the search begins.
    gaps: &'static [f32],
}

impl Pattern {
    /// `00.000.000.0-000.000`
    pub const NPWP_15: Self = Self {
        before: &[0.0, 0.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 3.0, 4.17, 4.17, 4.17, 5.17, 5.17, 5.17],
        gaps: &[0.45, 0.5, 0.55],
    };
    /// Sixteen digits without a separator.
    pub const PLAIN_16: Self = Self { before: &[0.0; 16], gaps: &[0.0] };
    /// Four groups of four; between them a stop, a space, a hyphen or a stop between spaces.
    pub const GROUPED_16: Self = Self {
        before: &[0.0, 0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0, 3.0, 3.0, 3.0, 3.0],
        gaps: &[0.44, 0.5, 0.56, 0.62, 0.68, 1.3, 1.4, 1.5, 1.6],
    };

    /// `00-00-0000`
    pub const DATE: Self =
        Self { before: &[0.0, 0.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0], gaps: &[0.5, 0.56, 0.6, 0.66] };
    /// `000/000`
    pub const RT_RW: Self = Self { before: &[0.0, 0.0, 0.0, 1.0, 1.0, 1.0], gaps: &[0.45, 0.5, 0.56, 0.7] };

    /// Width of a date in heights of its digits, in the usual faces.
    pub const DATE_WIDTH: f32 = 7.4;

    /// How many digits there are.
    const fn count(&self) -> usize {
        self.before.len()
    }

    /// Width of the whole number in digits.
    fn units(&self, gap: f32) -> f32 {
        self.count() as f32 + gap * self.before.last().copied().unwrap_or(0.0)
    }
}

/// A number as the classifier saw it.
#[derive(Debug, Clone, PartialEq)]
pub struct NumberRow {
    /// For each cell the probability of each digit.
    pub cells: Vec<[f32; 10]>,
    /// Mean logarithm of "some digit stands here", 0 at best.
    pub fit: f32,
}

impl NumberRow {
    /// The likeliest digits.
    pub fn text(&self) -> String {
        likeliest(self.cells.iter())
    }

    /// Whether every cell holds a digit.
    pub fn holds_digits(&self) -> bool {
        self.fit > FITTED.least_fit
    }

    /// Probability of the least certain digit.
    pub fn confidence(&self) -> f32 {
        self.cells.iter().map(|cell| best(cell).1).fold(1.0, f32::min)
    }

    /// What this reading is worth beside others: the least certain digit's probability, less where the cells fit badly.
    pub fn weight(&self, confidence: f32) -> f32 {
        (confidence * (1.0 + self.fit)).clamp(0.0, FITTED.most_weight)
    }

    /// The likeliest digits but for one close alternative that makes the number pass `test`, where there is one.
    ///
    /// At most one digit is exchanged, and only for one that the pixels support nearly as well.
    pub fn text_that(&self, test: impl Fn(&str) -> bool) -> Option<(String, f32)> {
        let text = self.text();
        if test(&text) {
            return Some((text, self.confidence()));
        }
        let mut found: Option<(String, f32)> = None;
        for (i, cell) in self.cells.iter().enumerate() {
            let (top, p) = best(cell);
            for (digit, q) in (0_u8..).zip(cell) {
                if digit == top || *q < FITTED.close * p || found.as_ref().is_some_and(|(_, most)| q <= most)
                {
                    continue;
                }
                let mut bytes = text.clone().into_bytes();
                bytes[i] = b'0' + digit;
                if let Ok(other) = String::from_utf8(bytes)
                    && test(&other)
                {
                    found = Some((other, *q));
                }
            }
        }
        found
    }
}

/// A number's cells in a picture.
#[derive(Debug, Clone, Copy)]
struct Cells {
    pattern: Pattern,
    left: f32,
    pitch: f32,
    gap: f32,
    top: f32,
    bottom: f32,
}

impl Cells {
    fn lefts(&self) -> impl ExactSizeIterator<Item = f32> + '_ {
        let place =
            |(i, separators): (usize, &f32)| self.left + self.pitch * (i as f32 + self.gap * separators);
        self.pattern.before.iter().enumerate().map(place)
    }

    const fn size(&self) -> CellSize {
        CellSize { pitch: self.pitch, top: self.top, bottom: self.bottom }
    }

    /// The eleven probabilities of each cell.
    fn probabilities(&self, network: &Network, ink: &Ink) -> Vec<[f32; CLASSES]> {
        self.lefts()
            .map(|left| network.classify(&ink.patch(left, self.pitch, self.top, self.bottom)))
            .collect()
    }
}

/// Reads a number whose ink lies about between `band.left` and `band.right` (dark print on light ground, evened).
/// `None`: there is no room for one.
pub fn read_number(card: &GrayImage, band: Band, patterns: &[Pattern]) -> Option<NumberRow> {
    let network = Network::get()?;
    let ink = Ink::of(card, band)?;
    let mut found: Option<(f32, Cells)> = None;
    for pattern in patterns {
        for cells in likely_cells(&ink, band, *pattern) {
            let least = found.map_or(f32::NEG_INFINITY, |(score, _)| score);
            if let Some(now) = network.better_fit(&ink, cells.lefts(), cells.size(), least) {
                found = Some((now, cells));
            }
        }
    }
    let (mut score, mut cells) = found?;
    let mut step = 1.0_f32;
    for _ in 0..PARAMS.patches.rounds {
        for [left, wide, gap, top, bottom] in FITTED.moves {
            let high = cells.bottom - cells.top;
            let units = cells.pattern.units(cells.gap);
            // A wider separator leaves the number's end where it is.
            let new_gap = if cells.gap > 0.0 { cells.gap + gap * step } else { 0.0 };
            let pitch = cells.pitch * (units + wide * step) / cells.pattern.units(new_gap);
            let next = Cells {
                left: cells.left + left * step * cells.pitch,
                pitch,
                gap: new_gap,
                top: cells.top + top * step * high,
                bottom: cells.bottom + bottom * step * high,
                ..cells
            };
            if let Some(now) = network.better_fit(&ink, next.lefts(), next.size(), score) {
                (score, cells) = (now, next);
            }
        }
        step *= 0.5;
    }
    let sums = averaged(cells.pattern.count(), |dx, dy| {
        let high = cells.bottom - cells.top;
        let near = Cells {
            left: cells.left + dx * cells.pitch,
            top: cells.top + dy * high,
            bottom: cells.bottom + dy * high,
            ..cells
        };
        near.probabilities(network, &ink)
    });
    Some(NumberRow { cells: sums.iter().map(digits_of).collect(), fit: fit(&sums) })
}

/// The cells whose borders run between the digits best.
fn likely_cells(ink: &Ink, band: Band, pattern: Pattern) -> Vec<Cells> {
    let high = band.bottom - band.top;
    let columns = ink.columns(band.top, band.bottom);
    let mut sums = Vec::with_capacity(columns.len() + 1);
    sums.push(0.0_f32);
    for v in &columns {
        sums.push(sums[sums.len() - 1] + v);
    }
    let sum = |from: f32, to: f32| {
        let clip = |x: f32| ((x - ink.left).max(0.0) as usize).min(columns.len());
        sums[clip(to).max(clip(from))] - sums[clip(from)]
    };
    // Where ink begins and where it ends, near the ends given.
    let inked = |i: usize| columns.get(i).is_some_and(|v| *v > FITTED.inked);
    let nearest = |at: f32, edge: &dyn Fn(usize) -> bool, reach: f32| {
        let mut found: Vec<f32> = (1..columns.len())
            .filter(|i| edge(*i))
            .map(|i| i as f32 + ink.left)
            .filter(|x| (x - at).abs() <= reach)
            .collect();
        found.sort_by(|a, b| (a - at).abs().total_cmp(&(b - at).abs()));
        found.truncate(FITTED.ends);
        found.push(at);
        found
    };
    let begins = nearest(band.left, &|i| inked(i) && !inked(i - 1), FITTED.begin_reach * high);
    let ends = nearest(band.right, &|i| !inked(i) && inked(i - 1), FITTED.end_reach * high);
    let mut scored: Vec<(f32, Cells)> = Vec::new();
    for &gap in pattern.gaps {
        for &begin in &begins {
            for &end in &ends {
                for before in FITTED.bearings_left {
                    for after in FITTED.bearings_right {
                        let pitch = (end - begin) / (pattern.units(gap) - before - after);
                        if !(FITTED.pitches.start * high..FITTED.pitches.end * high).contains(&pitch) {
                            continue;
                        }
                        let left = begin - before * pitch;
                        let cells = Cells { pattern, left, pitch, gap, top: band.top, bottom: band.bottom };
                        let (mut inside, mut between, mut least) = (0.0, 0.0, f32::MAX);
                        for x in cells.lefts() {
                            let edge = |x: f32| sum(x - FITTED.border * pitch, x + FITTED.border * pitch);
                            between += edge(x) + edge(x + pitch);
                            let here = sum(x, x + pitch);
                            inside += here;
                            least = least.min(here);
                        }
                        let (emptiest, enough) = FITTED.emptiest;
                        let score = (inside - FITTED.border_points * between) / pitch
                            + emptiest * (least / pitch).min(enough);
                        scored.push((score / pattern.count() as f32, cells));
                    }
                }
            }
        }
    }
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mut kept: Vec<Cells> = Vec::new();
    for (_, cells) in scored {
        let end = |c: &Cells| c.left + c.pitch * c.pattern.units(c.gap);
        let twin = |other: &Cells| {
            (other.left - cells.left).abs() < FITTED.twin.0 * cells.pitch
                && (end(other) - end(&cells)).abs() < FITTED.twin.0 * cells.pitch
                && (other.gap - cells.gap).abs() < FITTED.twin.1
        };
        if !kept.iter().any(twin) {
            kept.push(cells);
        }
        if kept.len() >= FITTED.candidates {
            break;
        }
    }
    kept
}
