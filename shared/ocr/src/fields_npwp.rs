//! What the lines of an NPWP card say.
//!
//! Pure functions on recognised text: the number and the NIK are digits and repaired as such, name and address stay as
//! the pixels had them.

use std::collections::BTreeMap;

use filot_domain::nik::Nik;
use filot_domain::npwp::Npwp;
use filot_domain::{FieldName, FieldReading};

use crate::engine::Line;
use crate::npwp::NpwpLine;
use crate::text::{Piece, as_digit, bare, likeness, value_of, weigh};

/// What a line holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meaning {
    /// The tax number.
    Number,
    /// The holder.
    Name,
    /// The holder's NIK.
    Nik,
    /// A line of the address.
    Address,
    /// Labels, registration, office, decoration.
    Other,
}

/// Whether a line is one that only NPWP cards have near their top.
pub fn speaks_of_npwp(text: &str) -> bool {
    is_npwp_word(text) || looks_like_number(text) || is_authority(text)
}

/// `NPWP`, alone or before a number.
fn is_npwp_word(text: &str) -> bool {
    let first = text.split([' ', ':']).next().unwrap_or_default();
    let first = bare(first);
    first.len() >= 3 && (likeness(&first, "NPWP") >= 0.75 || first.starts_with("NPWP"))
}

/// The header, the office line, the address of the site: the tax authority's own words.
pub fn is_authority(text: &str) -> bool {
    let bare_text = bare(text);
    let words = ["KEMENTERIAN", "DIREKTORAT", "JENDERAL", "PRATAMA"];
    text.split_whitespace().any(|word| words.iter().any(|known| likeness(word, known) >= 0.75))
        || bare_text.contains("PAJAKGOID")
        || bare_text.starts_with("KPP")
}

/// `Terdaftar : …`
pub fn is_registration(text: &str) -> bool {
    text.split([' ', ':']).take(2).any(|word| likeness(word, "Terdaftar") >= 0.66) || is_place_number(text)
}

/// `NITKU : …`, the number of a place of business.
fn is_place_number(text: &str) -> bool {
    likeness(text.split([' ', ':']).next().unwrap_or_default(), "NITKU") >= 0.8
}

/// The text after the label, where the number stands.
fn number_text(text: &str) -> &str {
    let after = text.rsplit(':').next().unwrap_or(text).trim();
    match after.split_once(' ') {
        // No colon was seen: the label is the first word.
        Some((first, rest)) if bare(first).chars().filter(char::is_ascii_digit).count() * 2 < first.len() => {
            rest.trim()
        }
        _ => after,
    }
}

/// 15 or 16 digits and their separators, give or take one digit.
fn looks_like_number(text: &str) -> bool {
    let number = number_text(text);
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let others = number.chars().filter(|c| c.is_ascii_alphabetic()).count();
    (13..=17).contains(&digits) && others <= 2
}

fn is_nik_row(text: &str) -> bool {
    let first = bare(text.split([' ', ':']).next().unwrap_or_default());
    (likeness(&first, "NIK") >= 0.6 || first.starts_with("NIK")) && looks_like_number(text)
}

/// Whether 15 or 16 digits are a tax number and its check digit, where it has one, holds.
fn is_plausible_number(digits: &str) -> bool {
    digits.parse::<Npwp>().is_ok_and(|npwp| npwp.check_digit_matches() != Some(false))
}

/// What each line holds.
pub fn meanings(lines: &[NpwpLine]) -> Vec<Meaning> {
    let mut meanings = vec![Meaning::Other; lines.len()];
    let texts: Vec<String> = lines.iter().map(|line| line.line.text()).collect();
    let number = texts.iter().position(|text| looks_like_number(text) && !is_nik_row(text)).or_else(|| {
        // The number is illegible, but its label is there.
        texts.iter().position(|text| is_npwp_word(text) && text.len() > 12)
    });
    let Some(number) = number else { return meanings };
    meanings[number] = Meaning::Number;
    let mut named = false;
    let mut last_bottom = lines[number].bottom;
    let mut pitch = None;
    for (i, text) in texts.iter().enumerate().skip(number + 1) {
        if is_registration(text) || bare(text).starts_with("KPP") || is_site(text) {
            break;
        }
        if !named {
            // A second spelling of the number (15 and 16 digits, NITKU) may stand between.
            if text.chars().filter(char::is_ascii_alphabetic).count() >= 2 && !looks_like_number(text) {
                meanings[i] = Meaning::Name;
                named = true;
            } else if is_nik_row(text) {
                meanings[i] = Meaning::Nik;
            }
        } else if is_nik_row(text) || (looks_like_number(text) && !meanings.contains(&Meaning::Nik)) {
            meanings[i] = Meaning::Nik;
        } else if bare(text).len() >= 2 {
            let step = lines[i].bottom.saturating_sub(last_bottom);
            if meanings.contains(&Meaning::Address) && pitch.is_some_and(|p: u32| step * 10 > p * 18) {
                break;
            }
            if meanings.contains(&Meaning::Address) {
                pitch = Some(pitch.map_or(step, |p: u32| p.min(step)));
            }
            meanings[i] = Meaning::Address;
        }
        last_bottom = lines[i].bottom;
    }
    meanings
}

