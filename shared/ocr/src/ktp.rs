//! Finds and recognises the lines of a KTP: header, NIK row, labelled rows.
//!
//! Owns the card's layout, as a prior: which part of the card to look at, what a row consists of. What the recognised
//! text means is decided in [`crate::fields_ktp`].

use crate::digits::{self, Band, DigitRow, NumberRow, Pattern};
use crate::engine::{Engine, EngineError, Line, LineImage, TextClass};
use crate::labels::{self, Label, LabelShape, RowMeaning};
use crate::layout::{Page, Row, Span};

mod places;

/// A row below the NIK.
#[derive(Debug, Clone, Default)]
pub struct KtpRow {
    /// What stands left of the colon; empty for the second line of a wrapped value.
    pub label: Line,
    /// What stands right of it.
    pub value: Line,
    /// A lone dash stands there: recognisers see nothing in it.
    pub value_is_dash: bool,
    /// The date or the numbers in the value as the digit classifier saw them, where the recogniser was in doubt.
    pub digits: Option<NumberRow>,
    /// What stands in the same row after a wide gap: the blood group with its label.
    pub extra: Option<Line>,
    /// The extra ends in a lone dash.
    pub extra_is_dash: bool,
    /// The sign that the last character of the extra has the shape of: recognisers take one for the other.
    pub extra_sign: Option<char>,
}

/// The lines of a KTP.
#[derive(Debug, Clone, Default)]
pub struct KtpLines {
    /// One or two header lines, from the top.
    pub header: Vec<Line>,
    /// The NIK row as the digit classifier saw it.
    pub nik: Option<DigitRow>,
    /// The rows below.
    pub rows: Vec<KtpRow>,
    /// What each row is; `None`: the labels tell.
    pub meanings: Option<Vec<RowMeaning>>,
}

// The prior, in shares of the card; print runs differ, so each is a generous bound.
const TEXT_LEFT: f32 = 0.015;
const TEXT_RIGHT: f32 = 0.725;
/// No value is printed further right.
const PORTRAIT_LEFT: f32 = 0.745;
/// What begins further right is the portrait's edge or the issuing city.
const LAST_START: f32 = 0.70;
const TEXT_TOP: f32 = 0.04;
const TEXT_BOTTOM: f32 = 0.97;
const NIK_TOP: f32 = 0.16;
const NIK_BOTTOM: f32 = 0.36;
const NIK_LEFT: f32 = 0.185;
const NIK_PITCH: (f32, f32) = (0.0235, 0.0345);
const VALUE_LEFT: (f32, f32) = (0.225, 0.37);
const ROW_PITCH: f32 = 0.0505;
/// How far RT/RW, village and district stand in under the address.
const INDENT: f32 = 0.036;
/// Twelve labels, and two wrapped lines each for name and address.
const MAX_ROWS: usize = 16;

/// Where the lines of a KTP are.
#[derive(Debug, Clone)]
pub struct KtpLayout {
    header: Vec<(Row, Span)>,
    nik: Option<Row>,
    rows: Vec<RowLayout>,
}

#[derive(Debug, Clone)]
struct RowLayout {
    row: Row,
    label: Option<Span>,
    value: Option<Span>,
    value_is_dash: bool,
    extra: Option<Span>,
    extra_is_dash: bool,
    extra_sign: Option<char>,
}

