//! Where the print is on an evened card: rows, and the pieces of a row.
//!
//! Owns geometry found in the picture: a remaining tilt, text rows by projection, gaps within a row. It must not know
//! which card this is: where a field usually stands is known to the readers of KTP and NPWP.

use image::GrayImage;

use crate::image::histogram::percentile;

/// A part of the card in pixels: left, top, right, bottom.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Area {
    /// First column.
    pub left: u32,
    /// First row of pixels.
    pub top: u32,
    /// Column after the last.
    pub right: u32,
    /// Row of pixels after the last.
    pub bottom: u32,
}

/// A row of print: from the top of its capitals to its baseline.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Row {
    /// Top of the capitals.
    pub top: u32,
    /// Baseline, the first row of pixels below.
    pub bottom: u32,
}

impl Row {
    /// Height of the capitals.
    pub const fn height(&self) -> u32 {
        self.bottom - self.top
    }

    /// Middle of the capitals.
    pub const fn middle(&self) -> f32 {
        (self.top + self.bottom) as f32 / 2.0
    }
}

/// A run of print in a row without a wide gap.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// First column with ink.
    pub left: u32,
    /// Column after the last with ink.
    pub right: u32,
}

/// An evened card whose rows run level, and its ink.
#[derive(Debug, Clone)]
pub struct Page {
    /// Dark print on a light ground.
    pub gray: GrayImage,
    /// 1 where there is print.
    ink: Vec<u8>,
    width: usize,
    height: usize,
    /// By how much rows were found to slope on the card.
    shear: f32,
}

/// What rows and spans were fitted to: tuned on flat cards of [`crate::image::rectify::CARD_WIDTH`] drawn by
/// `tests/cards/generate.py --styles tuned`. `./dev accuracy --count N --seed S` checks it. px are of the card.
struct Params {
    /// Lower rows, in px, are no print.
    least_row: u32,
    /// Shares of the pixels that are print for certain, and no brighter than the ground.
    ink_shares: (f32, f32),
    /// A pixel is ink that is darker than this share of the way from print to ground.
    ink_at: f32,
    /// The darkest and the brightest grey level at which ink may end.
    ink_levels: (f32, f32),
    /// Step of the slopes tried, and how many there are each way.
    slope: (f32, i16),
    /// By which factor rows are sharper at a slope that is worth straightening.
    slope_gain: f32,
    /// Ink of a line of pixels, in px, from which on it is part of a row.
    row_ink: f32,
    /// The same of a row that may hold as little as one short word.
    faint_row_ink: f32,
    /// What a strong line of pixels is, by how many percent of the lines with ink have less.
    strong_percent: usize,
    /// The share of a strong line's ink that a line of a row has at least.
    row_share: f32,
    /// Descenders and accents are thin: a row is where its ink is at least this share of the most.
    body_share: f32,
    /// Higher rows, as a share of the card's height, may be two: rows stand 52 thousandths apart.
    two_rows: f32,
    /// They are two if between them there is less than this share of the most ink.
    valley_share: f32,
    /// Narrower spans, in px, are specks of dirt.
    least_span: u32,
    /// A column of a row is inked that has so many px of ink.
    column_ink: usize,
    /// Margin of a line's picture above, below and at the sides, in tenths of the row's height.
    margin: (u32, u32, u32),
}

const FITTED: Params = Params {
    least_row: 8,
    ink_shares: (0.02, 0.6),
    ink_at: 0.55,
    ink_levels: (70.0, 200.0),
    slope: (0.0025, 12),
    slope_gain: 1.02,
    row_ink: 7.0,
    faint_row_ink: 3.5,
    strong_percent: 85,
    row_share: 0.14,
    body_share: 0.30,
    two_rows: 0.078,
    valley_share: 0.55,
    least_span: 3,
    column_ink: 2,
    margin: (3, 4, 3),
};

