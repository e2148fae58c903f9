//! The fields of a KTP from its recognised lines.
//!
//! Owns which line gives which field, and names and addresses, which stay as the pixels had them. It must not know the
//! picture: pure functions on recognised text. Each other field has its own file.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use filot_domain::nik::{Gender, Nik};
use filot_domain::vocabulary::{
    GENDERS, GENDERS_ENGLISH, MARITAL, MARITAL_ENGLISH, RELIGIONS, RELIGIONS_ENGLISH,
};
use filot_domain::{FieldName, FieldReading, areas};

use crate::ktp::alignment::{RowMeaning, align};
use crate::ktp::blood_type::blood_type;
use crate::ktp::citizenship::citizenship;
use crate::ktp::dates::{birth, valid_until};
use crate::ktp::gazetteer;
use crate::ktp::header::header_fields;
use crate::ktp::labels::Label;
use crate::ktp::nik::{AREA_DIGITS, DATE_DIGITS, NikChoice, choose_nik, confidence_where_confirmed};
use crate::ktp::params::PARAMS;
use crate::ktp::row_data::{KtpLines, KtpRow};
use crate::ktp::rt_rw::rt_rw;
use crate::ktp::vocabulary::{ClosedWords, open_vocabulary, vocabulary};
use crate::recognition::digits::DigitRow;
use crate::text::address_words::full_stops_after_abbreviations;
use crate::text::confidence::discount_by_neighbours;
use crate::text::field_text::{FieldText, ends_in_comma, value_of};
use crate::text::lexicon::OCCUPATIONS;
use crate::text::line::Line;
use crate::text::normalise::normalize_alnum;

/// The fields that could be read.
pub fn parse(lines: &KtpLines) -> BTreeMap<FieldName, FieldReading> {
    let mut fields = BTreeMap::new();
    let mut put = |name: FieldName, value: String, confidence: f32| {
        if !value.is_empty() {
            fields.insert(name, FieldReading { value, confidence: confidence.clamp(0.0, 0.999) });
        }
    };
    header_fields(&lines.header, &mut put);
    let nik = lines.nik.as_ref().filter(|row| row.fit > PARAMS.nik_fit_min).map(|row| (row, choose_nik(row)));
    if let Some((_, choice)) = &nik {
        put(FieldName::Nik, choice.digits.clone(), choice.confidence);
    }
    let meanings = meanings_of(lines);
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
    let places_as_read = fields.clone();
    gazetteer::correct_place_names(&mut fields);
    if let Some((row, choice)) = &nik {
        compare_with_nik(&mut fields, &places_as_read, row, choice);
    }
    fields
}

/// The meaning of each row: as the reader found it, else by the labels' texts.
pub(crate) fn meanings_of(lines: &KtpLines) -> Vec<RowMeaning> {
    lines.meanings.clone().unwrap_or_else(|| {
        let labels: Vec<String> = lines.rows.iter().map(|row| row.label.text()).collect();
        align(&labels)
    })
}

/// Whether a part of the name or the birth may be missing: print touches the box from outside, or the name ends in a comma,
/// behind which a title stands.
pub fn critical_value_is_cut(lines: &KtpLines) -> bool {
    let mut above = RowMeaning::Nothing;
    let mut name = None;
    let mut cut = false;
    for (row, meaning) in lines.rows.iter().zip(meanings_of(lines)) {
        if meaning != RowMeaning::Continuation {
            above = meaning;
        }
        if above == RowMeaning::Labelled(Label::Name) {
            name = Some(row);
        }
        cut |= row.value_is_cut && matches!(above, RowMeaning::Labelled(Label::Name | Label::Birth));
    }
    cut || name.is_some_and(|last| ends_in_comma(&last.value, PARAMS.comma_min))
}

/// Compares the NIK with the birth date, the gender and the places that it encodes. No value changes: a repair towards
/// each other would hide the contradiction that scoring looks for.
///
/// Print that was read for itself and says the same makes both surer; a date that the NIK contradicts is likelier
/// misread than one that it confirms. `as_read`: the fields before the table of places corrected them.
fn compare_with_nik(
    fields: &mut BTreeMap<FieldName, FieldReading>,
    as_read: &BTreeMap<FieldName, FieldReading>,
    row: &DigitRow,
    choice: &NikChoice,
) {
    let Ok(nik) = choice.digits.parse::<Nik>() else { return };
    let sure = |name: FieldName| {
        let reading = as_read.get(&name).filter(|reading| reading.confidence >= PARAMS.confirms_from)?;
        Some(reading.value.as_str())
    };
    let date = |text: &str| text.parse::<NaiveDate>().ok();
    let mut confirmed = Vec::with_capacity(2);
    let born = sure(FieldName::BirthDate).and_then(date).is_some_and(|date| nik.encodes_birth_date(date));
    if born && sure(FieldName::Gender).and_then(Gender::from_printed) == Some(nik.gender()) {
        confirmed.push(DATE_DIGITS);
    }
    let is = |name: FieldName, known: Option<&str>| sure(name).is_some() && sure(name) == known;
    let area = nik.area();
    let province = areas::province_name(nik.province()).zip(sure(FieldName::Province));
    if province.is_some_and(|(known, printed)| areas::is_same_province(known, printed))
        && is(FieldName::Regency, area.get(..4).and_then(areas::regency_name))
        && is(FieldName::District, areas::district_name(area))
    {
        confirmed.push(AREA_DIGITS);
    }
    if let Some(reading) = fields.get_mut(&FieldName::Nik) {
        reading.confidence = confidence_where_confirmed(row, choice, &confirmed);
    }
    if let Some(reading) = fields.get_mut(&FieldName::BirthDate)
        && let Some(date) = date(&reading.value)
    {
        if !nik.encodes_birth_date(date) {
            reading.confidence *= PARAMS.contradicted_date;
        } else if choice.confidence >= PARAMS.confirms_from {
            reading.confidence = 1.0 - (1.0 - reading.confidence) * PARAMS.confirmed_date_doubt;
        }
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
        Label::Birth => {
            // Some print runs set the date below the place.
            let joined = join(&piece, &row.value, wrapped);
            let digits = wrapped.iter().find_map(|row| row.digits.as_ref()).or(row.digits.as_ref());
            birth(&joined, digits, put);
        }
        Label::Gender => {
            vocabulary(FieldName::Gender, &piece, GENDER_WORDS, put);
            if let Some((value, confidence)) = blood_type(row) {
                put(FieldName::BloodType, value, confidence);
            }
        }
        Label::Address => {
            let mut first = piece;
            // A wide gap within the address; what is paler behind it, or not read surely, is the card's ground.
            let rest = row.extra.as_ref().filter(|line| {
                let rest = value_of(line);
                !row.extra_is_pale
                    && rest.confidence() >= PARAMS.address_rest_min
                    && normalize_alnum(&rest.text).len() >= 2
            });
            if let Some(rest) = rest {
                first.append(&value_of(rest), false);
            }
            let joined = join(&first, rest.unwrap_or(&row.value), wrapped);
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
