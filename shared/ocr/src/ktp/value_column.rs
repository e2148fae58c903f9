//! The column in which the values of a KTP begin, and the border between the label and the value of a row.
//!
//! Owns both, found from the print of this card: print runs, cut edges and squeezed pictures move the column by a tenth of
//! the card's width. It must not know which field a row holds.

use crate::correction::glyph::Glyph;
use crate::ktp::params::PARAMS;
use crate::ktp::template::TEMPLATE;
use crate::page::{Page, Row};

/// The line along which values begin. It may lean, where the card was not made quite flat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ValueColumn {
    /// Column in px at the middle of the page.
    at: f32,
    /// px to the right for each px further down.
    lean: f32,
    /// Half the page's height in px.
    middle: f32,
}

/// The beginning of a wide piece of print.
#[derive(Debug, Clone, Copy)]
struct Start {
    x: f32,
    y: f32,
    /// A colon stands before it, which counts twice.
    weight: f32,
}

impl ValueColumn {
    /// The column at which most rows start a piece of print; a colon before a piece speaks for it. `high`: height of
    /// capitals in px.
    pub fn find(page: &Page, rows: &[Row], high: u32) -> Self {
        let (w, middle) = (page.width() as f32, page.height() as f32 / 2.0);
        let starts = starts(page, rows, high);
        let near = PARAMS.column_tolerance * high as f32;
        let mut best: Option<(f32, Self)> = None;
        let leans = (-PARAMS.column_leans..=PARAMS.column_leans)
            .map(|step| f32::from(step) * PARAMS.column_lean_step);
        for lean in leans {
            let upright = Self { at: 0.0, lean, middle };
            let at: Vec<(f32, f32)> =
                starts.iter().map(|start| (start.x - upright.x(start.y), start.weight)).collect();
            let Some((support, x)) = column_at(&at, near) else { continue };
            // A column that leans less is likelier.
            let support = support - PARAMS.column_lean_cost * lean.abs();
            if best.is_none_or(|(most, _)| support > most) {
                best = Some((support, Self { at: x, ..upright }));
            }
        }
        let Some((_, mut column)) = best else {
            return Self { at: TEMPLATE.value_left_usual * w, lean: 0.0, middle };
        };
        for reach in [1.5 * near, near] {
            column = column.fitted(&starts, reach).unwrap_or(column);
        }
        column
    }

    /// This line moved and turned through the starts within `reach` px of it. Turning needs rows far apart.
    fn fitted(self, starts: &[Start], reach: f32) -> Option<Self> {
        let off = |start: &Start| start.x - self.x(start.y);
        let inside: Vec<(f32, f32)> = starts
            .iter()
            .filter(|start| off(start).abs() <= reach)
            .map(|start| (off(start), start.y))
            .collect();
        let n = inside.len() as f32;
        if n < 3.0 {
            return None;
        }
        let (mx, my) =
            (inside.iter().map(|s| s.0).sum::<f32>() / n, inside.iter().map(|s| s.1).sum::<f32>() / n);
        let (mut yy, mut xy) = (0.0, 0.0);
        for (x, y) in &inside {
            yy += (y - my).powi(2);
            xy += (y - my) * (x - mx);
        }
        let turn = xy / (yy + n * (0.1 * self.middle).powi(2));
        Some(Self {
            at: self.at + mx + turn * (self.middle - my),
            lean: self.lean + turn,
            middle: self.middle,
        })
    }

    fn x(&self, y: f32) -> f32 {
        self.at + self.lean * (y - self.middle)
    }

    /// Where the value of a row should begin, in px.
    pub fn left(&self, row: Row) -> u32 {
        self.x(row.middle()).max(0.0) as u32
    }

    /// Where the value of a row may begin at the earliest: the border between label and value. It never divides a letter,
    /// unless there is no gap near the column.
    pub fn border(&self, page: &Page, row: Row, high: u32) -> Border {
        let column = self.left(row);
        let at = column.saturating_sub(high * 3 / 10);
        let around = page.strokes(row, column.saturating_sub(high * 5 / 2), column + high * 5 / 2, 1);
        match around.iter().find(|piece| piece.left < at && piece.right > at) {
            None => Border { at, divides_ink: false },
            // A letter that begins before the column, most of it behind: it is the value's.
            Some(piece) if piece.left + high >= column && piece.right > column => {
                Border { at: piece.left, divides_ink: false }
            }
            Some(piece) if piece.right <= column + high / 10 => {
                Border { at: piece.right, divides_ink: false }
            }
            Some(_) => Border { at, divides_ink: true },
        }
    }
}

