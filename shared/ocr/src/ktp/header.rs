//! The header of a KTP: the province, and below it the regency; some print runs set both on one line.
//!
//! Owns what the header's lines say. It must not know where they stand.

use filot_domain::FieldName;

use crate::ktp::params::PARAMS;
use crate::text::field_text::{FieldText, value_of};
use crate::text::line::{Line, Symbol};
use crate::text::similarity::{closest, edit_similarity};

/// The ranks of a regency, as printed.
const RANKS: [&str; 3] = ["KABUPATEN", "KOTA", "KAB."];

/// Whether a header line says `PROVINSI`, as a KTP's does.
pub fn is_province_line(line: &Line) -> bool {
    province_word(&words(&line.symbols), PARAMS.province_line_similarity_min).is_some()
}

/// `PROVINSI …` and, below or behind it, `KABUPATEN …` or `KOTA …`; Jakarta writes its rank in the province line. Ground
/// that was read as print before the first word is none of it.
pub(crate) fn header_fields(lines: &[Line], put: &mut impl FnMut(FieldName, String, f32)) {
    for line in lines {
        let words = words(&line.symbols);
        let province = province_word(&words, PARAMS.province_similarity_min);
        let begin = province.map_or(0, |at| at + 1);
        let rank = words.iter().enumerate().skip(begin).find_map(|(at, word)| {
            let (rank, edits) = closest(&text_of(word), &RANKS)?;
            (at + 1 < words.len()).then_some((at, rank, edits))
        });
        if let Some(at) = province {
            let name =
                name_of(words.get(at + 1..rank.map_or(words.len(), |(at, ..)| at)).unwrap_or_default());
            if !name.text.is_empty() {
                put(FieldName::Province, name.text.clone(), name.confidence());
            }
        }
        if let Some((at, rank, edits)) = rank {
            let name = name_of(words.get(at..).unwrap_or_default());
            let value = format!("{rank} {}", text_after_first_word(&name.text));
            put(FieldName::Regency, value, name.confidence() * PARAMS.header_edit.powi(edits as i32));
        } else if province.is_none() {
            let piece = value_of(line);
            if piece.text.starts_with("JAKARTA") {
                put(FieldName::Regency, piece.text.clone(), piece.confidence());
            }
        }
    }
}

/// The first word that is similar to `PROVINSI`.
fn province_word(words: &[&[Symbol]], least: f32) -> Option<usize> {
    words.iter().position(|word| edit_similarity(&text_of(word), "PROVINSI") >= least)
}

/// The symbols between spaces.
fn words(symbols: &[Symbol]) -> Vec<&[Symbol]> {
    symbols.split(|symbol| symbol.character == ' ').filter(|word| !word.is_empty()).collect()
}

fn text_of(word: &[Symbol]) -> String {
    word.iter().map(|symbol| symbol.character).collect()
}

/// A name of several words, without the words at its end that hold no letter: dashes, and ground read as print.
fn name_of(words: &[&[Symbol]]) -> FieldText {
    let lettered = |word: &&[Symbol]| word.iter().any(|symbol| symbol.character.is_alphabetic());
    let end = words.iter().rposition(lettered).map_or(0, |last| last + 1);
    let space = Symbol { character: ' ', confidence: 1.0, left: 0, right: 0 };
    let symbols: Vec<Symbol> = words.get(..end).unwrap_or_default().join(&space);
    value_of(&Line { symbols })
}

fn text_after_first_word(text: &str) -> &str {
    text.split_once(' ').map_or("", |(_, rest)| rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(lines: &[&str]) -> Vec<(FieldName, String)> {
        let lines: Vec<Line> = lines.iter().map(|text| Line::with_confidence(text, 0.9)).collect();
        let mut found = Vec::new();
        header_fields(&lines, &mut |field, value, _| found.push((field, value)));
        found
    }

    #[test]
    fn ground_beside_the_header_is_no_part_of_it() {
        let expected = vec![
            (FieldName::Province, "JAWA TIMUR".to_owned()),
            (FieldName::Regency, "KABUPATEN PASURUAN".to_owned()),
        ];
        assert_eq!(fields(&["PROVINSI JAWA TIMUR", "KABUPATEN PASURUAN"]), expected);
        assert_eq!(fields(&["GEA PROVINSI JAWA TIMUR \"//", "\"S KABUPATEN PASURUAN \""]), expected);
    }

    #[test]
    fn a_header_may_stand_on_one_line() {
        let expected = vec![
            (FieldName::Province, "NUSA TENGGARA TIMUR".to_owned()),
            (FieldName::Regency, "KABUPATEN MALAKA".to_owned()),
        ];
        assert_eq!(fields(&["PROVINSI NUSA TENGGARA TIMUR - KABUPATEN MALAKA"]), expected);
    }

    #[test]
    fn a_city_of_jakarta_may_lack_its_rank() {
        let found = fields(&["PROVINSI DKI JAKARTA", "JAKARTA SELATAN"]);
        assert_eq!(found[1], (FieldName::Regency, "JAKARTA SELATAN".to_owned()));
    }
}
