//! The blood group from its three sources: the engine, the second reader and the shapes; or the words for none.
//!
//! Owns how the three are weighed, and that what is no group never becomes the most similar one. It must not know how a
//! shape is recognised ([`crate::ktp::blood_shape`]).

use filot_domain::vocabulary::{BLOOD_GROUPS, BLOOD_UNKNOWN};

use crate::ktp::params::PARAMS;
use crate::ktp::row_data::KtpRow;
use crate::text::field_text::{FieldText, value_of};
use crate::text::line::{Line, Symbol};
use crate::text::normalise::normalize_alnum;
use crate::text::similarity::{edit_similarity, nearest};

/// The blood group at the end of the gender row and its probability: by the engine, the shapes and the second reader.
/// Print that is longer than a group is read as words.
pub(crate) fn blood_type(row: &KtpRow) -> Option<(String, f32)> {
    if row.blood.is_some_and(|shape| shape.words.is_some()) {
        return row.extra.as_ref().and_then(words_for_no_group);
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

/// What words behind the label say: that the group is unknown, as `TDK TAHU`, whose end the portrait may hide; a group
/// beside which dirt was taken for letters; or anything else, as it was read and with little confidence.
fn words_for_no_group(line: &Line) -> Option<(String, f32)> {
    let value = value_of(line);
    let words: Vec<&str> = value.text.split_whitespace().collect();
    let label = words.iter().rposition(|word| edit_similarity(word, "DARAH") >= PARAMS.label_similarity_min);
    let text = words.get(label.map_or(0, |at| at + 1)..)?.join(" ");
    let text = text.trim_start_matches([':', '.', ' ']);
    if text.is_empty() {
        return None;
    }
    if BLOOD_GROUPS.contains(&text) {
        return Some((text.to_owned(), value.confidence()));
    }
    let cut = BLOOD_UNKNOWN.iter().flat_map(|whole| {
        let first = whole.find(' ').unwrap_or(whole.len());
        (first..=whole.len()).filter_map(move |end| Some((whole.get(..end)?, *whole)))
    });
    let cut: Vec<(&str, &str)> = cut.collect();
    let guess = nearest(text, cut.iter().map(|(begin, _)| *begin))?;
    let whole = cut.iter().find(|(begin, _)| normalize_alnum(begin) == normalize_alnum(guess.word))?.1;
    if guess.share > PARAMS.closed_words.allowed(value.confidence()) {
        let confidence = (value.confidence() * PARAMS.unknown_word).min(PARAMS.unknown_word);
        return Some((text.to_owned(), confidence));
    }
    let exact = normalize_alnum(text) == normalize_alnum(whole);
    let confidence = if exact {
        value.confidence().max(PARAMS.exact_word_min)
    } else {
        PARAMS.corrected_word.confidence(guess.share)
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
        faint.blood = Some(BloodShape { group: Some("B"), sign: Some('-'), correlation: 0.9, words: None });
        assert_eq!(blood_type(&faint).unwrap().0, "B-");
        assert_eq!(blood_type(&row("O", "O+")).unwrap().0, "O+");
        // What is no group is nothing.
        assert_eq!(blood_type(&row("", "AA")), None);
    }

    #[test]
    fn an_unknown_group_is_never_one_of_the_groups() {
        let words = |text: &str, confidence: f32| KtpRow {
            extra: Some(Line::with_confidence(text, confidence)),
            blood: Some(BloodShape {
                group: None,
                sign: None,
                correlation: 0.0,
                words: Some(Span { left: 0, right: 90 }),
            }),
            ..KtpRow::default()
        };
        let value = |text: &str| blood_type(&words(text, 0.98)).map(|(value, _)| value);
        for (text, expected) in [
            ("TDK TAHU", "TDK TAHU"),
            ("TDKTAHU", "TDK TAHU"),
            ("TIDAK TAHU", "TIDAK TAHU"),
            // The portrait hides the end.
            ("TDK T", "TDK TAHU"),
            ("TDK", "TDK TAHU"),
            ("TIDAK TA", "TIDAK TAHU"),
            // Without a colon the label was read as well.
            ("GOL. DARAH TDK TAHU", "TDK TAHU"),
            ("GOL DARAH : AB+", "AB+"),
            ("ABC", "ABC"),
            ("BOMBAY", "BOMBAY"),
        ] {
            assert_eq!(value(text).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(value("GOL. DARAH"), None);
        let (_, sure) = blood_type(&words("TDK TAHU", 0.98)).unwrap();
        let (_, unknown) = blood_type(&words("BOMBAY", 0.98)).unwrap();
        assert!(sure >= 0.9 && unknown <= PARAMS.unknown_word);
    }
}
