//! The numbers of a tax card: their form in text, and the digits that several readings support best.
//!
//! Owns the form of the tax number and the NIK in text that may be misread. It must not know labels.

use filot_domain::nik::Nik;
use filot_domain::npwp::Npwp;

use crate::npwp::line::NpwpLine;
use crate::npwp::params::PARAMS;
use crate::text::confidence::{combine_hypotheses, with_repaired_digits};
use crate::text::field_text::{FieldText, value_of};
use crate::text::line::Line;
use crate::text::normalise::{as_digit, normalize_alnum};
use crate::text::similarity::edit_distance;

/// A text without the words that follow a whole number: dirt, or other print beside it.
pub fn number_part(text: &str) -> &str {
    let mut digits = 0;
    let mut spaced = false;
    for (at, c) in text.char_indices() {
        if spaced && digits >= 15 && c.is_ascii_alphabetic() {
            return text.get(..at).unwrap_or(text);
        }
        digits += usize::from(c.is_ascii_digit());
        spaced = c == ' ';
    }
    text
}

/// 15 or 16 digits and their separators, give or take one digit.
pub fn is_number_like(text: &str) -> bool {
    let text = number_part(text);
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let others = text.chars().filter(char::is_ascii_alphabetic).count();
    (13..=17).contains(&digits) && others <= 2
}

/// More digits than a number has: the number of a place of business.
pub fn is_long_number(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let others = text.chars().filter(char::is_ascii_alphabetic).count();
    (18..=26).contains(&digits) && others <= 3
}

/// Whether most of a text is digits: a number that was misread in part.
pub fn is_mostly_digits(text: &str) -> bool {
    let normalized = normalize_alnum(text);
    let digits = normalized.chars().filter(char::is_ascii_digit).count();
    digits >= 6 && digits * 2 > normalized.len() && normalized.len() <= 20
}

/// Whether 15 or 16 digits are a tax number and its check digit, where it has one, holds.
pub fn is_plausible_number(digits: &str) -> bool {
    digits.parse::<Npwp>().is_ok_and(|npwp| npwp.check_digit_matches() != Some(false))
}

/// Whether sixteen digits are a NIK.
pub fn is_plausible_nik(digits: &str) -> bool {
    digits.parse::<Nik>().is_ok()
}

/// The digits of a line from a symbol on, as first read.
pub fn first_digits(line: &Line, from: usize) -> Option<String> {
    digits_of(&FieldText::of(line.symbols.get(from..)?)).map(|(digits, _)| digits)
}

/// The digits of a piece, with the usual confusions undone; `None` if something else than a number stands there.
fn digits_of(piece: &FieldText) -> Option<(String, i32)> {
    let mut digits = String::new();
    let mut repairs = 0;
    for c in number_part(&piece.text).chars() {
        match c {
            '.' | '-' | ' ' | ',' | ':' | '_' | '\'' | '"' | '`' => {}
            _ => {
                let digit = as_digit(c)?;
                repairs += i32::from(digit != c);
                digits.push(digit);
            }
        }
    }
    Some((digits, repairs))
}

/// The best supported reading of a number, and how far it is to be trusted.
///
/// The same pixels were read three times: the line with every character allowed, the number with digits alone, and by the
/// digit classifier. Readings that agree support each other, and so do a check digit or a date that holds. `elsewhere`
/// is the card's other number: where the readings differ it decides between them. It never adds a reading of its own, so
/// a card whose numbers differ in print is still read as it is.
pub(crate) fn number(
    line: &NpwpLine,
    lengths: &[usize],
    valid: impl Fn(&str) -> bool,
    elsewhere: Option<&str>,
) -> Option<(String, f32)> {
    let first = FieldText::of(line.line.symbols.get(line.value_from..).unwrap_or_default());
    let mut readings: Vec<(String, f32)> = Vec::new();
    if let Some(row) = &line.digits
        && lengths.contains(&row.cells.len())
    {
        let (digits, confidence) =
            row.text_that(&valid).unwrap_or_else(|| (row.text(), 0.5 * row.confidence()));
        let weight = row.weight(confidence);
        readings.push((digits, weight));
    }
    for piece in line.second_pass.iter().map(value_of).chain([first]) {
        // A colon before the number, or dirt, is often read as a digit that stands alone. With it, fifteen digits have the
        // length of another number; without it they have a check digit.
        let alone = piece.text.split_once(' ').filter(|(first, _)| first.chars().count() == 1);
        let rest = alone.map(|(_, rest)| FieldText { text: rest.to_owned(), ..piece.clone() });
        let rest =
            rest.and_then(|rest| digits_of(&rest)).filter(|(digits, _)| lengths.contains(&digits.len()));
        let whole = digits_of(&piece).filter(|(digits, _)| lengths.contains(&digits.len()));
        let number = match (whole, rest) {
            (Some(_), Some(rest)) if valid(&rest.0) => Some(rest),
            (whole, rest) => whole.or(rest),
        };
        if let Some((digits, repairs)) = number {
            readings.push((
                digits,
                (with_repaired_digits(piece.confidence(), repairs)).min(PARAMS.number_by_text_max),
            ));
        }
    }
    let (digits, confidence) = combine_hypotheses(&readings, |digits| {
        f32::from(u8::from(valid(digits))) + 1.5 * f32::from(u8::from(elsewhere == Some(digits)))
    })?;
    // Numbers that differ by a digit or two are meant to be the same: one of them was misread.
    let nearly = elsewhere.is_some_and(|other| (1..=3).contains(&edit_distance(other, &digits)));
    Some((digits, if nearly { confidence * PARAMS.nearly_equal_number } else { confidence }))
}