impl Page {
    /// Takes an evened picture, levels it by the print in `area` and finds its ink.
    pub fn new(gray: GrayImage, area: Area) -> Self {
        let page = Self::with_ink(gray);
        match page.shear(area) {
            Some(shear) => Self { shear, ..Self::with_ink(sheared(&page.gray, shear)) },
            None => page,
        }
    }

    fn with_ink(gray: GrayImage) -> Self {
        let (width, height) = (gray.width() as usize, gray.height() as usize);
        let threshold = ink_threshold(&gray);
        let ink = gray.as_raw().iter().map(|v| u8::from(*v < threshold)).collect();
        Self { gray, ink, width, height, shear: 0.0 }
    }

    /// Width of the card in pixels.
    pub const fn width(&self) -> u32 {
        self.width as u32
    }

    /// Height of the card in pixels.
    pub const fn height(&self) -> u32 {
        self.height as u32
    }

    /// The height at which the card has what the page has at this point.
    pub fn on_card(&self, x: f32, y: f32) -> f32 {
        y + (x - self.width as f32 / 2.0) * self.shear
    }

    /// The page without what is printed in these parts; `None`: there are none.
    pub fn without(&self, parts: &[Area]) -> Option<Self> {
        if parts.is_empty() {
            return None;
        }
        let mut page = self.clone();
        for part in parts {
            let right = (part.right as usize).min(page.width);
            for y in part.top as usize..(part.bottom as usize).min(page.height) {
                let line = y * page.width;
                if let Some(ink) = page.ink.get_mut(line + (part.left as usize).min(right)..line + right) {
                    ink.fill(0);
                }
            }
        }
        Some(page)
    }

    /// A part given in shares of the card.
    pub fn area(&self, left: f32, top: f32, right: f32, bottom: f32) -> Area {
        let at = |share: f32, of: usize| (share.clamp(0.0, 1.0) * of as f32) as u32;
        Area {
            left: at(left, self.width),
            top: at(top, self.height),
            right: at(right, self.width),
            bottom: at(bottom, self.height),
        }
    }

    /// Ink per row of pixels.
    fn profile(&self, area: Area) -> Vec<f32> {
        let (top, bottom) = (area.top as usize, (area.bottom as usize).min(self.height));
        let (left, right) = (area.left as usize, (area.right as usize).min(self.width));
        let ink = |y: usize| {
            let line = self.ink.get(y * self.width + left..y * self.width + right).unwrap_or_default();
            line.iter().map(|ink| u32::from(*ink)).sum::<u32>() as f32
        };
        (top..bottom).map(ink).collect()
    }

    /// The slope at which the rows of print are sharpest, if it is worth straightening.
    fn shear(&self, area: Area) -> Option<f32> {
        const STEP: usize = 3;
        let (top, bottom) = (area.top as usize, (area.bottom as usize).min(self.height));
        let (left, right) = (area.left as usize, (area.right as usize).min(self.width));
        let middle = self.width as f32 / 2.0;
        // Every third column of ink, each laid out in a row: they are added up for every slope.
        let places: Vec<usize> = (left..right).step_by(STEP).collect();
        let mut columns = vec![0_u8; places.len() * self.height];
        for (y, line) in self.ink.chunks_exact(self.width.max(1)).enumerate() {
            for (i, &x) in places.iter().enumerate() {
                columns[i * self.height + y] = line[x];
            }
        }
        let mut profile = vec![0_u16; bottom.saturating_sub(top)];
        let mut sharpness = |shear: f32| {
            profile.fill(0);
            for (column, &x) in columns.chunks_exact(self.height.max(1)).zip(&places) {
                let shift = ((x as f32 - middle) * shear).round() as isize;
                // What lies outside of the card counts nothing.
                let from = top as isize + shift;
                let skip = from.min(0).unsigned_abs();
                let inside = column.get(from.max(0) as usize..).unwrap_or_default();
                for (sum, &ink) in profile.iter_mut().skip(skip).zip(inside) {
                    *sum += u16::from(ink);
                }
            }
            let rise = |pair: &[u16]| (f32::from(pair[1]) - f32::from(pair[0])).powi(2);
            profile.windows(2).map(rise).sum::<f32>()
        };
        let mut best = (sharpness(0.0) * FITTED.slope_gain, 0.0_f32);
        let (slope_step, slopes) = FITTED.slope;
        for i in 1..=slopes {
            for sign in [-1.0, 1.0] {
                let shear = f32::from(i) * slope_step * sign;
                let sharp = sharpness(shear);
                if sharp > best.0 {
                    best = (sharp, shear);
                }
            }
        }
        (best.1 != 0.0).then_some(best.1)
    }