fn is_site(text: &str) -> bool {
    let bare_text = bare(text);
    bare_text.contains("PAJAK") && (bare_text.contains("GOID") || bare_text.contains("WWW"))
}

/// Where the number begins in a line that may begin with a label: a column of the line image less its margin.
pub fn number_from(line: &Line) -> u32 {
    let text = line.text();
    let number = number_text(&text);
    let skipped = text.find(number).unwrap_or(0);
    let characters = text.get(..skipped).map_or(0, |head| head.chars().count());
    let margin = line.symbols.first().map_or(0, |symbol| symbol.left);
    line.symbols.get(characters).map_or(0, |symbol| symbol.left.saturating_sub(margin))
}

/// The digits of a piece, with the usual confusions undone; `None` if something else than a number stands there.
fn digits_of(piece: &Piece) -> Option<(String, i32)> {
    let mut digits = String::new();
    let mut repairs = 0;
    for c in piece.text.chars() {
        match c {
            '.' | '-' | ' ' | ',' | ':' | '_' | '\'' => {}
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
    lengths: &[usize],
    valid: impl Fn(&str) -> bool,
    elsewhere: Option<&str>,
) -> Option<(String, f32)> {
    let text = line.line.text();
    let skipped = text.find(number_text(&text)).unwrap_or(0);
    let head = text.get(..skipped).map_or(0, |head| head.chars().count());
    let first = Piece::of(line.line.symbols.get(head..).unwrap_or_default());
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
        let rest = alone.map(|(_, rest)| Piece { text: rest.to_owned(), ..piece.clone() });
        let number = [Some(piece.clone()), rest]
            .into_iter()
            .flatten()
            .filter_map(|piece| digits_of(&piece))
            .find(|(digits, _)| lengths.contains(&digits.len()));
        if let Some((digits, repairs)) = number {
            looks.push((digits, (piece.confidence() * 0.9_f32.powi(repairs)).min(0.95)));
        }
    }
    weigh(&looks, |digits| {
        f32::from(u8::from(valid(digits))) + 1.5 * f32::from(u8::from(elsewhere == Some(digits)))
    })
}

/// The evidence for an NPWP card, in points: a number of the right form, its label, the authority's words.
pub fn evidence(lines: &[NpwpLine]) -> u32 {
    let any = |test: &dyn Fn(&str) -> bool| lines.iter().any(|line| test(&line.line.text()));
    let formed = lines.iter().any(|line| {
        let text = line.line.text();
        !is_nik_row(&text) && looks_like_number(&text)
    });
    2 * u32::from(formed)
        + 2 * u32::from(any(&is_npwp_word))
        + u32::from(any(&is_registration))
        + 2 * u32::from(any(&is_authority))
}

/// The fields that could be read.
pub fn parse(lines: &[NpwpLine]) -> BTreeMap<FieldName, FieldReading> {
    let mut fields = BTreeMap::new();
    let mut put = |name: FieldName, value: String, confidence: f32| {
        if !value.is_empty() {
            fields.insert(name, FieldReading { value, confidence: confidence.clamp(0.0, 0.999) });
        }
    };
    let mut address = Piece { text: String::new(), min: 1.0, mean: 1.0 };
    let meanings = meanings(lines);
    let nik = lines
        .iter()
        .zip(&meanings)
        .filter(|(_, meaning)| **meaning == Meaning::Nik)
        .find_map(|(line, _)| number(line, &[16], |digits| digits.parse::<Nik>().is_ok(), None));
    for (line, meaning) in lines.iter().zip(meanings) {
        let text_piece = || {
            let narrowed = line.narrowed.as_ref().map(value_of).unwrap_or_default();
            if narrowed.text.is_empty() { value_of(&line.line) } else { narrowed }
        };
        match meaning {
            Meaning::Number => {
                let nik = nik.as_ref().map(|(digits, _)| digits.as_str());
                if let Some((digits, confidence)) = number(line, &[15, 16], is_plausible_number, nik) {
                    put(FieldName::NpwpNumber, digits, confidence);
                }
            }
            Meaning::Nik => {
                if let Some((digits, confidence)) = nik.clone() {
                    put(FieldName::Nik, digits, confidence);
                }
            }
            Meaning::Name => {
                let piece = text_piece();
                put(FieldName::Name, piece.text.clone(), piece.confidence());
            }
            Meaning::Address => {
                let piece = text_piece();
                if !piece.text.is_empty() {
                    if !address.text.is_empty() {
                        address.text.push(' ');
                    }
                    address.text.push_str(&piece.text);
                    address.min = address.min.min(piece.min);
                    address.mean = address.mean.min(piece.mean);
                }
            }
            Meaning::Other => {}
        }
    }
    let confidence = address.confidence();
    put(FieldName::Address, address.text, confidence);
    fields
}

#[cfg(test)]
mod tests;
