//! Recognises the lines of a KTP: header, NIK row, labelled rows.
//!
//! Owns which part of a row is read with which alphabet, by which reader, and how often. Where the lines are is decided
//! in [`crate::ktp::layout`]; it must not know what the recognised text means.

use crate::correction::address_abbreviations::correct_first_word;
use crate::correction::addresses::correct_address;
use crate::correction::names::correct_name;
use crate::correction::roman_numerals::restore_trailing_numeral;
use crate::ktp::alignment::{RowMeaning, align, align_with_values, is_certain};
use crate::ktp::blood_shape::BloodShape;
use crate::ktp::citizenship::citizenship_shape;
use crate::ktp::label_shapes::{LabelShape, align_by_shape};
use crate::ktp::labels::{Label, printed};
use crate::ktp::layout::KtpLayout;
use crate::ktp::nik::is_of_a_province;
use crate::ktp::params::PARAMS;
use crate::ktp::row_data::{KtpLines, KtpRow};
use crate::ktp::rows::{RowLayout, median};
use crate::ktp::rt_rw::dashes_by_shape;
use crate::ktp::template::TEMPLATE;
use crate::ktp::value_evidence::value_similarities;
use crate::page::{Page, Span};
use crate::recognition::digits::{self, Band, DigitRow, NumberRow, Pattern};
use crate::recognition::engine::{Engine, EngineError, LineImage, TextClass};
use crate::recognition::{ctc, ensemble};
use crate::text::confidence::needs_second_pass;
use crate::text::field_text::value_of;
use crate::text::line::Line;

impl KtpLayout {
    /// Recognises the header only: the cheapest test of whether this is a KTP.
    ///
    /// # Errors
    /// The engine failed.
    pub fn read_header(&self, page: &Page, engine: &mut dyn Engine) -> Result<Vec<Line>, EngineError> {
        let images: Vec<LineImage> = self
            .header
            .iter()
            .map(|(row, span)| LineImage { image: page.crop(*row, *span), class: TextClass::Upper })
            .collect();
        engine.recognise(&images)
    }

    /// Recognises the labels of `count` rows from the first, where the header says nothing.
    ///
    /// # Errors
    /// The engine failed.
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