/// Gives every row the height of capitals, and adds the short second lines that the projection missed.
///
/// Where a long label in small letters stands before a short value, the row was measured by the label; where a wrapped
/// value leaves two digits on its second line, there is too little ink for a row.
fn evened(page: &Page, rows: Vec<Row>, height: u32) -> Vec<Row> {
    let mut heights: Vec<u32> = rows.iter().map(Row::height).collect();
    heights.sort_unstable();
    let capitals = heights.get(heights.len() * 7 / 10).copied().unwrap_or(height).min(height * 5 / 4);
    let mut steps: Vec<u32> = rows.windows(2).map(|pair| pair[1].bottom - pair[0].bottom).collect();
    steps.sort_unstable();
    let step = steps.get(steps.len() / 2).copied().unwrap_or(capitals * 17 / 10);
    let mut evened: Vec<Row> = Vec::with_capacity(rows.len() + 2);
    for row in rows {
        if let Some(above) = evened.last().copied()
            && (row.bottom - above.bottom) * 10 > step * 16
        {
            let area = crate::layout::Area {
                left: (0.22 * page.width() as f32) as u32,
                top: above.bottom + step / 6,
                right: (0.45 * page.width() as f32) as u32,
                bottom: row.bottom.saturating_sub(capitals),
            };
            let between = page
                .faint_rows(area)
                .into_iter()
                .filter(|found| found.height() * 10 >= capitals * 6 && found.height() * 10 <= capitals * 15);
            evened.extend(between.take(2));
        }
        evened.push(row);
    }
    evened.truncate(MAX_ROWS);
    for row in &mut evened {
        if row.height() < capitals {
            row.top = row.bottom.saturating_sub(capitals);
        }
    }
    evened
}

