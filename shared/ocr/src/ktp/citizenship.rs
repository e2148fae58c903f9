//! Citizenship: `WNI` or `WNA`, by its letters and by the shape of the last one; or a country.
//!
//! Owns both: three letters are too little for a line recogniser where blur has joined them. It must not know the other
//! rows.

use filot_domain::FieldName;
use filot_domain::vocabulary::{CITIZENSHIPS, COUNTRIES};

use crate::ktp::params::PARAMS;
use crate::ktp::vocabulary::{ClosedWords, open_vocabulary, put_unknown, vocabulary};
use crate::page::{Page, Row, Span};
use crate::text::field_text::FieldText;
use crate::text::normalise::normalize_alnum;

/// The citizenship whose shape a value has; `None` where the shape does not decide it.
pub(crate) fn citizenship_shape(page: &Page, row: Row, span: Span) -> Option<&'static str> {
    let high = row.height().max(1);
    let width = (span.right - span.left) as f32 / high as f32;
    if !(PARAMS.citizenship_width.0..=PARAMS.citizenship_width.1).contains(&width) {
        return None;
    }
    let left = span.right.saturating_sub((high * 3 / 10).max(2));
    let darkness = |from: u32, to: u32| {
        let part = Row { top: row.top + high * from / 10, bottom: row.top + high * to / 10 };
        page.darkness(part, Span { left, right: span.right })
    };
    let (top, foot) = (darkness(1, 4), darkness(6, 9));
    if foot < 20.0 {
        return None;
    }
    match top / foot {
        share if share >= PARAMS.citizenship_i_min => Some("WNI"),
        share if share <= PARAMS.citizenship_a_max && width > PARAMS.citizenship_a_width_min => Some("WNA"),
        _ => None,
    }
}

/// `WNI` or `WNA`, of which only the last letter tells them apart and whose wide W is often read as two letters; or the
/// country of a foreign resident. `shape`: the one of the two whose shape the print has, for recognisers make little of
/// three letters.
pub(crate) fn citizenship(
    piece: &FieldText,
    shape: Option<&str>,
    put: &mut impl FnMut(FieldName, String, f32),
) {
    let (by_shape, by_end) = (PARAMS.citizenship_by_shape, PARAMS.citizenship_by_end);
    let text = normalize_alnum(&piece.text);
    if let Some(known) = CITIZENSHIPS.iter().find(|known| **known == text) {
        // A shape that contradicts the letters only lowers the confidence.
        let doubt = if shape.is_some_and(|shape| shape != text) { PARAMS.citizenship_disputed } else { 1.0 };
        let confidence = piece.confidence().max(PARAMS.exact_word_min) * doubt;
        return put(FieldName::Citizenship, (*known).to_owned(), confidence);
    }
    if let Some((country, confidence)) = open_vocabulary(piece, COUNTRIES) {
        return put(FieldName::Citizenship, country, confidence);
    }
    // Five letters of which the first is no W, or more, are another word, however it ends.
    let begins_so = text.starts_with(['W', 'V', 'N', 'M', 'U']);
    if text.len() > 5 || (text.len() == 5 && !begins_so) {
        return put_unknown(FieldName::Citizenship, piece, put);
    }
    let value = if text.ends_with("NI") || text.ends_with("N1") {
        "WNI"
    } else if text.ends_with("NA") || text.ends_with("N4") {
        "WNA"
    } else if let Some(shape) = shape.filter(|_| text.len() <= 4) {
        let confidence = if shape == "WNI" { by_shape.0 } else { by_shape.1 };
        return put(FieldName::Citizenship, shape.to_owned(), confidence);
    } else {
        let words = ClosedWords { indonesian: CITIZENSHIPS, english: &[] };
        return vocabulary(FieldName::Citizenship, piece, words, put);
    };
    put(FieldName::Citizenship, value.to_owned(), if begins_so { by_end.0 } else { by_end.1 });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    /// A word of 50 columns in a row 20 high, of which the last 6 columns are inked as `last` says.
    fn look_at(last: impl Fn(u32, u32) -> bool) -> Option<&'static str> {
        let (page, row) = drawn(|x, y| {
            let word = (100..144).contains(&x) && x % 6 < 3;
            let end = (144..150).contains(&x) && last(x - 144, y);
            if word || end { 235 } else { 0 }
        });
        citizenship_shape(&page, row, Span { left: 100, right: 150 })
    }

    #[test]
    fn the_last_letter_decides() {
        assert_eq!(look_at(|x, _| x >= 3), Some("WNI"));
        // The right leg of an A reaches so far right at its foot alone.
        assert_eq!(look_at(|x, y| y >= 8 && x <= y / 3 && x + 2 >= y / 3), Some("WNA"));
        assert_eq!(look_at(|_, _| false), None);
    }

    #[test]
    fn a_long_value_is_neither() {
        let page = Page::new(
            image::GrayImage::from_pixel(300, 100, image::Luma([20])),
            crate::page::Area { left: 0, top: 0, right: 300, bottom: 100 },
        );
        assert_eq!(
            citizenship_shape(&page, Row { top: 40, bottom: 60 }, Span { left: 20, right: 120 }),
            None
        );
    }
}
