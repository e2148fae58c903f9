//! Reads the NIK row: sixteen digits at an even pitch, in faces that a text recogniser does not know.
//!
//! A small network (weights and recipe in `data/`) says of a patch which digit stands in its middle, or that none does.
//! The pitch grid is found by trying grids and keeping the one whose sixteen cells all hold a digit. Structure of the
//! number is evidence between close alternatives ([`choose_nik`]); it never makes a digit that the pixels do not support.

use filot_domain::nik::Nik;
use image::GrayImage;

mod network;

use network::{CELL_HEIGHT, CELL_WIDTH, CLASSES, Network, Patch};

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
fn best(cell: &[f32; 10]) -> (u8, f32) {
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
    let mut scored: Vec<(f32, Grid)> =
        top_grids.into_iter().map(|grid| (fit(&network.probabilities(&ink, grid)), grid)).collect();
    scored.sort_by(|a, b| b.0.total_cmp(&a.0));
    let (mut score, mut grid) = scored.first().copied()?;
    // The colon, or dirt after the row, may have been taken for a digit: is the grid one cell further better?
    for cells in [-1.0, 1.0] {
        let moved = Grid { left: grid.left + cells * grid.pitch, ..grid };
        let now = fit(&network.probabilities(&ink, moved));
        if now > score {
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
            let now = fit(&network.probabilities(&ink, tried));
            if now > score {
                (score, grid) = (now, tried);
            }
        }
        step *= 0.5;
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

/// Mean logarithm of the likeliest digit's probability: high only when every cell holds one digit.
fn fit(cells: &[[f32; CLASSES]; COUNT]) -> f32 {
    let log = |cell: &[f32; CLASSES]| cell[..10].iter().copied().fold(1e-4_f32, f32::max).ln();
    cells.iter().map(log).sum::<f32>() / COUNT as f32
}

/// The band as ink, 0 ground to 1 print.
pub(crate) struct Ink {
    width: usize,
    height: usize,
    left: f32,
    top: f32,
    values: Vec<f32>,
}

impl Ink {
    /// Takes the band with a margin. The contrast is that of the band.
    fn of(card: &GrayImage, band: Band) -> Option<Self> {
        let high = band.bottom - band.top;
        if !(high >= 6.0 && band.right - band.left >= 64.0) {
            return None;
        }
        let clip = |v: f32, max: u32| v.clamp(0.0, max as f32) as u32;
        let (x0, x1) = (clip(band.left - high, card.width()), clip(band.right + high, card.width()));
        let (y0, y1) =
            (clip(band.top - 0.5 * high, card.height()), clip(band.bottom + 0.5 * high, card.height()));
        if x1 <= x0 + 64 || y1 <= y0 + 6 {
            return None;
        }
        let mut histogram = [0_u32; 256];
        for y in y0..y1 {
            for x in x0..x1 {
                histogram[usize::from(card.get_pixel(x, y).0[0])] += 1;
            }
        }
        let all = (x1 - x0) * (y1 - y0);
        let percentile = |share: f32| {
            let mut left = (all as f32 * share) as u32;
            for (value, count) in (0_u8..=255).zip(histogram) {
                if count > left {
                    return f32::from(value);
                }
                left -= count;
            }
            255.0
        };
        let (dark, ground) = (percentile(0.03), percentile(0.65));
        let scale = 1.0 / (ground - dark).max(24.0);
        let mut values = Vec::with_capacity((all) as usize);
        for y in y0..y1 {
            for x in x0..x1 {
                let v = f32::from(card.get_pixel(x, y).0[0]);
                values.push(((ground - v) * scale).clamp(0.0, 1.2));
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

    /// Bilinear, 0 outside. Pixel centres are at half coordinates.
    fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x - self.left - 0.5, y - self.top - 0.5);
        if x <= -1.0 || y <= -1.0 || x >= self.width as f32 || y >= self.height as f32 {
            return 0.0;
        }
        let (fx, fy) = (x.floor(), y.floor());
        let (ax, ay) = (x - fx, y - fy);
        let get = |cx: f32, cy: f32| {
            if cx < 0.0 || cy < 0.0 || cx >= self.width as f32 || cy >= self.height as f32 {
                0.0
            } else {
                self.values[cy as usize * self.width + cx as usize]
            }
        };
        let upper = get(fx, fy) * (1.0 - ax) + get(fx + 1.0, fy) * ax;
        let lower = get(fx, fy + 1.0) * (1.0 - ax) + get(fx + 1.0, fy + 1.0) * ax;
        upper * (1.0 - ay) + lower * ay
    }

    /// One cell as the network wants it: one pitch wide, 1.3 digit heights high.
    fn patch(&self, left: f32, pitch: f32, top: f32, bottom: f32) -> Patch {
        let high = (bottom - top) * 1.3;
        let y0 = f32::midpoint(top, bottom) - high / 2.0;
        let (dx, dy) = (pitch / CELL_WIDTH as f32, high / CELL_HEIGHT as f32);
        let mut patch = [[0.0; CELL_WIDTH]; CELL_HEIGHT];
        let mut max = 0.0_f32;
        for (row, line) in patch.iter_mut().enumerate() {
            for (column, cell) in line.iter_mut().enumerate() {
                let (x, y) = (left + column as f32 * dx, y0 + row as f32 * dy);
                // Four samples: the source has about twice the patch's resolution.
                let value = self.at(x + dx * 0.25, y + dy * 0.25)
                    + self.at(x + dx * 0.75, y + dy * 0.25)
                    + self.at(x + dx * 0.25, y + dy * 0.75)
                    + self.at(x + dx * 0.75, y + dy * 0.75);
                *cell = value / 4.0;
                max = max.max(*cell);
            }
        }
        // Blurred or washed-out digits are brought up to the contrast of printed ones, ground dirt is not.
        let gain = 0.95 / max.clamp(0.35, 1.0);
        for cell in patch.iter_mut().flatten() {
            *cell *= gain;
        }
        patch
    }
}

/// Grids whose borders run between the digits, best first.
fn coarse_grids(ink: &Ink, band: Band, pitch_range: (f32, f32)) -> Vec<Grid> {
    // Ink per column, within the height of the digits.
    let rows = |y: f32| ((y - ink.top).max(0.0) as usize).min(ink.height);
    let (y0, y1) = (rows(band.top), rows(band.bottom).max(rows(band.top) + 1).min(ink.height));
    let mut columns = vec![0.0_f32; ink.width];
    for y in y0..y1 {
        for (sum, v) in columns.iter_mut().zip(&ink.values[y * ink.width..(y + 1) * ink.width]) {
            *sum += v / (y1 - y0) as f32;
        }
    }
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

impl Network {
    /// The eleven probabilities of each cell of a grid.
    fn probabilities(&self, ink: &Ink, grid: Grid) -> [[f32; CLASSES]; COUNT] {
        let mut all = [[0.0; CLASSES]; COUNT];
        for (i, cell) in all.iter_mut().enumerate() {
            let left = grid.left + i as f32 * grid.pitch;
            *cell = self.classify(&ink.patch(left, grid.pitch, grid.top, grid.bottom));
        }
        all
    }
}

/// A NIK as read.
#[derive(Debug, Clone, PartialEq)]
pub struct NikChoice {
    /// Sixteen digits.
    pub digits: String,
    /// Probability that all of them are right.
    pub confidence: f32,
}

/// How much less likely than the best a digit may be and still be considered.
const CLOSE: f32 = 0.12;
/// How many combinations of close alternatives are considered.
const MAX_BRANCHES: usize = 64;

/// The likeliest digits, or, where close alternatives exist, the likeliest combination that is a NIK at all.
///
/// Only what every NIK obeys is used here (area, date and serial exist), not what else is printed on the card:
/// repairing the number towards the printed date would hide the contradiction that scoring looks for.
pub fn choose_nik(row: &DigitRow) -> NikChoice {
    let mut branches: Vec<(f32, String)> = vec![(1.0, String::with_capacity(COUNT))];
    for cell in &row.cells {
        let (_, top) = best(cell);
        let mut next = Vec::with_capacity(branches.len() * 2);
        for (p, text) in &branches {
            for (digit, q) in (b'0'..).zip(cell) {
                if *q >= CLOSE * top {
                    let mut longer = text.clone();
                    longer.push(char::from(digit));
                    next.push((p * q, longer));
                }
            }
        }
        next.sort_by(|a, b| b.0.total_cmp(&a.0));
        next.truncate(MAX_BRANCHES);
        branches = next;
    }
    let valid = |text: &str| text.parse::<Nik>().is_ok();
    let known = |text: &str| {
        text.parse::<Nik>().is_ok_and(|nik| filot_domain::areas::province_name(nik.province()).is_some())
    };
    let total: f32 = branches.iter().filter(|(_, text)| valid(text)).map(|(p, _)| p).sum();
    let best_of = |test: &dyn Fn(&str) -> bool| branches.iter().find(|(_, text)| test(text)).cloned();
    match best_of(&known).or_else(|| best_of(&valid)) {
        Some((p, digits)) => {
            // What the other valid combinations hold is doubt; what only impossible ones hold is not.
            let share = if total > 0.0 { p / total } else { 0.0 };
            let likeliest = branches.first().is_some_and(|(_, text)| *text == digits);
            let cells: f32 = digits
                .bytes()
                .zip(&row.cells)
                .map(|(b, cell)| cell[usize::from(b - b'0')].max(1e-3))
                .fold(1.0, f32::min);
            let confidence =
                if likeliest { share.min(cells.sqrt()) } else { (share * 0.8).min(cells.sqrt()) };
            NikChoice { digits, confidence: confidence.clamp(0.0, 0.999) }
        }
        None => {
            let (p, digits) = branches.first().cloned().unwrap_or((0.0, row.text()));
            NikChoice { digits, confidence: (p * 0.5).clamp(0.0, 0.5) }
        }
    }
}

#[cfg(test)]
mod tests;
