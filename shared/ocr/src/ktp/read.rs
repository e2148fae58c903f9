//! Finds and recognises the lines of a KTP: header, NIK row, labelled rows.
//!
//! Owns the card's layout, as a prior: which part of the card to look at, what a row consists of. What the recognised
//! text means is decided in [`crate::ktp::fields`].

use crate::correction::strokes;
use crate::ktp::citizenship;
use crate::ktp::labels::{self, Label, LabelShape, RowMeaning};
use crate::page::{Page, Row, Span};
use crate::recognition::digits::{self, Band, DigitRow, NumberRow, Pattern};
use crate::recognition::engine::{Engine, EngineError, LineImage, TextClass};
use crate::recognition::{ctc, ensemble};
use crate::text::line::Line;

pub use crate::ktp::blood_type::BloodLook;
use crate::ktp::rows::{RowLayout, evened, header_span, median, row_layouts};

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
    /// The blood group that the end of the extra has the shape of.
    pub blood: Option<BloodLook>,
    /// The end of the extra as the second reader has it, which knows no other letters than those of a group.
    pub group: Option<Line>,
    /// The citizenship that the value has the shape of.
    pub citizen: Option<&'static str>,
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
pub(crate) const TEXT_LEFT: f32 = 0.015;
pub(crate) const TEXT_RIGHT: f32 = 0.725;
/// No value is printed further right.
pub(crate) const PORTRAIT_LEFT: f32 = 0.745;
/// What begins further right is the portrait's edge or the issuing city.
pub(crate) const LAST_START: f32 = 0.70;
const TEXT_TOP: f32 = 0.04;
/// Every header line has print between these; the portrait's upper edge lies further right.
const HEADER_SIDES: (f32, f32) = (0.2, 0.68);
const TEXT_BOTTOM: f32 = 0.97;
const NIK_TOP: f32 = 0.16;
const NIK_BOTTOM: f32 = 0.36;
const NIK_LEFT: f32 = 0.185;
const NIK_PITCH: (f32, f32) = (0.0235, 0.0345);
pub(crate) const VALUE_LEFT: (f32, f32) = (0.225, 0.37);
const ROW_PITCH: f32 = 0.0505;
/// How far RT/RW, village and district stand in under the address.
const INDENT: f32 = 0.036;
/// Twelve labels, and two wrapped lines each for name and address.
pub(crate) const MAX_ROWS: usize = 16;

/// Where the lines of a KTP are.
#[derive(Debug, Clone)]
pub struct KtpLayout {
    pub(crate) header: Vec<(Row, Span)>,
    pub(crate) nik: Option<Row>,
    pub(crate) rows: Vec<RowLayout>,
}

impl KtpLayout {
    /// The part of a card whose print is level once the card is.
    pub fn area(page_width: u32, page_height: u32) -> crate::page::Area {
        let at = |share: f32, of: u32| (share * of as f32) as u32;
        crate::page::Area {
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
        let above: Vec<(Row, Span)> = page
            .rows(page.area(HEADER_SIDES.0, TEXT_TOP, HEADER_SIDES.1, NIK_BOTTOM))
            .into_iter()
            .filter(|row| (row.bottom as f32) < nik_middle - half + 3.0)
            .filter_map(|row| header_span(page, row).map(|span| (row, span)))
            .collect();
        let header = above[above.len().saturating_sub(2)..].to_vec();
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
            .map(|row| KtpRow { value_is_dash: row.value_is_dash, blood: row.blood, ..KtpRow::default() })
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
        let mut above = RowMeaning::Nothing;
        for ((layout, row), meaning) in self.rows.iter().zip(&mut rows).zip(&meanings) {
            row.digits = second_look(page, layout, row, *meaning);
            if *meaning != RowMeaning::Continuation {
                above = *meaning;
            }
            match (layout.value, above) {
                (Some(span), RowMeaning::Labelled(Label::Address)) => {
                    if *meaning == above {
                        strokes::settle_street(page, layout.row, span, &mut row.value);
                    }
                    strokes::settle_address(page, layout.row, span, &mut row.value);
                }
                (Some(span), RowMeaning::Labelled(Label::Name)) => {
                    if layout.off_column && *meaning == above {
                        doubt_first(&mut row.value);
                    }
                    strokes::settle_name(page, layout.row, span, &mut row.value);
                }
                (Some(span), RowMeaning::Labelled(Label::Village)) => {
                    strokes::settle_end(page, layout.row, span, &mut row.value);
                }
                (Some(span), RowMeaning::Labelled(Label::Citizenship)) => {
                    row.citizen = citizenship::look(page, layout.row, span);
                }
                _ => {}
            }
            if let Some(span) =
                layout.value.filter(|_| !layout.value_is_dash && needs_second(&row.value, above))
            {
                let image =
                    LineImage { image: page.crop(layout.row, span), class: value_class(Some(*meaning)) };
                if let Some(seen) = ctc::look(&image) {
                    ensemble::settle(&mut row.value, &seen);
                }
            }
        }
        self.read_spans(page, engine, &mut rows, |at| {
            let class = TextClass::BloodGroup;
            Some((at.extra?, class, Part::Extra))
        })?;
        for (layout, row) in self.rows.iter().zip(&mut rows) {
            if let Some(span) = layout.extra.filter(|_| row.blood.is_none_or(|look| look.group != Some(""))) {
                let image = LineImage { image: page.crop(layout.row, span), class: TextClass::BloodGroup };
                row.group = ctc::look(&image).map(|seen| seen.line());
            }
        }
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
                let image = page.crop(row.row, span);
                jobs.push((i, part, LineImage { image, class }));
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
/// Whether a value needs the second reader: what no list can mend, and what the engine was in doubt of.
fn needs_second(value: &Line, label: RowMeaning) -> bool {
    let free =
        matches!(label, RowMeaning::Labelled(Label::Name | Label::Address | Label::Birth | Label::Village));
    free || value.confidence().min < SURE
}

/// Cells that fit worse than this do not all hold a digit.
const MIN_NUMBER_FIT: f32 = -0.5;

/// How sure the first letter of a name may be that begins where no other value does.
const OFF_COLUMN: f32 = 0.93;

/// A name that begins right of where values begin has lost what stood there.
fn doubt_first(line: &mut Line) {
    if let Some(first) = line.symbols.first_mut() {
        first.confidence = first.confidence.min(OFF_COLUMN);
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_begins_off_the_column_is_not_sure() {
        let mut line = Line::with_confidence("NA", 0.99);
        doubt_first(&mut line);
        assert!(line.confidence().min <= OFF_COLUMN);
        doubt_first(&mut Line::default());
    }
}
