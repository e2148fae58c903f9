//! What the lines of an NPWP card say.
//!
//! Pure functions on recognised text: the number and the NIK are digits and repaired as such, name and address stay as
//! the pixels had them.

use std::collections::BTreeMap;

use filot_domain::nik::Nik;
use filot_domain::npwp::Npwp;
use filot_domain::{FieldName, FieldReading};

use crate::npwp::read::NpwpLine;
use crate::text::address_words::full_stops_after_abbreviations;
use crate::text::confidence::{combine_hypotheses, discount_by_neighbours};
use crate::text::field_text::{self, FieldText, value_of};
use crate::text::line::Line;
use crate::text::normalise::{as_digit, normalize_alnum};
use crate::text::similarity::edit_distance;

use crate::npwp::labels::{Label, number_part, told};
pub use crate::npwp::labels::{is_authority, is_number_like, is_registration};
pub use crate::npwp::line_roles::{Meaning, Value, meanings};

/// Whether a line is one that only NPWP cards have near their top.
pub fn speaks_of_npwp(text: &str) -> bool {
    let told = told(text);
    matches!(told.label, Some(Label::Number | Label::Sixteen))
        || is_number_like(&told.rest)
        || is_authority(text)
}

/// Whether a label or a header is one that no other card has.
pub fn is_own_label(text: &str) -> bool {
    let told = told(text);
    let registered = told.label == Some(Label::Other) && is_registration(text);
    (told.label == Some(Label::Number) && told.is_bare_label()) || registered || is_authority(text)
}

/// Whether 15 or 16 digits are a tax number and its check digit, where it has one, holds.
pub fn is_plausible_number(digits: &str) -> bool {
    digits.parse::<Npwp>().is_ok_and(|npwp| npwp.check_digit_matches() != Some(false))
}

/// Whether sixteen digits are a NIK.
pub fn is_plausible_nik(digits: &str) -> bool {
    digits.parse::<Nik>().is_ok()
}

/// Where a symbol stands in a line: a column of the line image less its margin.
pub fn column_of(line: &Line, symbol: usize) -> u32 {
    let margin = line.symbols.first().map_or(0, |symbol| symbol.left);
    line.symbols.get(symbol).map_or(0, |symbol| symbol.left.saturating_sub(margin))
}

/// The digits that the first look saw in a line from a symbol on.
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
/// Three looks were taken at the same pixels: the line with every character allowed, the number with digits alone, and the
/// digit classifier. Looks that agree support each other, and so do a check digit or a date that holds.
/// `elsewhere` is what the card's other number line says: where the looks differ, it decides between
/// them. It never adds a reading of its own, so a card whose numbers differ in print is still read as it is.
fn number(
    line: &NpwpLine,
    from: usize,
    lengths: &[usize],
    valid: impl Fn(&str) -> bool,
    elsewhere: Option<&str>,
) -> Option<(String, f32)> {
    let first = FieldText::of(line.line.symbols.get(from..).unwrap_or_default());
    let mut looks: Vec<(String, f32)> = Vec::new();
    if let Some(row) = &line.digits
        && lengths.contains(&row.cells.len())
    {
        let (digits, confidence) =
            row.text_that(&valid).unwrap_or_else(|| (row.text(), 0.5 * row.confidence()));
        let weight = row.weight(confidence);
        looks.push((digits, weight));
    }
    for piece in line.narrowed.iter().map(value_of).chain([first]) {
        // A colon before the number is often read as a 1 that stands alone.
        let alone = piece.text.split_once(' ').filter(|(first, _)| first.chars().count() == 1);
        let rest = alone.map(|(_, rest)| FieldText { text: rest.to_owned(), ..piece.clone() });
        let number = [Some(piece.clone()), rest]
            .into_iter()
            .flatten()
            .filter_map(|piece| digits_of(&piece))
            .find(|(digits, _)| lengths.contains(&digits.len()));
        if let Some((digits, repairs)) = number {
            looks.push((digits, (piece.confidence() * 0.9_f32.powi(repairs)).min(0.95)));
        }
    }
    let (digits, confidence) = combine_hypotheses(&looks, |digits| {
        f32::from(u8::from(valid(digits))) + 1.5 * f32::from(u8::from(elsewhere == Some(digits)))
    })?;
    // Numbers that differ by a digit or two are meant to be the same: one of them was misread.
    let nearly = elsewhere.is_some_and(|other| (1..=3).contains(&edit_distance(other, &digits)));
    Some((digits, if nearly { confidence * NEARLY } else { confidence }))
}

/// What a number is worth that is nearly, but not quite, the card's other one.
const NEARLY: f32 = 0.8;

