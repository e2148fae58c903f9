//! The fields of a tax card from its recognised lines.
//!
//! Owns how lines of one role become one value: names and addresses stay as the pixels had them. It must not know how a
//! line was given its role, nor the picture: pure functions on recognised text.

use std::collections::BTreeMap;

use filot_domain::{FieldName, FieldReading};

use crate::npwp::line::{LineRole, NpwpLine};
use crate::npwp::numbers::{is_plausible_nik, is_plausible_number, number};
use crate::npwp::params::PARAMS;
use crate::text::address_words::full_stops_after_abbreviations;
use crate::text::confidence::discount_by_neighbours;
use crate::text::field_text::{FieldText, ends_in_comma, value_of};
use crate::text::line::Line;
use crate::text::normalise::normalize_alnum;

/// The words of a line's value: as later passes have them, where there were any.
fn words(line: &NpwpLine) -> FieldText {
    let first =
        value_of(&Line { symbols: line.line.symbols.get(line.value_from..).unwrap_or_default().to_vec() });
    let again = line.second_pass.as_ref().map(value_of).unwrap_or_default();
    let mut piece = if again.text.is_empty() { first.clone() } else { again };
    // The first pass found where the value begins: it may be a letter further left or right.
    let (whole, cut) = (normalize_alnum(&first.text), normalize_alnum(&piece.text));
    if whole != cut && (whole.ends_with(&cut) || cut.ends_with(&whole)) {
        piece.min = piece.min.min(PARAMS.begin_disputed);
    }
    if line.cut_off {
        piece.min = piece.min.min(PARAMS.cut_off);
    }
    piece
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

/// The fields that could be read, from lines whose roles are assigned.
pub fn parse(lines: &[NpwpLine]) -> BTreeMap<FieldName, FieldReading> {
    let mut fields = BTreeMap::new();
    let mut put = |name: FieldName, value: String, confidence: f32| {
        if !value.is_empty() {
            fields.insert(name, FieldReading { value, confidence: confidence.clamp(0.0, 0.999) });
        }
    };
    let with = |role: LineRole| lines.iter().filter(move |line| line.role == role);
    let nik = with(LineRole::Nik).find_map(|line| number(line, &[16], is_plausible_nik, None));
    let (mut name, mut address, mut comma) = (None, None, false);
    for line in lines {
        match line.role {
            LineRole::Number => {
                let nik = nik.as_ref().map(|(digits, _)| digits.as_str());
                if let Some((digits, confidence)) = number(line, &[15, 16], is_plausible_number, nik) {
                    put(FieldName::NpwpNumber, digits, confidence);
                }
            }
            LineRole::Nik => {
                if let Some((digits, confidence)) = nik.clone() {
                    put(FieldName::Nik, digits, confidence);
                }
            }
            LineRole::Name => join(&mut name, words(line), false),
            LineRole::Address => {
                join(&mut address, words(line), comma);
                let read = line.second_pass.as_ref().unwrap_or(&line.line);
                comma = ends_in_comma(read, PARAMS.comma_min);
            }
            LineRole::Other => {}
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