/// The column of values among pieces of print (px, weight) that begin in columns, and what supports it: of those in which
/// many begin the rightmost, for labels stand in one too. `None`: fewer than three begin in one column.
fn column_at(starts: &[(f32, f32)], near: f32) -> Option<(f32, f32)> {
    let support = |x: f32| -> f32 {
        starts.iter().filter(|start| (start.0 - x).abs() <= near).map(|start| start.1).sum()
    };
    let supported: Vec<(f32, f32)> = starts.iter().map(|start| (support(start.0), start.0)).collect();
    let most = supported.iter().map(|column| column.0).fold(0.0, f32::max);
    let strong = supported.iter().filter(|column| column.0 >= (PARAMS.column_support_min * most).max(3.0));
    let rightmost = strong.map(|column| column.1).reduce(f32::max)?;
    supported
        .into_iter()
        .filter(|column| (column.1 - rightmost).abs() <= 2.0 * near)
        .max_by(|a, b| a.0.total_cmp(&b.0))
}

/// Where the label of a row ends and its value may begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Border {
    /// Column in px.
    pub at: u32,
    /// Whether print runs across it.
    pub divides_ink: bool,
}

/// Every start of a wide piece of print in the columns where values may begin.
fn starts(page: &Page, rows: &[Row], high: u32) -> Vec<Start> {
    let w = page.width() as f32;
    let (from, to) = TEMPLATE.value_left;
    let (from, to, right) = ((from * w) as u32, (to * w) as u32, (TEMPLATE.text_right * w) as u32);
    let mut starts = Vec::new();
    for row in rows {
        let spans = page.spans(*row, 0, right, high * 2 / 5);
        for (i, span) in spans.iter().enumerate() {
            if !(from..to).contains(&span.left) || (span.right - span.left) * 10 <= high * 4 {
                continue;
            }
            let colon = i
                .checked_sub(1)
                .and_then(|i| spans.get(i))
                .is_some_and(|before| Glyph::of(page, *row, *before).is_some_and(|glyph| glyph.is_colon()));
            let weight = if colon { 2.0 } else { 1.0 };
            starts.push(Start { x: span.left as f32, y: row.middle(), weight });
        }
    }
    starts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::Area;

    const HIGH: u32 = 20;

    /// Twelve rows of a label and a value, which begins 140 px behind it at `left` of the row's middle line; strokes of 4 px in
    /// letters of 10.
    fn page(left: impl Fn(u32) -> u32) -> (Page, Vec<Row>) {
        let rows: Vec<Row> =
            (0..12).map(|i| Row { top: 100 + 40 * i, bottom: 100 + 40 * i + HIGH }).collect();
        let gray = image::GrayImage::from_fn(1200, 757, |x, y| {
            let row = rows.iter().find(|row| (row.top..row.bottom).contains(&y));
            let inked = row.is_some_and(|row| {
                let begin = left(row.top + HIGH / 2);
                let text = |from: u32, to: u32| (from..to).contains(&x) && (x - from) % 10 < 4;
                text(begin - 140, begin - 30 - row.top % 90) || text(begin, begin + 150 + row.top % 70)
            });
            image::Luma([if inked { 20 } else { 250 }])
        });
        (Page::new(gray, Area { left: 0, top: 90, right: 1200, bottom: 700 }), rows)
    }

    #[test]
    fn values_begin_where_this_card_has_them() {
        for left in [180, 252, 300, 360] {
            let (page, rows) = page(|_| left);
            let column = ValueColumn::find(&page, &rows, HIGH);
            for row in &rows {
                assert!(column.left(*row).abs_diff(left) <= 2, "{left}: {}", column.left(*row));
            }
        }
    }

    #[test]
    fn the_column_of_a_tilted_card_leans() {
        let (page, rows) = page(|y| 250 + y / 10);
        let column = ValueColumn::find(&page, &rows, HIGH);
        for row in &rows {
            let expected = 250 + (row.top + HIGH / 2) / 10;
            assert!(column.left(*row).abs_diff(expected) <= 3, "{expected}: {}", column.left(*row));
        }
    }

    #[test]
    fn a_border_divides_no_letter() {
        let (page, rows) = page(|_| 300);
        let column = ValueColumn::find(&page, &rows, HIGH);
        let border = column.border(&page, rows[3], HIGH);
        assert!(!border.divides_ink && (290..=300).contains(&border.at), "{border:?}");
        // A bar through label and value leaves no place for it.
        let barred = image::GrayImage::from_fn(1200, 757, |x, y| {
            let bar = (40..400).contains(&x) && (rows[3].top..rows[3].bottom).contains(&y);
            image::Luma([if bar { 20 } else { page.gray.get_pixel(x, y).0[0] }])
        });
        let barred = Page::new(barred, Area { left: 0, top: 90, right: 1200, bottom: 700 });
        assert!(column.border(&barred, rows[3], HIGH).divides_ink);
    }
}