/// The evidence for an NPWP card, in points: a number of the right form, its label, the authority's words. `head` is
/// what stands on the band at the top.
pub fn evidence(lines: &[NpwpLine], head: &[Line]) -> u32 {
    let texts: Vec<String> =
        lines.iter().map(|line| line.line.text()).chain(head.iter().map(Line::text)).collect();
    let any = |test: &dyn Fn(&str) -> bool| texts.iter().any(|text| test(text));
    let formed = |text: &str| {
        let told = told(text);
        matches!(told.label, None | Some(Label::Number | Label::Sixteen)) && is_number_like(&told.rest)
    };
    let named = |text: &str| matches!(told(text).label, Some(Label::Number | Label::Sixteen));
    let labelled = |label: Label| {
        move |text: &str| {
            let told = told(text);
            told.label == Some(label) && (label != Label::Nik || is_number_like(&told.rest))
        }
    };
    let own = any(&named) || any(&is_registration) || any(&is_authority);
    2 * u32::from(any(&formed))
        + 2 * u32::from(any(&named))
        + u32::from(any(&is_registration))
        + 2 * u32::from(any(&is_authority) || any(&labelled(Label::Place)))
        // Many cards have these; with words that only tax cards have, they say that it is a whole one.
        + u32::from(own && any(&labelled(Label::Nik)))
        + u32::from(own && any(&labelled(Label::Name)))
}

/// Words that two looks let begin elsewhere are not surer than this.
const BEGUN_OTHERWISE: f32 = 0.95;
/// Words cut off by the edge of the card are not surer than this.
const CUT_OFF: f32 = 0.9;

/// The words of a line from a symbol on: as later looks have them, where one was taken.
fn words(line: &NpwpLine, from: usize) -> FieldText {
    let first = value_of(&Line { symbols: line.line.symbols.get(from..).unwrap_or_default().to_vec() });
    let narrowed = line.narrowed.as_ref().map(value_of).unwrap_or_default();
    let mut piece = if narrowed.text.is_empty() { first.clone() } else { narrowed };
    // Where the value begins was told from the first look: it may have been taken for a letter further on, or back.
    let (whole, cut) = (normalize_alnum(&first.text), normalize_alnum(&piece.text));
    if whole != cut && (whole.ends_with(&cut) || cut.ends_with(&whole)) {
        piece.min = piece.min.min(BEGUN_OTHERWISE);
    }
    if line.cut_off {
        piece.min = piece.min.min(CUT_OFF);
    }
    piece
}

/// Whether a line ends in a comma: one at the end of a value is dirt, one before its next line is print.
fn ends_in_comma(line: &NpwpLine) -> bool {
    field_text::ends_in_comma(line.narrowed.as_ref().unwrap_or(&line.line), 0.95)
}

/// Adds a line to a value of several. `comma`: the line before ended in one.
fn join(value: &mut Option<FieldText>, piece: FieldText, comma: bool) {
    if piece.text.is_empty() {
        return;
    }
    match value {
        Some(value) => {
            value.append(&piece, comma);
        }
        None => *value = Some(piece),
    }
}

/// The fields that could be read.
pub fn parse(lines: &[NpwpLine]) -> BTreeMap<FieldName, FieldReading> {
    let mut fields = BTreeMap::new();
    let mut put = |name: FieldName, value: String, confidence: f32| {
        if !value.is_empty() {
            fields.insert(name, FieldReading { value, confidence: confidence.clamp(0.0, 0.999) });
        }
    };
    let values = meanings(lines);
    let from = |line: &NpwpLine, value: &Value| line.from.unwrap_or(value.from);
    let nik = lines
        .iter()
        .zip(&values)
        .filter(|(_, value)| value.meaning == Meaning::Nik)
        .find_map(|(line, value)| number(line, from(line, value), &[16], is_plausible_nik, None));
    let (mut name, mut address, mut comma) = (None, None, false);
    for (line, value) in lines.iter().zip(&values) {
        match value.meaning {
            Meaning::Number => {
                let nik = nik.as_ref().map(|(digits, _)| digits.as_str());
                if let Some((digits, confidence)) =
                    number(line, from(line, value), &[15, 16], is_plausible_number, nik)
                {
                    put(FieldName::NpwpNumber, digits, confidence);
                }
            }
            Meaning::Nik => {
                if let Some((digits, confidence)) = nik.clone() {
                    put(FieldName::Nik, digits, confidence);
                }
            }
            Meaning::Name => join(&mut name, words(line, from(line, value)), false),
            Meaning::Address => {
                join(&mut address, words(line, from(line, value)), comma);
                comma = ends_in_comma(line);
            }
            Meaning::Other => {}
        }
    }
    for (field, piece) in [(FieldName::Name, name), (FieldName::Address, address)] {
        if let Some(piece) = piece {
            let confidence = piece.confidence();
            let text = match field {
                FieldName::Address => full_stops_after_abbreviations(&piece.text),
                _ => piece.text,
            };
            put(field, text, confidence);
        }
    }
    discount_by_neighbours(&mut fields, FieldName::Name, &[FieldName::Address]);
    fields
}

#[cfg(test)]
mod tests;