fn median(mut values: Vec<u32>) -> u32 {
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

impl KtpLayout {
    /// The part of a card whose print is level once the card is.
    pub fn area(page_width: u32, page_height: u32) -> crate::layout::Area {
        let at = |share: f32, of: u32| (share * of as f32) as u32;
        crate::layout::Area {
            left: at(TEXT_LEFT, page_width),
            top: at(0.2, page_height),
            right: at(0.70, page_width),
            bottom: at(0.93, page_height),
        }
    }

    /// Looks for the rows.
    pub fn find(page: &Page) -> Self {
        let (w, h) = (page.width() as f32, page.height() as f32);
        let rows = page.rows(page.area(TEXT_LEFT, TEXT_TOP, TEXT_RIGHT, TEXT_BOTTOM));
        let in_nik_zone = |row: &Row| (NIK_TOP * h..NIK_BOTTOM * h).contains(&row.middle());
        // The tallest row of digits near where it should be; the label may be small, so its column is left out.
        let digits = page.rows(page.area(0.26, NIK_TOP, 0.66, NIK_BOTTOM));
        let body_height =
            median(rows.iter().filter(|row| row.middle() > NIK_BOTTOM * h).map(|row| row.height()).collect())
                .max(8);
        let nik = digits
            .iter()
            .filter(|row| {
                in_nik_zone(row) && row.height() * 10 >= body_height * 11 && row.height() <= body_height * 3
            })
            .max_by_key(|row| row.height())
            .or_else(|| digits.iter().min_by_key(|row| (row.middle() - 0.25 * h).abs() as u32))
            .copied();
        let nik_middle = nik.map_or(0.25 * h, |row| row.middle());
        let half = nik.map_or(0.03 * h, |row| row.height() as f32 * 0.5);
        let above: Vec<Row> = page
            .rows(page.area(0.12, TEXT_TOP, 0.90, NIK_BOTTOM))
            .into_iter()
            .filter(|row| (row.bottom as f32) < nik_middle - half + 3.0)
            .collect();
        let header = above[above.len().saturating_sub(2)..]
            .iter()
            .filter_map(|row| header_span(page, *row).map(|span| (*row, span)))
            .collect();
        let body: Vec<Row> = rows
            .into_iter()
            .filter(|row| {
                row.middle() > nik_middle + half.max(0.5 * ROW_PITCH * h)
                    && row.height() * 5 >= body_height * 2
                    && row.height() <= body_height * 2
            })
            .take(MAX_ROWS)
            .collect();
        let body = evened(page, body, body_height);
        let rows = row_layouts(page, &body, body_height, w);
        Self { header, nik, rows }
    }

    /// How many rows have a label.
    pub fn labelled_rows(&self) -> usize {
        self.rows.iter().filter(|row| row.label.is_some()).count()
    }

    /// Recognises the header only: the cheapest look at whether this is a KTP.
    pub fn read_header(&self, page: &Page, engine: &mut dyn Engine) -> Result<Vec<Line>, EngineError> {
        let images: Vec<LineImage> = self
            .header
            .iter()
            .map(|(row, span)| LineImage { image: page.crop(*row, *span), class: TextClass::Upper })
            .collect();
        engine.recognise(&images)
    }

    /// Recognises the labels of `count` rows from the first: a second look when the header says nothing.
    pub fn read_labels(
        &self,
        page: &Page,
        engine: &mut dyn Engine,
        count: usize,
    ) -> Result<Vec<Line>, EngineError> {
        let images: Vec<LineImage> = self
            .rows
            .iter()
            .filter_map(|row| {
                let span = row.label?;
                Some(LineImage { image: page.crop(row.row, span), class: TextClass::Any })
            })
            .take(count)
            .collect();
        engine.recognise(&images)
    }

    /// What the rows are, if their labels' places and lengths tell.
    fn meanings_by_shape(&self, page: &Page) -> Option<Vec<RowMeaning>> {
        let shapes: Vec<Option<LabelShape>> = self
            .rows
            .iter()
            .map(|row| {
                let shape = |span: Span| LabelShape {
                    left: span.left as f32,
                    width: (span.right - span.left) as f32,
                };
                row.label.map(shape)
            })
            .collect();
        let capital = median(self.rows.iter().map(|row| row.row.height()).collect()) as f32;
        labels::align_by_shape(&shapes, capital, INDENT * page.width() as f32)
    }

    /// Reads the NIK row with the digit classifier.
    pub fn read_nik(&self, page: &Page) -> Option<DigitRow> {
        let w = page.width() as f32;
        let row = self.nik?;
        let (top, bottom) = (row.top as f32, row.bottom as f32);
        let band = Band { left: NIK_LEFT * w, right: TEXT_RIGHT * w, top, bottom };
        digits::read_row(&page.gray, band, (NIK_PITCH.0 * w, NIK_PITCH.1 * w))
    }

    /// Recognises everything else. `sure`: the header says that this is a KTP, so that labels need not be read where
    /// their shapes tell which is which.
    pub fn read(
        &self,
        page: &Page,
        engine: &mut dyn Engine,
        (header, nik): (Vec<Line>, Option<DigitRow>),
        sure: bool,
    ) -> Result<KtpLines, EngineError> {
        let mut rows: Vec<KtpRow> = self
            .rows
            .iter()
            .map(|row| KtpRow {
                value_is_dash: row.value_is_dash,
                extra_is_dash: row.extra_is_dash,
                extra_sign: row.extra_sign,
                ..KtpRow::default()
            })
            .collect();
        let by_shape = if sure { self.meanings_by_shape(page) } else { None };
        let meanings = match &by_shape {
            Some(meanings) => {
                for (row, meaning) in rows.iter_mut().zip(meanings) {
                    if let RowMeaning::Labelled(label) = meaning {
                        row.label = Line::certain(labels::printed(*label));
                    }
                }
                meanings.clone()
            }
            None => {
                self.read_spans(page, engine, &mut rows, |at| {
                    Some((at.label?, TextClass::Any, Part::Label))
                })?;
                let texts: Vec<String> = rows.iter().map(|row| row.label.text()).collect();
                labels::align(&texts)
            }
        };
        let mut meaning = meanings.iter();
        self.read_spans(page, engine, &mut rows, |at| {
            let class = value_class(meaning.next().copied());
            (!at.value_is_dash).then_some((at.value?, class, Part::Value))
        })?;
        for ((layout, row), meaning) in self.rows.iter().zip(&mut rows).zip(&meanings) {
            row.digits = second_look(page, layout, row, *meaning);
        }
        self.read_spans(page, engine, &mut rows, |at| {
            let class = TextClass::BloodGroup;
            Some((at.extra?, class, Part::Extra))
        })?;
        Ok(KtpLines { header, nik, rows, meanings: Some(meanings) })
    }

    /// Recognises what `pick` says of each row, as one batch.
    fn read_spans(
        &self,
        page: &Page,
        engine: &mut dyn Engine,
        rows: &mut [KtpRow],
        mut pick: impl FnMut(&RowLayout) -> Option<(Span, TextClass, Part)>,
    ) -> Result<(), EngineError> {
        let mut jobs = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            if let Some((span, class, part)) = pick(row) {
                jobs.push((i, part, LineImage { image: page.crop(row.row, span), class }));
            }
        }
        // Sorted by class: changing the alphabet costs.
        jobs.sort_by_key(|(_, _, line)| line.class);
        let (places, images): (Vec<(usize, Part)>, Vec<LineImage>) =
            jobs.into_iter().map(|(i, part, line)| ((i, part), line)).unzip();
        for ((i, part), line) in places.into_iter().zip(engine.recognise(&images)?) {
            if let Some(row) = rows.get_mut(i) {
                match part {
                    Part::Label => row.label = line,
                    Part::Value => row.value = line,
                    Part::Extra => row.extra = Some(line),
                }
            }
        }
        Ok(())
    }
}

