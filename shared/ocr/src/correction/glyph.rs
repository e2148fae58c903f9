//! The shape of a single character, for the few places where a recogniser confuses two shapes that their strokes tell
//! apart.
//!
//! Owns shapes measured on the evened card. It must not know what the characters mean.

use crate::correction::params::PARAMS;
use crate::page::{Page, Row, Span};

/// A character's pixels: columns of its row, from its first to its last row of ink.
#[derive(Debug, Clone, Copy)]
pub struct Glyph<'a> {
    page: &'a Page,
    left: u32,
    right: u32,
    top: u32,
    bottom: u32,
    /// Height of the row's capitals.
    capital: u32,
}

/// The letters of blood groups as darkness, 0 to 1, of three columns by five rows: see [`Glyph::letter`].
const SHAPES: [(char, [f32; 15]); 3] = [
    ('A', [0.0, 1.0, 0.0, 0.3, 0.9, 0.3, 0.7, 0.4, 0.7, 0.9, 1.0, 0.9, 1.0, 0.0, 1.0]),
    ('B', [1.0, 1.0, 0.6, 1.0, 0.2, 0.9, 1.0, 1.0, 0.7, 1.0, 0.2, 1.0, 1.0, 1.0, 0.7]),
    ('O', [0.4, 1.0, 0.4, 1.0, 0.1, 1.0, 1.0, 0.0, 1.0, 1.0, 0.1, 1.0, 0.4, 1.0, 0.4]),
];

impl<'a> Glyph<'a> {
    /// The print between two columns of a row. `None` where there is none.
    pub fn of(page: &'a Page, row: Row, span: Span) -> Option<Self> {
        let (top, bottom) = page.ink_height(row, span)?;
        (span.right > span.left).then(|| Self {
            page,
            left: span.left,
            right: span.right,
            top,
            bottom,
            capital: row.height().max(1),
        })
    }

    /// Columns over the height of a capital.
    pub fn width(&self) -> f32 {
        (self.right - self.left) as f32 / self.capital as f32
    }

    /// Height over the height of a capital.
    pub fn height(&self) -> f32 {
        (self.bottom - self.top) as f32 / self.capital as f32
    }

    /// A part of the glyph, one of `count` equal parts across.
    fn part(&self, index: u32, count: u32) -> Self {
        let at = |i: u32| self.left + (self.right - self.left) * i / count;
        Self { left: at(index), right: at(index + 1), ..*self }
    }

    /// Two glyphs that have run together, parted in the middle.
    pub fn halves(&self) -> [Self; 2] {
        [self.part(0, 2), self.part(1, 2)]
    }

    /// Mean darkness, 0 to 255, of a rectangle given in shares of the glyph.
    fn dark(&self, x: (f32, f32), y: (f32, f32)) -> f32 {
        let span = |(from, to): (f32, f32), first: u32, last: u32| {
            let length = (last - first) as f32;
            let from = first + (from * length) as u32;
            let to = first + (to * length).ceil() as u32;
            (from, to.max(from + 1).min(last.max(from + 1)))
        };
        let (x0, x1) = span(x, self.left, self.right);
        let (y0, y1) = span(y, self.top, self.bottom);
        self.page.darkness(Row { top: y0, bottom: y1 }, Span { left: x0, right: x1 })
    }

    /// The letter of a blood group that it is most similar to, and the correlation of their shapes, −1 to 1.
    pub fn letter(&self) -> Option<(char, f32)> {
        let thirds = [(0.0, 0.3), (0.35, 0.65), (0.7, 1.0)];
        let fifths = [(0.0, 0.16), (0.22, 0.38), (0.42, 0.58), (0.62, 0.78), (0.84, 1.0)];
        let mut cells = [0.0; 15];
        let places = fifths.iter().flat_map(|y| thirds.iter().map(move |x| (*x, *y)));
        for (cell, (x, y)) in cells.iter_mut().zip(places) {
            *cell = self.dark(x, y);
        }
        let likes = SHAPES.iter().map(|(name, shape)| (*name, correlation(&cells, shape)));
        likes.max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// Darkness of the left side at the corners and in the middle, over its darkness between them, 0 to about 1.3: a `B`
    /// has a straight stem there, an `8` bends away from it.
    pub fn stem(&self) -> f32 {
        let side = (0.0, 0.2);
        let bends = [(0.0, 0.12), (0.44, 0.56), (0.88, 1.0)].map(|y| self.dark(side, y));
        let lobes = self.dark((0.0, 0.25), (0.2, 0.36)).max(self.dark((0.0, 0.25), (0.64, 0.8)));
        bends.iter().sum::<f32>() / 3.0 / lobes.max(20.0)
    }

    /// Darkness of the corners on the left over that of the side between them: a `D` has corners there, an `O` has none.
    pub fn corners(&self) -> f32 {
        // Parts are rounded up: of a small letter these are a fifth and a seventh.
        let side = (0.0, 0.17);
        let ends = [(0.0, 0.11), (0.89, 1.0)].map(|y| self.dark(side, y));
        ends.iter().sum::<f32>() / 2.0 / self.dark(side, (0.3, 0.7)).max(20.0)
    }

    /// A short flat stroke half way up.
    pub fn is_dash(&self, row: Row) -> bool {
        (0.1..=1.0).contains(&self.width())
            && self.height() <= 0.4
            && self.top > row.top + self.capital / 4
            && self.bottom < row.bottom - self.capital / 8
    }

    /// A cross: lower than a letter, dark in the middle, light in the corners.
    pub fn is_plus(&self, row: Row) -> bool {
        let ends = [(0.0, 0.28), (0.72, 1.0)];
        let corner = ends.into_iter().flat_map(|x| ends.map(|y| self.dark(x, y))).fold(0.0, f32::max);
        (0.35..=0.9).contains(&self.height())
            && (0.35..=0.95).contains(&self.width())
            && self.bottom > row.top + self.capital / 2
            && corner < 0.45 * self.dark((0.35, 0.65), (0.35, 0.65))
    }

    /// A dot on the line.
    pub fn is_stop(&self, row: Row) -> bool {
        self.width() <= 0.35 && self.height() <= 0.35 && self.top > row.top + self.capital / 2
    }

    /// A straight upright stroke as high as a letter: one stroke of a Roman numeral.
    pub fn is_stroke(&self) -> bool {
        self.width() <= PARAMS.stroke_width_max && self.height() >= 0.8 && self.is_solid()
    }

    /// About as dark in the middle as at both ends: a stroke, not the dots of a colon that blur has joined.
    pub fn is_solid(&self) -> bool {
        let third = |from: f32, to: f32| self.dark((0.0, 1.0), (from, to));
        third(0.38, 0.62) >= 0.75 * third(0.05, 0.3).max(third(0.7, 0.95))
    }

    /// Two dots above each other: narrow, with nothing between.
    pub fn is_colon(&self) -> bool {
        self.width() <= 0.3
            && self.height() >= 0.35
            && self.dark((0.0, 1.0), (0.4, 0.6)) < 0.45 * self.dark((0.0, 1.0), (0.0, 1.0))
    }
}

/// Pearson's correlation of two shapes or profiles of one length.
pub fn correlation(a: &[f32], b: &[f32]) -> f32 {
    let count = a.len().min(b.len()).max(1) as f32;
    let mean = |v: &[f32]| v.iter().sum::<f32>() / count;
    let (ma, mb) = (mean(a), mean(b));
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(b) {
        ab += (x - ma) * (y - mb);
        aa += (x - ma) * (x - ma);
        bb += (y - mb) * (y - mb);
    }
    ab / (aa * bb).sqrt().max(1e-6)
}