    /// The meanings of the rows, if their labels' places and lengths determine them all.
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
        align_by_shape(&shapes, capital, TEMPLATE.indent * page.width() as f32)
    }

    /// Reads the NIK row with the digit classifier.
    pub fn read_nik(&self, page: &Page) -> Option<DigitRow> {
        let w = page.width() as f32;
        let row = self.nik?;
        let (top, bottom) = (row.top as f32, row.bottom as f32);
        let left = (self.value_column.left(row) as f32 - TEMPLATE.nik_before_values * w).max(0.0);
        let band = Band { left, right: TEMPLATE.text_right * w, top, bottom };
        let pitches = (TEMPLATE.nik_pitch.0 * w, TEMPLATE.nik_pitch.1 * w);
        digits::read_row(&page.gray, band, pitches, is_of_a_province)
    }

    /// Recognises everything else. `header_confirms_ktp`: labels need not be read where their shapes
    /// identify them.
    ///
    /// # Errors
    /// The engine failed.
    pub fn read(
        &self,
        page: &Page,
        engine: &mut dyn Engine,
        (header, nik): (Vec<Line>, Option<DigitRow>),
        header_confirms_ktp: bool,
    ) -> Result<KtpLines, EngineError> {
        let mut rows: Vec<KtpRow> = self
            .rows
            .iter()
            .map(|row| KtpRow {
                value_is_dash: row.value_is_dash,
                value_is_cut: row.cut,
                extra_is_pale: row.extra_is_pale,
                blood: row.blood,
                ..KtpRow::default()
            })
            .collect();
        let by_shape = if header_confirms_ktp { self.meanings_by_shape(page) } else { None };
        let mut meanings = match &by_shape {
            Some(meanings) => {
                for (row, meaning) in rows.iter_mut().zip(meanings) {
                    if let RowMeaning::Labelled(label) = meaning {
                        row.label = Line::certain(printed(*label));
                    }
                }
                meanings.clone()
            }
            None => {
                self.read_spans(page, engine, &mut rows, |at, _| {
                    Some((at.label?, TextClass::Any, Part::Label))
                })?;
                align(&label_texts(&rows))
            }
        };
        let value =
            |at: &RowLayout, class: TextClass| (!at.value_is_dash).then_some((at.value?, class, Part::Value));
        // Where labels are worn, stained or cut off, the values say as well what they are. They must be read before that is
        // known: with all letters and digits.
        let labels_suffice = by_shape.is_some() || is_certain(&label_texts(&rows), &meanings);
        let mut classes = vec![TextClass::Upper; rows.len()];
        if labels_suffice {
            classes = value_classes(&meanings);
        }
        self.read_spans(page, engine, &mut rows, |at, i| value(at, *classes.get(i)?))?;
        if !labels_suffice {
            let evidence = |row: &KtpRow| (row.label.text(), value_similarities(&value_text(row)));
            meanings = align_with_values(&rows.iter().map(evidence).collect::<Vec<_>>());
            let meant = value_classes(&meanings);
            self.read_spans(page, engine, &mut rows, |at, i| {
                let class = *meant.get(i)?;
                (classes.get(i) != Some(&class)).then(|| value(at, class))?
            })?;
        }
        let mut above = RowMeaning::Nothing;
        for ((layout, row), meaning) in self.rows.iter().zip(&mut rows).zip(&meanings) {
            if *meaning != RowMeaning::Continuation {
                above = *meaning;
            }
            row.digits = second_pass(page, layout, row, above);
            match (layout.value, above) {
                (Some(span), RowMeaning::Labelled(Label::Address)) => {
                    if *meaning == above {
                        correct_first_word(page, layout.row, span, &mut row.value);
                    }
                    correct_address(page, layout.row, span, &mut row.value);
                }
                (Some(span), RowMeaning::Labelled(Label::Name)) => {
                    if layout.off_column && *meaning == above {
                        lower_first_letter(&mut row.value);
                    }
                    correct_name(page, layout.row, span, &mut row.value);
                }
                (Some(span), RowMeaning::Labelled(Label::Village)) => {
                    restore_trailing_numeral(page, layout.row, span, &mut row.value);
                }
                (Some(span), RowMeaning::Labelled(Label::RtRw)) => {
                    row.dashes = dashes_by_shape(page, layout.row, span);
                }
                (Some(span), RowMeaning::Labelled(Label::Citizenship)) => {
                    row.citizenship = citizenship_shape(page, layout.row, span);
                }
                _ => {}
            }
            if let Some(span) =
                layout.value.filter(|_| !layout.value_is_dash && needs_second_reader(&row.value, above))
            {
                let image = LineImage { image: page.crop(layout.row, span), class: value_class(above) };
                if let Some(seen) = ctc::recognise_line(&image) {
                    ensemble::fuse(&mut row.value, &seen);
                }
            }
        }
        self.read_spans(page, engine, &mut rows, |at, i| {
            let class = match meanings.get(i)? {
                RowMeaning::Labelled(Label::Gender)
                    if at.blood.is_none_or(|shape| !shape.is_longer_than_group) =>
                {
                    TextClass::BloodGroup
                }
                // A wide gap within the address.
                RowMeaning::Labelled(Label::Address) => TextClass::Upper,
                _ => return None,
            };
            Some((at.extra?, class, Part::Extra))
        })?;
        self.read_spans(page, engine, &mut rows, |at, i| {
            let is_gender = *meanings.get(i)? == RowMeaning::Labelled(Label::Gender);
            let words = at.blood.filter(|_| is_gender)?.words?;
            Some((words, TextClass::Upper, Part::Words))
        })?;
        for ((layout, row), meaning) in self.rows.iter().zip(&mut rows).zip(&meanings) {
            let may_be_group = |shape: BloodShape| shape.group != Some("") && !shape.is_longer_than_group;
            if *meaning == RowMeaning::Labelled(Label::Gender)
                && let Some(span) = layout.extra.filter(|_| row.blood.is_none_or(may_be_group))
            {
                let image = LineImage { image: page.crop(layout.row, span), class: TextClass::BloodGroup };
                row.group = ctc::recognise_line(&image).map(|seen| seen.line());
            }
        }
        Ok(KtpLines { header, nik, rows, meanings: Some(meanings) })
    }

    /// Recognises the part of each row that `pick` names, by the row and its number, as one batch.
    ///
    /// # Errors
    /// The engine failed.
    fn read_spans(
        &self,
        page: &Page,
        engine: &mut dyn Engine,
        rows: &mut [KtpRow],
        mut pick: impl FnMut(&RowLayout, usize) -> Option<(Span, TextClass, Part)>,
    ) -> Result<(), EngineError> {
        let mut jobs = Vec::new();
        for (i, row) in self.rows.iter().enumerate() {
            if let Some((span, class, part)) = pick(row, i) {
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
                    Part::Words => row.words = Some(line),
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
    Words,
}

/// Whether a value needs the second reader: no vocabulary can correct it, or the engine was in doubt.
fn needs_second_reader(value: &Line, label: RowMeaning) -> bool {
    let free =
        matches!(label, RowMeaning::Labelled(Label::Name | Label::Address | Label::Birth | Label::Village));
    free || needs_second_pass(value.confidence().min)
}

/// Lowers the confidence of the first letter of a name that begins right of its column: a letter before it was lost.
fn lower_first_letter(line: &mut Line) {
    if let Some(first) = line.symbols.first_mut() {
        first.confidence = first.confidence.min(PARAMS.off_column);
    }
}

/// The digits of a value that consists of digits or ends in a date, if the recogniser was not sure of them.
fn second_pass(page: &Page, at: &RowLayout, read: &KtpRow, meaning: RowMeaning) -> Option<NumberRow> {
    let span = at.value?;
    if at.value_is_dash || !needs_second_pass(read.value.confidence().min) {
        return None;
    }
    let (top, bottom, right) = (at.row.top as f32, at.row.bottom as f32, span.right as f32);
    let (left, pattern) = match meaning {
        RowMeaning::Labelled(Label::RtRw) => (span.left as f32, Pattern::RT_RW),
        RowMeaning::Labelled(Label::Birth) => (right - Pattern::DATE_WIDTH * (bottom - top), Pattern::DATE),
        _ => return None,
    };
    digits::read_number(&page.gray, Band { left, right, top, bottom }, &[pattern])
        .filter(NumberRow::holds_digits)
}

/// The alphabet of a row's value.
const fn value_class(field: RowMeaning) -> TextClass {
    match field {
        RowMeaning::Labelled(Label::Name) => TextClass::Name,
        RowMeaning::Labelled(Label::RtRw) => TextClass::Digits,
        _ => TextClass::Upper,
    }
}

/// The alphabet of each row's value. A second line has that of the line above.
fn value_classes(meanings: &[RowMeaning]) -> Vec<TextClass> {
    let mut above = RowMeaning::Nothing;
    let class = |meaning: &RowMeaning| {
        if *meaning != RowMeaning::Continuation {
            above = *meaning;
        }
        value_class(above)
    };
    meanings.iter().map(class).collect()
}

fn label_texts(rows: &[KtpRow]) -> Vec<String> {
    rows.iter().map(|row| row.label.text()).collect()
}

/// The value of a row as text.
fn value_text(row: &KtpRow) -> String {
    if row.value_is_dash { "-".to_owned() } else { value_of(&row.value).text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_begins_off_the_column_is_not_sure() {
        let mut line = Line::with_confidence("NA", 0.99);
        lower_first_letter(&mut line);
        assert!(line.confidence().min <= PARAMS.off_column);
        lower_first_letter(&mut Line::default());
    }
}
