//! The dates of a KTP: birth, with its place, and validity.
//!
//! Owns how a date is found in text that may be misread. It must not know what else the card says of the holder.

use chrono::NaiveDate;
use filot_domain::FieldName;

use crate::recognition::digits::NumberRow;
use crate::text::confidence::{combine_hypotheses, with_repaired_digits};
use crate::text::field_text::FieldText;
use crate::text::normalise::{as_digit, normalize_alnum};
use crate::text::similarity::edit_distance;

const FOR_LIFE: &str = "SEUMUR HIDUP";

/// Place and date of birth from `PLACE, DD-MM-YYYY`. `digits`: the date as the digit classifier has it, where the
/// recogniser was in doubt.
pub(crate) fn birth(
    piece: &FieldText,
    digits: Option<&NumberRow>,
    put: &mut impl FnMut(FieldName, String, f32),
) {
    let characters: Vec<char> = piece.text.chars().collect();
    let read = trailing_date(&characters);
    let mut readings = Vec::with_capacity(2);
    if let Some((_, date, repairs)) = read {
        readings.push((date.to_string(), with_repaired_digits(piece.confidence(), repairs)));
    }
    if let Some(row) = digits
        && let Some((text, confidence)) = row.text_that(|text| date_of_digits(text).is_some())
        && let Some(date) = date_of_digits(&text)
    {
        readings.push((date.to_string(), row.weight(confidence)));
    }
    // One reading alone keeps its own confidence.
    let date = if readings.len() > 1 { combine_hypotheses(&readings, |_| 0.0) } else { readings.pop() };
    let place = match (read, piece.text.rsplit_once(',')) {
        (Some((start, _, _)), _) => Some((characters[..start].iter().collect::<String>(), 1.0)),
        // The date is illegible; the place may still be legible.
        (None, Some((place, _))) => Some((place.to_owned(), 0.7)),
        (None, None) => None,
    };
    if let Some((place, share)) = place {
        let place = place.trim_matches([',', '.', ' ', '-', ';', '\'', ':']);
        put(FieldName::BirthPlace, place.to_owned(), piece.confidence() * share);
    }
    if let Some((date, confidence)) = date {
        put(FieldName::BirthDate, date, confidence);
    }
}

/// `DDMMYYYY` as a date that somebody alive may have been born on.
fn date_of_digits(text: &str) -> Option<NaiveDate> {
    let number = |range: std::ops::Range<usize>| text.get(range)?.parse::<u32>().ok();
    let year = i32::try_from(number(4..8)?).ok().filter(|year| (1900..=2100).contains(year))?;
    NaiveDate::from_ymd_opt(year, number(2..4)?, number(0..2)?)
}

/// The date at the end of a text, where it begins, and how many characters had to be taken for digits.
fn trailing_date(text: &[char]) -> Option<(usize, NaiveDate, i32)> {
    // From the end: eight digits with separators between day, month and year, which may be misread or lost.
    let mut digits = Vec::new();
    let mut repairs = 0;
    let mut start = text.len();
    for (i, c) in text.iter().enumerate().rev() {
        if digits.len() == 8 {
            break;
        }
        if let Some(digit) = as_digit(*c) {
            digits.push(digit);
            repairs += i32::from(digit != *c);
            start = i;
        } else if !matches!(c, '-' | '.' | '/' | ' ' | ':' | ',' | '\'') {
            return None;
        }
    }
    if digits.len() < 8 {
        return None;
    }
    let number =
        |reversed: &[char]| -> Option<u32> { reversed.iter().rev().collect::<String>().parse().ok() };
    let year = i32::try_from(number(&digits[..4])?).ok()?;
    let date = NaiveDate::from_ymd_opt(year, number(&digits[4..6])?, number(&digits[6..8])?)?;
    // Nobody on a card was born before 1900: such a year is misread.
    (1900..=2100).contains(&year).then_some((start, date, repairs))
}

/// A date and nothing else.
fn whole_date(text: &str) -> Option<(NaiveDate, i32)> {
    let characters: Vec<char> = text.trim().chars().collect();
    let (start, date, repairs) = trailing_date(&characters)?;
    (start == 0).then_some((date, repairs))
}

/// Whether a text ends in a date, as a birth does.
pub(crate) fn ends_in_date(text: &str) -> bool {
    trailing_date(&text.trim().chars().collect::<Vec<char>>()).is_some()
}

/// Whether a text is a date and nothing else.
pub(crate) fn is_date(text: &str) -> bool {
    whole_date(text).is_some()
}

/// Whether a text says `SEUMUR HIDUP`, four letters of which may be misread.
pub(crate) fn is_for_life(text: &str) -> bool {
    edit_distance(&normalize_alnum(text), "SEUMURHIDUP") <= 4
}

/// `SEUMUR HIDUP`, or a date.
pub(crate) fn valid_until(piece: &FieldText, put: &mut impl FnMut(FieldName, String, f32)) {
    if let Some((date, repairs)) = whole_date(&piece.text) {
        put(FieldName::ValidUntil, date.to_string(), with_repaired_digits(piece.confidence(), repairs));
    } else if is_for_life(&piece.text) {
        let edits = edit_distance(&normalize_alnum(&piece.text), "SEUMURHIDUP") as f32;
        put(FieldName::ValidUntil, FOR_LIFE.to_owned(), 0.98 - edits * 0.05);
    }
}