    /// The rows of print within an area, from top to bottom.
    pub fn rows(&self, area: Area) -> Vec<Row> {
        self.rows_of(area, FITTED.row_ink)
    }

    /// The rows of print within an area where a row may hold as little as one short word.
    pub fn faint_rows(&self, area: Area) -> Vec<Row> {
        self.rows_of(area, FITTED.faint_row_ink)
    }

    fn rows_of(&self, area: Area, least: f32) -> Vec<Row> {
        let profile = smooth(&self.profile(area));
        let mut sorted: Vec<f32> = profile.iter().copied().filter(|v| *v >= 1.0).collect();
        if sorted.is_empty() {
            return Vec::new();
        }
        sorted.sort_by(f32::total_cmp);
        let strong = sorted[sorted.len() * FITTED.strong_percent / 100];
        let threshold = (FITTED.row_share * strong).max(least);
        let mut rows = Vec::new();
        let mut start = None;
        for (y, v) in profile.iter().copied().chain([0.0]).enumerate() {
            match (start, v > threshold) {
                (None, true) => start = Some(y),
                (Some(from), false) => {
                    self.push_row(&mut rows, &profile, area.top, from, y);
                    start = None;
                }
                _ => {}
            }
        }
        rows
    }

    /// Adds the row of print in an interval of the profile, or the rows, when several have run together.
    fn push_row(&self, rows: &mut Vec<Row>, profile: &[f32], offset: u32, from: usize, to: usize) {
        let peak = profile[from..to].iter().copied().fold(0.0, f32::max);
        let body = |v: &f32| *v > FITTED.body_share * peak;
        let (Some(first), Some(last)) =
            (profile[from..to].iter().position(body), profile[from..to].iter().rposition(body))
        else {
            return;
        };
        let (top, bottom) = (from + first, from + last + 1);
        let high = bottom - top;
        if high as f32 > FITTED.two_rows * self.height as f32 {
            let third = high / 4;
            let valley = (top + third..bottom - third).min_by(|a, b| profile[*a].total_cmp(&profile[*b]));
            if let Some(valley) = valley
                && profile[valley] < FITTED.valley_share * peak
                && valley > top + 4
                && bottom > valley + 5
            {
                self.push_row(rows, profile, offset, top, valley);
                self.push_row(rows, profile, offset, valley + 1, bottom);
                return;
            }
        }
        let (top, bottom) = (offset + top as u32, offset + bottom as u32);
        if bottom - top >= FITTED.least_row {
            rows.push(Row { top, bottom });
        }
    }

    /// The pieces of a row between `left` and `right`, parted by gaps of at least `gap` columns without ink.
    pub fn spans(&self, row: Row, left: u32, right: u32, gap: u32) -> Vec<Span> {
        let mut spans = self.strokes(row, left, right, gap);
        spans.retain(|span| span.right - span.left >= FITTED.least_span);
        spans
    }

    /// The same with pieces as thin as one column: the strokes of an `I` in small print.
    pub fn strokes(&self, row: Row, left: u32, right: u32, gap: u32) -> Vec<Span> {
        let right = right.min(self.width());
        let mut spans: Vec<Span> = Vec::new();
        for x in left..right {
            let ink = (row.top..row.bottom.min(self.height()))
                .filter(|y| self.ink[*y as usize * self.width + x as usize] == 1)
                .count();
            if ink < FITTED.column_ink {
                continue;
            }
            match spans.last_mut() {
                Some(span) if x - span.right < gap => span.right = x + 1,
                _ => spans.push(Span { left: x, right: x + 1 }),
            }
        }
        spans
    }