/// A part of a row.
#[derive(Debug, Clone, Copy)]
enum Part {
    Label,
    Value,
    Extra,
}

/// From this confidence on a date or a number needs no second look.
const SURE: f32 = 0.985;
/// Cells that fit worse than this do not all hold a digit.
const MIN_NUMBER_FIT: f32 = -0.5;

/// The digits of a value that consists of digits or ends in a date, if the recogniser was not sure of them.
fn second_look(page: &Page, at: &RowLayout, read: &KtpRow, meaning: RowMeaning) -> Option<NumberRow> {
    let span = at.value?;
    if at.value_is_dash || read.value.confidence().min >= SURE {
        return None;
    }
    let (top, bottom, right) = (at.row.top as f32, at.row.bottom as f32, span.right as f32);
    let (left, pattern) = match meaning {
        RowMeaning::Labelled(Label::RtRw) => (span.left as f32, Pattern::RT_RW),
        RowMeaning::Labelled(Label::Birth) => (right - Pattern::DATE_WIDTH * (bottom - top), Pattern::DATE),
        _ => return None,
    };
    digits::read_number(&page.gray, Band { left, right, top, bottom }, &[pattern])
        .filter(|number| number.fit > MIN_NUMBER_FIT)
}

/// The alphabet of a row's value.
const fn value_class(meaning: Option<RowMeaning>) -> TextClass {
    match meaning {
        Some(RowMeaning::Labelled(Label::Name)) => TextClass::Name,
        Some(RowMeaning::Labelled(Label::RtRw)) => TextClass::Digits,
        _ => TextClass::Upper,
    }
}

/// The print of a header row: what is around the middle of the card without a wide gap.
fn header_span(page: &Page, row: Row) -> Option<Span> {
    let w = page.width();
    let spans = page.spans(row, w / 20, w - w / 20, row.height() * 3 / 2);
    spans
        .into_iter()
        .max_by_key(|span| span.right - span.left)
        .filter(|span| span.right - span.left > row.height() * 2)
}

/// A short flat stroke in the middle of the row.
fn is_dash(page: &Page, row: Row, span: Span) -> bool {
    let high = row.height();
    let wide = span.right - span.left;
    let Some((top, bottom)) = page.ink_height(row, span) else { return false };
    wide * 10 >= high * 2
        && wide <= high
        && (bottom - top) * 10 <= high * 4
        && top > row.top + high / 4
        && bottom < row.bottom - high / 8
}

/// The sign at the end of a piece of print: a dash is flat, a plus lower than a letter.
fn sign(page: &Page, row: Row, span: Span) -> Option<char> {
    let last = page.spans(row, span.left, span.right, 2).into_iter().next_back()?;
    if is_dash(page, row, last) {
        return Some('-');
    }
    let (top, bottom) = page.ink_height(row, last)?;
    let (high, wide) = (row.height(), last.right - last.left);
    let low = (bottom - top) * 10 >= high * 4 && (bottom - top) * 10 <= high * 8;
    (low && wide * 10 >= high * 4 && wide * 10 <= high * 9 && top > row.top + high / 10).then_some('+')
}

