//! The header of a KTP: the province, and below it the regency.
//!
//! Owns what the header's lines say. It must not know where they stand.

use filot_domain::FieldName;

use crate::ktp::params::PARAMS;
use crate::text::field_text::{FieldText, value_of};
use crate::text::line::Line;
use crate::text::similarity::{closest, edit_similarity};

/// Whether a header line begins with `PROVINSI`, as a KTP's does.
pub fn is_province_line(line: &Line) -> bool {
    let text = line.text();
    let first = text.split_whitespace().next().unwrap_or_default();
    edit_similarity(first, "PROVINSI") >= PARAMS.province_line_similarity_min
}

/// `PROVINSI …` and, below it, `KABUPATEN …` or `KOTA …`; Jakarta writes its rank in the province line.
pub(crate) fn header_fields(lines: &[Line], put: &mut impl FnMut(FieldName, String, f32)) {
    for line in lines {
        let piece = value_of(line);
        let words: Vec<&str> = piece.text.split_whitespace().collect();
        let Some((first, rest)) = words.split_first() else { continue };
        if edit_similarity(first, "PROVINSI") >= PARAMS.province_similarity_min && !rest.is_empty() {
            let at = line.symbols.iter().position(|symbol| symbol.character == ' ').unwrap_or(0);
            let name = FieldText::of(&line.symbols[at..]);
            put(FieldName::Province, rest.join(" "), name.confidence());
        } else if let Some((word, edits)) = closest(first, &["KABUPATEN", "KOTA", "KAB."])
            && !rest.is_empty()
        {
            let value = format!("{word} {}", rest.join(" "));
            put(FieldName::Regency, value, piece.confidence() * PARAMS.header_edit.powi(edits as i32));
        } else if edit_similarity(&piece.text, "JAKARTA") > 0.0 && piece.text.starts_with("JAKARTA") {
            put(FieldName::Regency, piece.text.clone(), piece.confidence());
        }
    }
}
