//! `RT/RW`: two numbers of three digits with a slash between; a dash stands for a number that there is none of.
//!
//! Owns their form. It must not know the rest of the address.

use crate::correction::glyph::Glyph;
use crate::ktp::params::PARAMS;
use crate::ktp::row_data::KtpRow;
use crate::page::{Page, Row, Span};
use crate::text::confidence::{combine_hypotheses, with_repaired_digits};
use crate::text::field_text::FieldText;
use crate::text::line::Symbol;
use crate::text::normalise::as_digit;

/// `NNN/NNN` with a dash for either number or for both, or a lone dash: as the recogniser and the digit classifier have it.
pub(crate) fn rt_rw(row: &KtpRow) -> Option<(String, f32)> {
    if row.value_is_dash {
        return Some(("-".to_owned(), LONE_DASH));
    }
    // Dashes belong to the value, unlike those around other values.
    let noise = |c: char| matches!(c, ':' | ';' | '.' | ',' | '\'' | '"' | ' ');
    let symbols: Vec<Symbol> =
        row.value.symbols.iter().filter(|symbol| !noise(symbol.character)).copied().collect();
    let piece = FieldText::of(&symbols);
    if row.dashes == (true, true) {
        return Some(("-/-".to_owned(), LONE_DASH));
    }
    let mut readings: Vec<(String, f32)> =
        rt_rw_of_text(&piece).or_else(|| beside_dash(&piece, row.dashes)).into_iter().collect();
    let has_dash = readings.first().is_some_and(|(text, _)| text.contains('-'));
    // The classifier sees a digit in every cell, and knows no dash.
    if !has_dash
        && let Some(digits) = &row.digits
        && let Some((rt, rw)) = digits.text().split_at_checked(3)
    {
        readings.push((format!("{rt}/{rw}"), digits.weight(digits.confidence())));
    }
    // Both numbers have three digits on every card.
    let usual = |text: &str| if text.len() == 7 { 1.0 } else { 0.0 };
    if readings.len() > 1 { combine_hypotheses(&readings, usual) } else { readings.pop() }
}

/// Probability of a dash by its shape alone.
const LONE_DASH: f32 = 0.8;

/// `NNN/NNN`; misread digits, dashes and misread slashes between are accepted, and a dash in place of a number.
pub(crate) fn rt_rw_of_text(piece: &FieldText) -> Option<(String, f32)> {
    let characters: Vec<char> = piece.text.chars().collect();
    if !characters.is_empty() && characters.iter().all(|c| *c == '-') {
        return Some(("-".to_owned(), piece.confidence()));
    }
    let slash = characters.iter().position(|c| *c == '/');
    let (left, right) = match (slash, characters.as_slice()) {
        (Some(at), _) => (characters.get(..at)?, characters.get(at + 1..)?),
        // Seven characters with the slash in the middle, which is often read as 1, I or 7.
        (None, [rt @ .., _, _, _, _]) if rt.len() == 3 => (rt, characters.get(4..)?),
        (None, [rt @ .., _, _, _]) if rt.len() == 3 => (rt, characters.get(3..)?),
        _ => return None,
    };
    let ((rt, a), (rw, b)) = (number(left)?, number(right)?);
    let repairs = a + b + i32::from(slash.is_none());
    Some((format!("{rt}/{rw}"), with_repaired_digits(piece.confidence(), repairs)))
}

/// The number beside a dash that the shapes show and the recogniser lost.
fn beside_dash(piece: &FieldText, dashes: (bool, bool)) -> Option<(String, f32)> {
    let characters: Vec<char> = piece.text.chars().filter(|c| !matches!(c, '/' | '-')).collect();
    let (digits, repairs) = number(&characters)?;
    let text = match dashes {
        (true, false) => format!("-/{digits}"),
        (false, true) => format!("{digits}/-"),
        _ => return None,
    };
    Some((text, with_repaired_digits(piece.confidence().min(LONE_DASH), repairs)))
}