    /// Share of inked pixels in a part of a row.
    pub fn ink_share(&self, row: Row, span: Span) -> f32 {
        let mut count = 0_usize;
        for y in row.top..row.bottom.min(self.height()) {
            for x in span.left..span.right.min(self.width()) {
                count += usize::from(self.ink[y as usize * self.width + x as usize]);
            }
        }
        count as f32 / ((row.height() * (span.right - span.left)).max(1)) as f32
    }

    /// Mean darkness of a part of a row, ink or not.
    pub fn darkness(&self, row: Row, span: Span) -> f32 {
        let (mut sum, mut count) = (0_u32, 0_u32);
        for y in row.top..row.bottom.min(self.height()) {
            for x in span.left..span.right.min(self.width()) {
                sum += u32::from(255 - self.gray.get_pixel(x, y).0[0]);
                count += 1;
            }
        }
        sum as f32 / count.max(1) as f32
    }

    /// Mean darkness of the inked pixels of a part of a row, 0 to 255. Print of the card's ink is dark; print of its ground
    /// is paler.
    pub fn ink_darkness(&self, row: Row, span: Span) -> f32 {
        let (mut sum, mut count) = (0_u32, 0_u32);
        for y in row.top..row.bottom.min(self.height()) {
            for x in span.left..span.right.min(self.width()) {
                if self.ink[y as usize * self.width + x as usize] == 1 {
                    sum += u32::from(255 - self.gray.get_pixel(x, y).0[0]);
                    count += 1;
                }
            }
        }
        sum as f32 / count.max(1) as f32
    }

    /// First and last inked row of pixels within a part of a row.
    pub fn ink_height(&self, row: Row, span: Span) -> Option<(u32, u32)> {
        let inked = |y: &u32| {
            (span.left..span.right.min(self.width()))
                .any(|x| self.ink[*y as usize * self.width + x as usize] == 1)
        };
        let mut range = row.top..row.bottom.min(self.height());
        let top = range.clone().find(inked)?;
        let bottom = range.rfind(inked)?;
        Some((top, bottom + 1))
    }

    /// A line image with the margin that recognisers like.
    pub fn crop(&self, row: Row, span: Span) -> GrayImage {
        let high = row.height();
        let (above, below, side) = FITTED.margin;
        let (above, below, side) = (high * above / 10, high * below / 10, high * side / 10);
        let left = span.left.saturating_sub(side);
        let right = (span.right + side).min(self.width());
        let top = row.top.saturating_sub(above);
        let bottom = (row.bottom + below).min(self.height());
        image::imageops::crop_imm(
            &self.gray,
            left,
            top,
            right.saturating_sub(left),
            bottom.saturating_sub(top),
        )
        .to_image()
    }
}

/// Below this value a pixel is print: halfway between the darkest and the ground, within bounds.
fn ink_threshold(gray: &GrayImage) -> u8 {
    let mut histogram = [0_u32; 256];
    for v in gray.as_raw() {
        histogram[usize::from(*v)] += 1;
    }
    let (dark_share, ground_share) = FITTED.ink_shares;
    let (dark, ground) = (percentile(&histogram, dark_share), percentile(&histogram, ground_share));
    let (darkest, brightest) = FITTED.ink_levels;
    (dark + FITTED.ink_at * (ground - dark)).clamp(darkest, brightest) as u8
}

fn smooth(profile: &[f32]) -> Vec<f32> {
    let at = |i: isize| usize::try_from(i).ok().and_then(|i| profile.get(i)).copied().unwrap_or(0.0);
    (0..profile.len() as isize).map(|i| (at(i - 1) + 2.0 * at(i) + at(i + 1)) / 4.0).collect()
}

