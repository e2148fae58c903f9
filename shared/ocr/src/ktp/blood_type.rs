//! The blood group from its three sources: the engine, the second reader and the shapes.
//!
//! Owns how the three are weighed. It must not know how a shape is recognised ([`crate::ktp::blood_shape`]).

use crate::ktp::row_data::KtpRow;
use crate::text::field_text::FieldText;
use crate::text::line::{Line, Symbol};

/// The blood group at the end of the gender row and its probability: by the engine, the shapes and the second reader.
pub(crate) fn blood_type(row: &KtpRow) -> Option<(String, f32)> {
    let first = group_of_engine_and_shape(row);
    let Some((group, sure)) = row.group.as_ref().and_then(group_of_second_reader) else { return first };
    match first {
        None => Some((group, 0.9 * sure)),
        Some((text, confidence)) if text == group => {
            Some((text, 1.0 - (1.0 - confidence) * (1.0 - 0.8 * sure)))
        }
        // The shape shows a faint sign that the second reader takes for dirt.
        Some((text, confidence)) if text.starts_with(&group) => Some((text, confidence)),
        Some((text, confidence)) => {
            let (text, most) = if sure > confidence { (group, sure) } else { (text, confidence) };
            Some((text, 0.8 * most))
        }
    }
}

/// The group that the second reader has behind the colon, or as the last word.
fn group_of_second_reader(line: &Line) -> Option<(String, f32)> {
    let ends = |symbol: &Symbol| matches!(symbol.character, ':' | ' ' | '.');
    let begin = line.symbols.iter().rposition(ends)? + 1;
    let piece = FieldText::of(line.symbols.get(begin..)?);
    GROUPS.contains(&piece.text.as_str()).then_some((piece.text, piece.min))
}

/// The group by the engine's text and by its shape.
fn group_of_engine_and_shape(row: &KtpRow) -> Option<(String, f32)> {
    let read = row.extra.as_ref().and_then(group_of_engine);
    let Some(shape) = row.blood else { return read };
    let (letters, sure) = match (&read, shape.group) {
        (Some((text, confidence)), Some(group)) => {
            let letters = text.trim_end_matches(['+', '-']);
            if letters == group {
                (group.to_owned(), 1.0 - (1.0 - confidence.max(0.8)) * 0.5)
            } else if *confidence < shape.correlation * 0.95 {
                // The recogniser saw a character or two without their word; the shapes are plain.
                (group.to_owned(), 0.8 * shape.correlation)
            } else {
                (letters.to_owned(), confidence * 0.7)
            }
        }
        (Some((text, confidence)), None) => (text.trim_end_matches(['+', '-']).to_owned(), *confidence),
        (None, Some(group)) => (group.to_owned(), 0.9 * shape.correlation),
        (None, None) => return None,
    };
    // A sign is a shape: the recogniser takes one for the other, or for none.
    let sign = shape.sign.map(String::from).unwrap_or_default();
    let text = format!("{letters}{sign}");
    (!text.is_empty() && text != "+").then_some((text, sure))
}

const GROUPS: [&str; 13] = ["A", "B", "AB", "O", "A+", "B+", "AB+", "O+", "A-", "B-", "AB-", "O-", "-"];

/// The group as the engine read it.
fn group_of_engine(extra: &Line) -> Option<(String, f32)> {
    let colon = extra.symbols.iter().position(|symbol| symbol.character == ':');
    // Not as other values: a trailing plus or minus is the rhesus factor.
    let behind = colon.map(|at| FieldText::of(&extra.symbols[at + 1..]));
    let piece = behind.filter(|piece| !piece.text.is_empty()).or_else(|| {
        // No colon was seen: the last word.
        let at = extra.symbols.iter().rposition(|symbol| symbol.character == ' ')?;
        Some(FieldText::of(&extra.symbols[at..]))
    })?;
    let text: String = piece
        .text
        .chars()
        .filter(|c| !matches!(c, ' ' | '.' | ':'))
        .map(|c| match c {
            '0' | 'Q' | 'D' | 'o' => 'O',
            '8' | '6' => 'B',
            '4' | 'a' => 'A',
            'b' => 'B',
            '—' | '–' | '_' | '~' => '-',
            other => other,
        })
        .collect();
    let known = GROUPS.contains(&text.as_str());
    let letters = |text: &str| text.chars().filter(char::is_ascii_uppercase).collect::<String>();
    let repaired = letters(&text) != letters(&piece.text);
    known.then(|| (text, piece.confidence() * if repaired { 0.85 } else { 1.0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ktp::blood_shape::BloodShape;

    #[test]
    fn a_blood_group_is_what_its_readers_agree_on() {
        let row = |read: &str, seen: &str| KtpRow {
            extra: Some(Line::with_confidence(&format!("Gol. Darah : {read}"), 0.9)),
            group: Some(Line::with_confidence(&format!("O A: {seen}"), 0.95)),
            ..KtpRow::default()
        };
        let (group, agreed) = blood_type(&row("O", "O")).unwrap();
        assert!(group == "O" && agreed > 0.85);
        // A letter that they have differently, and one that the engine does not know for a group.
        let (group, disputed) = blood_type(&row("A", "O")).unwrap();
        assert!(group == "O" && disputed < 0.85);
        assert_eq!(blood_type(&row("GO", "O")).unwrap().0, "O");
        // The second reader sees a plus that the engine lost, and takes a faint minus for dirt.
        let mut faint = row("B", "B");
        faint.blood = Some(BloodShape { group: Some("B"), sign: Some('-'), correlation: 0.9 });
        assert_eq!(blood_type(&faint).unwrap().0, "B-");
        assert_eq!(blood_type(&row("O", "O+")).unwrap().0, "O+");
        // What is no group is nothing.
        assert_eq!(blood_type(&row("", "AA")), None);
    }
}
