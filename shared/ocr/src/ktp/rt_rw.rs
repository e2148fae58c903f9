//! `RT/RW`: two numbers of three digits with a slash between.
//!
//! Owns their form. It must not know the rest of the address.

use crate::recognition::digits::NumberRow;
use crate::text::confidence::{combine_hypotheses, with_repaired_digits};
use crate::text::field_text::FieldText;
use crate::text::normalise::as_digit;

/// `NNN/NNN`, as the recogniser and the digit classifier have it.
pub(crate) fn rt_rw(piece: &FieldText, digits: Option<&NumberRow>) -> Option<(String, f32)> {
    let mut readings: Vec<(String, f32)> = rt_rw_of_text(piece).into_iter().collect();
    if piece.text != "-"
        && let Some(row) = digits
        && let Some((rt, rw)) = row.text().split_at_checked(3)
    {
        readings.push((format!("{rt}/{rw}"), row.weight(row.confidence())));
    }
    // Both numbers have three digits on every card.
    let usual = |text: &str| if text.len() == 7 { 1.0 } else { 0.0 };
    if readings.len() > 1 { combine_hypotheses(&readings, usual) } else { readings.pop() }
}

/// `NNN/NNN`; dashes and misread slashes between are accepted.
fn rt_rw_of_text(piece: &FieldText) -> Option<(String, f32)> {
    if piece.text == "-" {
        return Some(("-".to_owned(), piece.confidence()));
    }
    let characters: Vec<char> = piece.text.chars().filter(|c| *c != ' ').collect();
    let digits = |part: &[char]| -> Option<(String, i32)> {
        let mut repairs = 0;
        let text: Option<String> = part
            .iter()
            .map(|c| {
                let digit = as_digit(*c)?;
                repairs += i32::from(digit != *c);
                Some(digit)
            })
            .collect();
        text.map(|text| (text, repairs))
    };
    let slash = characters.iter().position(|c| *c == '/');
    let (left, right) = match (slash, characters.len()) {
        (Some(at), _) => (&characters[..at], &characters[at + 1..]),
        // Seven characters with the slash in the middle, which is often read as 1, I or 7.
        (None, 7) => (&characters[..3], &characters[4..]),
        (None, 6) => (&characters[..3], &characters[3..]),
        _ => return None,
    };
    let ((rt, a), (rw, b)) = (digits(left)?, digits(right)?);
    if rt.is_empty() || rw.is_empty() || rt.len() > 4 || rw.len() > 4 {
        return None;
    }
    let repairs = a + b + i32::from(slash.is_none());
    Some((format!("{rt}/{rw}"), with_repaired_digits(piece.confidence(), repairs)))
}
