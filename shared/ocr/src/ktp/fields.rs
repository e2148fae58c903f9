//! The fields of a KTP from its recognised lines.
//!
//! Owns which line gives which field, and names and addresses, which stay as the pixels had them. It must not know the
//! picture: pure functions on recognised text. Each other field has its own file.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use filot_domain::nik::Nik;
use filot_domain::vocabulary::{
    GENDERS, GENDERS_ENGLISH, MARITAL, MARITAL_ENGLISH, RELIGIONS, RELIGIONS_ENGLISH,
};
use filot_domain::{FieldName, FieldReading};

use crate::ktp::alignment::{RowMeaning, align};
use crate::ktp::blood_type::blood_type;
use crate::ktp::citizenship::citizenship;
use crate::ktp::dates::{birth, valid_until};
use crate::ktp::gazetteer;
use crate::ktp::header::header_fields;
use crate::ktp::labels::Label;
use crate::ktp::nik::choose_nik;
use crate::ktp::params::PARAMS;
use crate::ktp::row_data::{KtpLines, KtpRow};
use crate::ktp::rt_rw::rt_rw;
use crate::ktp::vocabulary::{ClosedWords, open_vocabulary, vocabulary};
use crate::text::address_words::full_stops_after_abbreviations;
use crate::text::confidence::discount_by_neighbours;
use crate::text::field_text::{FieldText, ends_in_comma, value_of};
use crate::text::lexicon::OCCUPATIONS;
use crate::text::line::Line;

/// The fields that could be read.
pub fn parse(lines: &KtpLines) -> BTreeMap<FieldName, FieldReading> {
    let mut fields = BTreeMap::new();
    let mut put = |name: FieldName, value: String, confidence: f32| {
        if !value.is_empty() {
            fields.insert(name, FieldReading { value, confidence: confidence.clamp(0.0, 0.999) });
        }
    };
    header_fields(&lines.header, &mut put);
    if let Some(row) = &lines.nik
        && row.fit > PARAMS.nik_fit_min
    {
        let choice = choose_nik(row);
        put(FieldName::Nik, choice.digits, choice.confidence);
    }
    let meanings = lines.meanings.clone().unwrap_or_else(|| {
        let labels: Vec<String> = lines.rows.iter().map(|row| row.label.text()).collect();
        align(&labels)
    });
    for (i, (row, meaning)) in lines.rows.iter().zip(&meanings).enumerate() {
        let RowMeaning::Labelled(label) = meaning else { continue };
        let wrapped: Vec<&KtpRow> = lines.rows[i + 1..]
            .iter()
            .zip(&meanings[i + 1..])
            .take_while(|(_, meaning)| **meaning == RowMeaning::Continuation)
            .map(|(row, _)| row)
            .take(2)
            .collect();
        row_fields(*label, row, &wrapped, &mut put);
    }
    // Before places are corrected, whose confidence then no longer says how legible they are.
    for field in [FieldName::Name, FieldName::BirthDate] {
        discount_by_neighbours(&mut fields, field, &NEIGHBOURS);
    }
    gazetteer::correct_place_names(&mut fields);
    lower_contradicted_date(&mut fields);
    fields
}

/// Lowers the confidence of a birth date that the NIK contradicts: it is likelier misread than one that the NIK confirms.
/// The date itself stays as printed.
fn lower_contradicted_date(fields: &mut BTreeMap<FieldName, FieldReading>) {
    let value = |name: FieldName| fields.get(&name).map(|reading| reading.value.as_str());
    let nik = value(FieldName::Nik).and_then(|text| text.parse::<Nik>().ok());
    let date = value(FieldName::BirthDate).and_then(|text| text.parse::<NaiveDate>().ok());
    if let (Some(nik), Some(date)) = (nik, date)
        && !nik.encodes_birth_date(date)
        && let Some(reading) = fields.get_mut(&FieldName::BirthDate)
    {
        reading.confidence *= PARAMS.contradicted_date;
    }
}

/// Fields printed as small as a name, whose own form does not correct them: how legible they are says how legible it is.
const NEIGHBOURS: [FieldName; 4] =
    [FieldName::BirthPlace, FieldName::Address, FieldName::Village, FieldName::District];

const GENDER_WORDS: ClosedWords = ClosedWords { indonesian: GENDERS, english: GENDERS_ENGLISH };
const RELIGION_WORDS: ClosedWords = ClosedWords { indonesian: RELIGIONS, english: RELIGIONS_ENGLISH };
const MARITAL_WORDS: ClosedWords = ClosedWords { indonesian: MARITAL, english: MARITAL_ENGLISH };

/// The fields of one labelled row.
fn row_fields(label: Label, row: &KtpRow, wrapped: &[&KtpRow], put: &mut impl FnMut(FieldName, String, f32)) {
    let piece = if row.value_is_dash {
        FieldText { text: "-".to_owned(), min: 0.95, mean: 0.95 }
    } else {
        value_of(&row.value)
    };
    match label {
        Label::Name => {
            let joined = join(&piece, &row.value, wrapped);
            put(FieldName::Name, name_text(&joined.text), joined.confidence());
        }
        Label::Birth => birth(&piece, row.digits.as_ref(), put),
        Label::Gender => {
            vocabulary(FieldName::Gender, &piece, GENDER_WORDS, put);
            if let Some((value, confidence)) = blood_type(row) {
                put(FieldName::BloodType, value, confidence);
            }
        }
        Label::Address => {
            let mut first = piece;
            if let Some(rest) = row.extra.as_ref().map(value_of).filter(|rest| !rest.text.is_empty()) {
                // A wide gap within the address.
                first.append(&rest, false);
            }
            let joined = join(&first, row.extra.as_ref().unwrap_or(&row.value), wrapped);
            put(FieldName::Address, full_stops_after_abbreviations(&joined.text), joined.confidence());
        }
        Label::RtRw => {
            if let Some((value, confidence)) = rt_rw(row) {
                put(FieldName::RtRw, value, confidence);
            }
        }
        Label::Village => put(FieldName::Village, piece.text.clone(), piece.confidence()),
        Label::District => put(FieldName::District, piece.text.clone(), piece.confidence()),
        Label::Religion => {
            if piece.text == "-" {
                put(FieldName::Religion, piece.text.clone(), piece.confidence());
            } else {
                vocabulary(FieldName::Religion, &piece, RELIGION_WORDS, put);
            }
        }
        Label::MaritalStatus => vocabulary(FieldName::MaritalStatus, &piece, MARITAL_WORDS, put),
        Label::Occupation => {
            let as_read = || (piece.text.clone(), piece.confidence());
            let (value, confidence) = open_vocabulary(&piece, OCCUPATIONS).unwrap_or_else(as_read);
            put(FieldName::Occupation, value, confidence);
        }
        Label::Citizenship => citizenship(&piece, row.citizenship, put),
        Label::ValidUntil => valid_until(&piece, put),
    }
}

/// Names hold no digits and do not end in punctuation other than a title's full stop.
fn name_text(text: &str) -> String {
    text.trim_end_matches([',', '-', '\'', ' ', ':']).to_owned()
}

/// A value joined with the lines that it wraps to. `line`: the line whose end is the end of `first`.
fn join(first: &FieldText, line: &Line, wrapped: &[&KtpRow]) -> FieldText {
    let mut joined = first.clone();
    let mut comma = ends_in_comma(line, 0.0);
    for row in wrapped {
        let piece = value_of(&row.value);
        if !piece.text.is_empty() {
            joined.append(&piece, comma);
            comma = ends_in_comma(&row.value, 0.0);
        }
    }
    joined
}

#[cfg(test)]
mod tests;