/// A piece of print without the edge of the portrait that it may have run into.
fn without_portrait(page: &Page, row: Row, span: Span, text_right: u32, high: u32) -> Option<Span> {
    if span.right <= text_right {
        return Some(span);
    }
    let last = page
        .spans(row, span.left, span.right, high * 3 / 10)
        .into_iter()
        .rfind(|piece| piece.left < text_right)?;
    Some(Span { left: span.left, right: last.right })
}

/// Where the values begin: the column at which most rows start a wide piece of print.
fn value_left(page: &Page, rows: &[Row], high: u32, w: f32) -> u32 {
    let (from, to) = ((VALUE_LEFT.0 * w) as u32, (VALUE_LEFT.1 * w) as u32);
    let mut starts = Vec::new();
    for row in rows {
        let spans = page.spans(*row, (TEXT_LEFT * w) as u32, (TEXT_RIGHT * w) as u32, high * 2 / 5);
        let begin =
            |span: &&Span| (from..to).contains(&span.left) && (span.right - span.left) * 10 > high * 4;
        starts.extend(spans.iter().find(begin).map(|span| span.left));
    }
    let near = |x: u32| starts.iter().filter(|start| start.abs_diff(x) * 10 <= high * 3).count();
    let best = starts.iter().copied().max_by_key(|x| (near(*x), u32::MAX - *x));
    match best {
        Some(x) if near(x) >= 3 => {
            median(starts.iter().copied().filter(|start| start.abs_diff(x) * 10 <= high * 3).collect())
        }
        _ => (0.27 * w) as u32,
    }
}

fn row_layouts(page: &Page, rows: &[Row], high: u32, w: f32) -> Vec<RowLayout> {
    let value_left = value_left(page, rows, high, w);
    let text_left = (TEXT_LEFT * w) as u32;
    let text_right = (TEXT_RIGHT * w) as u32;
    let right = (PORTRAIT_LEFT * w) as u32;
    rows.iter()
        .map(|row| {
            // The label: everything up to the colon.
            let before = page.spans(*row, text_left, value_left.saturating_sub(high / 4), high * 2 / 5);
            let wide = |span: &&Span| (span.right - span.left) * 10 > high * 4;
            let label = match (before.iter().find(wide), before.iter().rfind(wide)) {
                (Some(first), Some(last)) => Some(Span { left: first.left, right: last.right }),
                _ => None,
            };
            let after = page.spans(*row, value_left.saturating_sub(high * 3 / 10), right, high * 5 / 4);
            let mut value = after.first().copied().filter(|span| {
                // A value begins where values begin.
                span.left < value_left + high * 3
            });
            let value_is_dash = value.is_some_and(|span| is_dash(page, *row, span));
            let mut extra = None;
            if let Some(first) = value {
                let rest: Vec<Span> = after.iter().skip(1).copied().collect();
                let rest: Vec<Span> =
                    rest.into_iter().filter(|span| (span.left as f32) < LAST_START * w).collect();
                if let (Some(next), Some(last)) = (rest.first(), rest.last()) {
                    extra = Some(Span { left: next.left, right: last.right });
                }
                value = without_portrait(page, *row, first, text_right, high);
                extra = extra.and_then(|span| without_portrait(page, *row, span, text_right, high));
            }
            let extra_is_dash = extra.is_some_and(|span| {
                page.spans(*row, span.left, span.right, high * 3 / 10)
                    .last()
                    .is_some_and(|last| last.left > span.left && is_dash(page, *row, *last))
            });
            let extra_sign = extra.and_then(|span| sign(page, *row, span));
            RowLayout { row: *row, label, value, value_is_dash, extra, extra_is_dash, extra_sign }
        })
        .collect()
}
