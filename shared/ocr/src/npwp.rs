//! Finds and recognises the lines of an NPWP card, either layout.
//!
//! Both layouts are lines from the left edge: the number, the name, perhaps the NIK, the address, the registration.
//! What the recognised text means is decided in [`crate::fields_npwp`].

use crate::digits::{self, Band, NumberRow, Pattern};
use crate::engine::{Engine, EngineError, Line, LineImage, TextClass};
use crate::fields_npwp::{self, Meaning};
use crate::layout::{Page, Row, Span};

mod places;

/// One line of the card.
#[derive(Debug, Clone, Default)]
pub struct NpwpLine {
    /// Top of the capitals, in pixels.
    pub top: u32,
    /// Baseline.
    pub bottom: u32,
    /// As read with every character allowed.
    pub line: Line,
    /// As read a second time, with the alphabet of what the line was found to hold.
    pub narrowed: Option<Line>,
    /// The number in the line as the digit classifier saw it.
    pub digits: Option<NumberRow>,
}

/// Where the lines of an NPWP card are.
#[derive(Debug, Clone)]
pub struct NpwpLayout {
    rows: Vec<(Row, Span)>,
}

/// Below the header band, above the lower band.
const TOP: f32 = 0.15;
const BOTTOM: f32 = 0.93;
const LEFT: f32 = 0.02;
/// Left of the QR code.
const RIGHT: f32 = 0.76;
const MAX_ROWS: usize = 14;
/// Cells that fit worse than this do not all hold a digit.
const MIN_NUMBER_FIT: f32 = -0.5;
/// How many lines decide whether to go on.
const PROBE: usize = 4;

impl NpwpLayout {
    /// Looks for the rows.
    pub fn find(page: &Page) -> Self {
        let w = page.width() as f32;
        let at = |share: f32| (share * w) as u32;
        let place = |row: Row| {
            let spans = page.spans(row, at(LEFT), at(0.98), row.height() * 3 / 2);
            // Label, colon and value may stand apart; what begins on the right is the code or the background.
            let text: Vec<&Span> = spans.iter().filter(|span| span.left < at(0.6)).collect();
            let (first, last) = (text.first()?, text.last()?);
            let span = Span { left: first.left, right: last.right };
            // A line begins on the left and is longer than it is high.
            (span.left < at(0.35) && span.right - span.left > row.height() * 3 / 2).then_some((row, span))
        };
        let found: Vec<(Row, Span)> =
            page.rows(page.area(LEFT, TOP, RIGHT, BOTTOM)).into_iter().filter_map(place).collect();
        let mut lefts: Vec<u32> = found.iter().map(|(_, span)| span.left).collect();
        lefts.sort_unstable();
        let left = lefts.get(lefts.len() / 2).copied().unwrap_or(0);
        let mut heights: Vec<u32> = found.iter().map(|(row, _)| row.height()).collect();
        heights.sort_unstable();
        let height = heights.get(heights.len() / 3).copied().unwrap_or(0);
        // A line of one short word holds too little ink beside the others: look again in the gaps, at the left edge.
        let mut rows: Vec<(Row, Span)> = Vec::with_capacity(MAX_ROWS);
        for (row, span) in found {
            if let Some((above, _)) = rows.last().copied()
                && row.top.saturating_sub(above.bottom) > height * 2
            {
                let area = crate::layout::Area {
                    left: left.saturating_sub(height),
                    top: above.bottom + height / 4,
                    right: left + height * 12,
                    bottom: row.top.saturating_sub(height / 4),
                };
                let fits = |(row, span): &(Row, Span)| {
                    row.height() * 10 >= height * 7
                        && row.height() * 10 <= height * 14
                        && span.left.abs_diff(left) * 2 <= height
                };
                rows.extend(page.faint_rows(area).into_iter().filter_map(place).filter(fits).take(2));
            }
            rows.push((row, span));
        }
        rows.truncate(MAX_ROWS);
        Self { rows }
    }

    /// Reads a few lines from the top, and the rest only if they speak of an NPWP card.
    pub fn read(&self, page: &Page, engine: &mut dyn Engine) -> Result<Vec<NpwpLine>, EngineError> {
        let image = |(row, span): &(Row, Span), class| LineImage { image: page.crop(*row, *span), class };
        let all = |rows: &[(Row, Span)]| -> Vec<LineImage> {
            rows.iter().map(|place| image(place, TextClass::Any)).collect()
        };
        let (probe, rest) = self.rows.split_at(PROBE.min(self.rows.len()));
        let mut read = engine.recognise(&all(probe))?;
        if !read.iter().any(|line| fields_npwp::speaks_of_npwp(&line.text())) {
            return Ok(Vec::new());
        }
        read.extend(engine.recognise(&all(rest))?);
        let mut lines: Vec<NpwpLine> = self
            .rows
            .iter()
            .zip(read)
            .map(|((row, _), line)| NpwpLine {
                top: row.top,
                bottom: row.bottom,
                line,
                narrowed: None,
                digits: None,
            })
            .collect();
        // Second look at what matters, with the alphabet it can have.
        let meanings = fields_npwp::meanings(&lines);
        let mut again = Vec::new();
        let mut places = Vec::new();
        for (i, meaning) in meanings.iter().enumerate() {
            let (row, span) = self.rows[i];
            match meaning {
                Meaning::Number | Meaning::Nik => {
                    // The number only: the label would be forced into digits.
                    let from = fields_npwp::number_from(&lines[i].line);
                    let margin = row.height() * 3 / 10;
                    let begin = span.left + from;
                    let band = Band {
                        left: begin as f32,
                        right: span.right as f32,
                        top: row.top as f32,
                        bottom: row.bottom as f32,
                    };
                    lines[i].digits = digits::read_number(&page.gray, band, patterns(*meaning))
                        .filter(|number| number.fit > MIN_NUMBER_FIT);
                    let left = begin.saturating_sub(margin).max(span.left);
                    let span = Span { left, right: span.right };
                    again.push(image(&(row, span), TextClass::Digits));
                    places.push(i);
                }
                Meaning::Name => {
                    again.push(image(&(row, span), TextClass::Name));
                    places.push(i);
                }
                Meaning::Address => {
                    again.push(image(&(row, span), TextClass::Upper));
                    places.push(i);
                }
                Meaning::Other => {}
            }
        }
        for (i, line) in places.into_iter().zip(engine.recognise(&again)?) {
            lines[i].narrowed = Some(line);
        }
        Ok(lines)
    }
}

/// The forms that a number can have.
const fn patterns(meaning: Meaning) -> &'static [Pattern] {
    match meaning {
        Meaning::Nik => &[Pattern::PLAIN_16],
        _ => &[Pattern::NPWP_15, Pattern::GROUPED_16, Pattern::PLAIN_16],
    }
}