/// Whether the value begins and ends in a dash beside print as high as a slash: recognisers see little in dashes.
pub(crate) fn dashes_by_shape(page: &Page, row: Row, span: Span) -> (bool, bool) {
    let pieces = page.strokes(row, span.left, span.right, 1);
    let glyphs: Vec<Glyph<'_>> = pieces
        .into_iter()
        .filter_map(|piece| Glyph::of(page, row, piece))
        .filter(|glyph| !glyph.is_colon())
        .collect();
    let is_dash = |glyph: Option<&Glyph<'_>>| glyph.is_some_and(|glyph| glyph.is_dash(row));
    if glyphs.len() < 2 || !glyphs.iter().any(|glyph| glyph.height() >= PARAMS.slash_height_min) {
        return (false, false);
    }
    (is_dash(glyphs.first()), is_dash(glyphs.last()))
}

/// One of the two numbers, and how many of its characters were taken for digits.
fn number(part: &[char]) -> Option<(String, i32)> {
    match part {
        ['-', rest @ ..] if rest.iter().all(|c| *c == '-') => return Some(("-".to_owned(), 0)),
        [] => return None,
        _ if part.len() > 4 => return None,
        _ => {}
    }
    let digits: String = part.iter().map(|c| as_digit(*c)).collect::<Option<String>>()?;
    let repairs = digits.chars().zip(part).filter(|(digit, read)| digit != *read).count();
    Some((digits, i32::try_from(repairs).unwrap_or(i32::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;
    use crate::text::line::Line;

    fn read(text: &str) -> Option<String> {
        let row = KtpRow { value: Line::with_confidence(text, 0.99), ..KtpRow::default() };
        rt_rw(&row).map(|(value, _)| value)
    }

    #[test]
    fn a_dash_stands_for_a_missing_number() {
        for (text, expected) in [
            (": 005/-", Some("005/-")),
            (": -/005", Some("-/005")),
            ("-/-", Some("-/-")),
            (": - / -", Some("-/-")),
            ("-", Some("-")),
            (": 000/000", Some("000/000")),
            ("OO5/O1O", Some("005/010")),
            ("0101005", Some("010/005")),
            ("010005", Some("010/005")),
            ("010-005", Some("010/005")),
            ("/005", None),
            ("005/", None),
            ("", None),
            ("TEBAS", None),
        ] {
            assert_eq!(read(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn shapes_show_dashes_that_the_recogniser_lost() {
        let read = |text: &str, dashes| {
            let row = KtpRow { value: Line::with_confidence(text, 0.99), dashes, ..KtpRow::default() };
            rt_rw(&row).map(|(value, _)| value)
        };
        assert_eq!(read("-", (true, true)).as_deref(), Some("-/-"));
        assert_eq!(read("", (true, true)).as_deref(), Some("-/-"));
        assert_eq!(read("005/", (false, true)).as_deref(), Some("005/-"));
        assert_eq!(read("/ 012", (true, false)).as_deref(), Some("-/012"));
        assert_eq!(read("005/012", (false, false)).as_deref(), Some("005/012"));
        // Strokes as columns: a dash, a slash, a dash; then a digit in place of the last.
        let dash = |x: u32, y: u32, left: u32| (left..left + 6).contains(&x) && (9..12).contains(&y);
        let (page, row) =
            drawn(|x, y| if dash(x, y, 100) || (110..114).contains(&x) || dash(x, y, 118) { 235 } else { 0 });
        let span = Span { left: 98, right: 140 };
        assert_eq!(dashes_by_shape(&page, row, span), (true, true));
        let (page, row) = drawn(|x, y| {
            if dash(x, y, 100) || (110..114).contains(&x) || (118..126).contains(&x) { 235 } else { 0 }
        });
        assert_eq!(dashes_by_shape(&page, row, span), (true, false));
        let (page, row) = drawn(|x, y| if dash(x, y, 100) || dash(x, y, 118) { 235 } else { 0 });
        assert_eq!(dashes_by_shape(&page, row, span), (false, false));
    }
}