/// Shifts every column so that rows of print with this slope become level.
fn sheared(gray: &GrayImage, shear: f32) -> GrayImage {
    let (width, height) = gray.dimensions();
    let source = gray.as_raw();
    let mut out = GrayImage::new(width, height);
    // Columns that move by the same number of whole pixels, and how far each lies beyond.
    let mut runs: Vec<(isize, std::ops::Range<usize>)> = Vec::new();
    let mut parts = Vec::with_capacity(width as usize);
    for x in 0..width as usize {
        let shift = (x as f32 - width as f32 / 2.0) * shear;
        let whole = shift.floor();
        parts.push(shift - whole);
        match runs.last_mut() {
            Some((moved, run)) if *moved == whole as isize => run.end = x + 1,
            _ => runs.push((whole as isize, x..x + 1)),
        }
    }
    let line = |y: isize, run: &std::ops::Range<usize>| {
        let begin = y.clamp(0, height as isize - 1) as usize * width as usize;
        source.get(begin + run.start..begin + run.end).unwrap_or_default()
    };
    let pixels: &mut [u8] = &mut out;
    for (y, to) in pixels.chunks_exact_mut(width.max(1) as usize).enumerate() {
        for (moved, run) in &runs {
            let (above, below) = (line(y as isize + moved, run), line(y as isize + moved + 1, run));
            let places = to[run.clone()].iter_mut().zip(&parts[run.clone()]);
            for ((out, part), (a, b)) in places.zip(above.iter().zip(below)) {
                let (a, b) = (f32::from(*a), f32::from(*b));
                *out = (a + (b - a) * part + 0.5) as u8;
            }
        }
    }
    out
}

/// A page for tests, 300 by 100, and its one row, 20 high from 40: as dark there as `dark` says, of a column and a line of the
/// row.
#[cfg(test)]
pub fn drawn(dark: impl Fn(u32, u32) -> u8) -> (Page, Row) {
    let row = Row { top: 40, bottom: 60 };
    let gray = GrayImage::from_fn(300, 100, |x, y| {
        image::Luma([if (row.top..row.bottom).contains(&y) { 255 - dark(x, y - row.top) } else { 255 }])
    });
    (Page::new(gray, Area { left: 0, top: 0, right: 300, bottom: 100 }), row)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// White, with bars of `thickness` rows at each `y`, tilted by `slope`.
    fn bars(ys: &[u32], thickness: u32, slope: f32) -> GrayImage {
        GrayImage::from_fn(600, 380, |x, y| {
            let level = y as f32 - (x as f32 - 300.0) * slope;
            let hit = ys.iter().any(|bar| level >= *bar as f32 && level < (*bar + thickness) as f32);
            // Letters, not bars: every other stretch is ground.
            image::Luma([if hit && x % 8 < 4 && (40..500).contains(&x) { 40 } else { 240 }])
        })
    }

    const ALL: Area = Area { left: 0, top: 0, right: 600, bottom: 380 };

    #[test]
    fn rows_are_found_where_they_are() {
        let page = Page::new(bars(&[50, 100, 150], 14, 0.0), ALL);
        let rows = page.rows(ALL);
        assert_eq!(rows.len(), 3);
        for (row, y) in rows.iter().zip([50, 100, 150]) {
            assert!(row.top.abs_diff(y) <= 1 && row.bottom.abs_diff(y + 14) <= 1, "{row:?}");
        }
    }

    #[test]
    fn a_tilt_is_levelled() {
        // Two hundredths over 460 columns is nine rows of pixels: without levelling the rows would run together.
        let page = Page::new(bars(&[60, 82, 104, 126], 14, 0.02), ALL);
        assert_eq!(page.rows(ALL).len(), 4);
    }

    #[test]
    fn spans_part_at_gaps() {
        let mut image = bars(&[50], 14, 0.0);
        for y in 50..64 {
            for x in 200..240 {
                image.put_pixel(x, y, image::Luma([240]));
            }
        }
        let page = Page::with_ink(image);
        let spans = page.spans(Row { top: 50, bottom: 64 }, 0, 600, 20);
        assert_eq!(spans.len(), 2);
        assert!(spans[0].right <= 200 && spans[1].left >= 240);
    }
}
