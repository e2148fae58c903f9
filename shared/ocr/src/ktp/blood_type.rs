//! The blood group from its three sources: the engine, the second reader and the shapes; or the words for none.
//!
//! Owns how the three are weighed, and that what is no group never becomes the most similar one. It must not know how a
//! shape is recognised ([`crate::ktp::blood_shape`]).

use filot_domain::vocabulary::{BLOOD_GROUPS, BLOOD_UNKNOWN};

use crate::ktp::params::PARAMS;
use crate::ktp::row_data::KtpRow;
use crate::text::field_text::{FieldText, value_of};
use crate::text::line::{Line, Symbol};
use crate::text::similarity::nearest;

/// The blood group at the end of the gender row and its probability: by the engine, the shapes and the second reader; or
/// the words for none. What is longer than a group and not these words stands as it was read, with little confidence.
pub(crate) fn blood_type(row: &KtpRow) -> Option<(String, f32)> {
    let words = row.words.as_ref().map(value_of);
    if let Some(unknown) = words.as_ref().and_then(words_for_unknown) {
        return Some(unknown);
    }
    if row.blood.is_some_and(|shape| shape.is_longer_than_group) {
        return words.map(|value| {
            let confidence = value.confidence();
            let known = BLOOD_GROUPS.contains(&value.text.as_str());
            (
                value.text,
                if known { confidence } else { (confidence * PARAMS.unknown_word).min(PARAMS.unknown_word) },
            )
        });
    }
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
    BLOOD_GROUPS.contains(&piece.text.as_str()).then_some((piece.text, piece.min))
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
    let known = BLOOD_GROUPS.contains(&text.as_str());
    let letters = |text: &str| text.chars().filter(char::is_ascii_uppercase).collect::<String>();
    let repaired = letters(&text) != letters(&piece.text);
    known.then(|| (text, piece.confidence() * if repaired { 0.85 } else { 1.0 }))
}

/// The words for an unknown group at the end of a text, as `TDK TAHU`. The portrait may hide their end.
fn words_for_unknown(value: &FieldText) -> Option<(String, f32)> {
    let begins: Vec<(&str, &str)> = BLOOD_UNKNOWN
        .iter()
        .flat_map(|whole| {
            let first = whole.find(' ').unwrap_or(whole.len());
            (first..=whole.len()).filter_map(move |end| Some((whole.get(..end)?, *whole)))
        })
        .collect();
    let words: Vec<&str> = value.text.split_whitespace().collect();
    let guesses = (0..words.len()).filter_map(|at| {
        let text = words.get(at..)?.join(" ");
        let guess = nearest(&text, begins.iter().map(|(begin, _)| *begin))?;
        let (begin, whole) = begins.iter().find(|(begin, _)| *begin == guess.word)?;
        Some((guess.share, begin.len() == whole.len(), *whole))
    });
    let (share, is_whole, whole) = guesses.min_by(|a, b| a.0.total_cmp(&b.0))?;
    if share > PARAMS.closed_words.allowed(value.confidence()) {
        return None;
    }
    let confidence = if is_whole && share < PARAMS.vocabulary_exact_max {
        value.confidence().max(PARAMS.exact_word_min)
    } else {
        PARAMS.corrected_word.confidence(share)
    };
    Some((whole.to_owned(), confidence))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ktp::blood_shape::BloodShape;
    use crate::page::Span;

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
        faint.blood = Some(BloodShape {
            group: Some("B"),
            sign: Some('-'),
            correlation: 0.9,
            words: None,
            is_longer_than_group: false,
        });
        assert_eq!(blood_type(&faint).unwrap().0, "B-");
        assert_eq!(blood_type(&row("O", "O+")).unwrap().0, "O+");
        // What is no group is nothing.
        assert_eq!(blood_type(&row("", "AA")), None);
    }

    #[test]
    fn an_unknown_group_is_never_one_of_the_groups() {
        let row = |words: &str, is_longer_than_group: bool| KtpRow {
            extra: Some(Line::with_confidence("Gol. Darah : B", 0.9)).filter(|_| !is_longer_than_group),
            words: Some(Line::with_confidence(words, 0.98)),
            blood: Some(BloodShape {
                group: None,
                sign: None,
                correlation: 0.0,
                words: Some(Span { left: 0, right: 90 }),
                is_longer_than_group,
            }),
            ..KtpRow::default()
        };
        let value = |text: &str, longer: bool| blood_type(&row(text, longer)).map(|(value, _)| value);
        for (text, expected) in [
            ("TDK TAHU", "TDK TAHU"),
            ("TDKTAHU", "TDK TAHU"),
            ("TIDAK TAHU", "TIDAK TAHU"),
            // The portrait hides the end.
            ("TDK T", "TDK TAHU"),
            ("TDK", "TDK TAHU"),
            ("TIDAK TA", "TIDAK TAHU"),
            ("ABC", "ABC"),
            ("BOMBAY", "BOMBAY"),
        ] {
            assert_eq!(value(text, true).as_deref(), Some(expected), "{text}");
        }
        // Without a colon the label was read as well, well or badly.
        assert_eq!(value("GOL. DARAH TDK TAHU", false).as_deref(), Some("TDK TAHU"));
        assert_eq!(value("GI. D TIDAK", false).as_deref(), Some("TIDAK TAHU"));
        assert_eq!(value("GOL DARAH B", false).as_deref(), Some("B"));
        let confidence = |text: &str| blood_type(&row(text, true)).map_or(0.0, |(_, sure)| sure);
        assert!(confidence("TDK TAHU") >= 0.9 && confidence("BOMBAY") <= PARAMS.unknown_word);
    }
}
