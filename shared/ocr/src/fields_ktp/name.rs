//! What a name is when several looks at it were taken.

use crate::engine::Line;
use crate::ktp::KtpRow;
use crate::text::{Piece, value_of};

/// How sure a name may be that is read otherwise at another size.
const OTHERWISE: f32 = 0.8;
/// The same where there are as many readings as looks.
const EACH_OTHERWISE: f32 = 0.6;

/// A name as several looks at it have it. Two looks of one recogniser err alike: that they agree says little, that they
/// differ much. Where they do, the smaller one is right twice as often as the first (on generated cards, 16 to 7).
fn looks_at_name((name, confidence): (String, f32), row: &KtpRow) -> (String, f32) {
    let again = row.again.as_ref().map(look);
    let Some((small, sure)) = row.small.as_ref().map(look).filter(|(text, _)| !text.is_empty()) else {
        return (name, confidence);
    };
    if let Some(name) = stops_of_both(&name, &small) {
        return (name, confidence.min(OTHERWISE));
    }
    let agreed = |text: &str| again.as_ref().is_some_and(|(again, _)| again == text);
    if small == name {
        let confidence = match &again {
            None => confidence,
            Some(_) if agreed(&name) => 1.0 - (1.0 - confidence) * 0.8,
            Some(_) => confidence.min(OTHERWISE),
        };
        (name, confidence)
    } else if again.is_none() && sure < confidence * 0.5 {
        // Too small for this print.
        (name, confidence.min(OTHERWISE))
    } else if agreed(&name) {
        (name, confidence.min(EACH_OTHERWISE))
    } else if again.is_none() || agreed(&small) {
        (small, sure.min(OTHERWISE))
    } else {
        (small, sure.min(EACH_OTHERWISE))
    }
}

/// Two readings that differ in nothing but full stops and commas, which a pixel or two below the line tell apart: a comma
/// in a name stands before a degree, and a degree has stops of its own.
fn stops_of_both(name: &str, other: &str) -> Option<String> {
    let is_mark = |c: char| c == '.' || c == ',';
    let alike = |(a, b): (char, char)| a == b || (is_mark(a) && is_mark(b));
    if name == other
        || name.chars().count() != other.chars().count()
        || !name.chars().zip(other.chars()).all(alike)
    {
        return None;
    }
    let settled = name.char_indices().zip(other.chars()).map(|((at, a), b)| {
        let next = name.get(at + 1..).and_then(|rest| rest.split_whitespace().next());
        let degree = next.is_some_and(|word| word.contains('.'));
        match (a == b, degree) {
            (true, _) => a,
            (false, true) => ',',
            (false, false) => '.',
        }
    });
    Some(settled.collect())
}

/// A name as another look has it: the digits of a wider alphabet are the letters that they look like.
fn look(line: &Line) -> (String, f32) {
    let piece = value_of(line);
    let letter = |c: char| match c {
        '0' => 'O',
        '1' => 'I',
        '2' => 'Z',
        '4' => 'A',
        '5' => 'S',
        '6' => 'G',
        '8' => 'B',
        other => other,
    };
    (name_text(&piece.text).chars().map(letter).collect(), piece.confidence())
}

/// Names hold no digits and do not end in punctuation other than a title's full stop.
fn name_text(text: &str) -> String {
    text.trim_end_matches([',', '-', '\'', ' ', ':']).to_owned()
}

/// The name and how sure it is. `first`: what its first line says; `joined`: with the lines that it wraps to, if any.
pub(super) fn settled(first: &Piece, joined: &Piece, one_line: bool, row: &KtpRow) -> (String, f32) {
    let read = (name_text(&joined.text), joined.confidence());
    if one_line {
        return looks_at_name(read, row);
    }
    // Another size has its first line only.
    let other = row.small.as_ref().map(look);
    let agreed = other.is_none_or(|(text, _)| text == name_text(&first.text));
    (read.0, if agreed { read.1 } else { read.1.min(OTHERWISE) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fields_ktp::line_of;

    #[test]
    fn a_name_is_sure_where_two_sizes_agree() {
        let read = |value: f32, small: &str, again: Option<&str>| {
            let row = KtpRow {
                value: line_of("PAT TIASINA", value),
                small: Some(line_of(small, 0.99)),
                again: again.map(|again| line_of(again, 0.97)),
                ..KtpRow::default()
            };
            let piece = value_of(&row.value);
            settled(&piece, &piece, true, &row)
        };
        let (name, sure) = read(0.99, "PAT TIASINA", None);
        assert!(name == "PAT TIASINA" && sure > 0.9);
        // Digits of the wider alphabet are letters.
        assert!(read(0.99, "PAT T1A51NA", None).1 > 0.9);
        // The smaller one is right more often, and nothing is sure.
        let (name, sure) = read(0.99, "PATTIASINA", None);
        assert!(name == "PATTIASINA" && sure < 0.85);
        let illegible = KtpRow { small: Some(line_of("PA TAS", 0.3)), ..KtpRow::default() };
        let piece = value_of(&line_of("PAT TIASINA", 0.99));
        let (name, sure) = settled(&piece, &piece, true, &illegible);
        assert!(name == "PAT TIASINA" && sure < 0.85, "too small for this print: the first look, in doubt");
        let (name, sure) = read(0.97, "PATTIASINA", Some("PAT TIASINA"));
        assert!(name == "PAT TIASINA" && sure < 0.85);
        let (name, sure) = read(0.97, "PATTIASINA", Some("PATTIASINA"));
        assert!(name == "PATTIASINA" && sure < 0.85);
    }

    #[test]
    fn a_comma_stands_before_a_degree() {
        let both = |name: &str, other: &str| stops_of_both(name, other);
        assert_eq!(
            both("WAHYU MOH, PURWANTO", "WAHYU MOH. PURWANTO").as_deref(),
            Some("WAHYU MOH. PURWANTO")
        );
        assert_eq!(both("SRI LESTARI. S.H", "SRI LESTARI, S.H").as_deref(), Some("SRI LESTARI, S.H"));
        assert_eq!(both("MOH. ALI", "MOH. ALI"), None);
        assert_eq!(both("MOH, ALI", "MOH. ALU"), None);
    }

    #[test]
    fn a_wrapped_name_is_doubtful_where_its_first_line_is() {
        let row = KtpRow {
            value: line_of("SRI WAHYUNI", 0.99),
            small: Some(line_of("SRI WANYUNI", 0.99)),
            ..KtpRow::default()
        };
        let first = value_of(&row.value);
        let joined = Piece { text: "SRI WAHYUNI PUTRI".to_owned(), ..first.clone() };
        let (name, sure) = settled(&first, &joined, false, &row);
        assert!(name == "SRI WAHYUNI PUTRI" && sure < 0.85);
    }
}
