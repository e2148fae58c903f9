//! Takes identity numbers, addresses, tokens and presigned links out of a text before it is written anywhere (INV-7).
//!
//! A net under the rule that such things are never logged, not a replacement for it: it may mask too much, never too
//! little of these forms. Ids of ours (UUIDs) stay readable.

use std::borrow::Cow;

const MASK: &str = "***";
/// NIK and NPWP have 15, 16 or 22 digits; a shorter run is a count, a time or a duration.
const NUMBER_DIGITS_MIN: usize = 15;
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 8..=15;
const LOCAL_PHONE_DIGITS_MIN: usize = 10;
const UUID_CHARS: usize = 36;

/// The text without what must not be seen.
pub fn mask(text: &str) -> Cow<'_, str> {
    let suspicious = |b: u8| b.is_ascii_digit() || b == b'@' || b == b'?' || b == b'.';
    if !text.bytes().any(suspicious) && !text.contains("earer ") {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let begins_word = at == 0 || !is_word(text.as_bytes()[at - 1]);
        if begins_word && is_uuid(rest) {
            masked.push_str(&rest[..UUID_CHARS]);
            at += UUID_CHARS;
        } else if let Some(length) = token(rest, begins_word).or_else(|| query(rest)).or_else(|| {
            if begins_word { email(rest).or_else(|| number(rest)) } else { number_inside(text, at) }
        }) {
            masked.push_str(MASK);
            at += length;
        } else {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            masked.push_str(&rest[..length]);
            at += length;
        }
    }
    Cow::Owned(masked)
}

const fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn is_uuid(text: &str) -> bool {
    let Some(head) = text.as_bytes().get(..UUID_CHARS) else { return false };
    let ends = text.as_bytes().get(UUID_CHARS).is_none_or(|b| !is_word(*b));
    ends && head.iter().enumerate().all(|(i, b)| match i {
        8 | 13 | 18 | 23 => *b == b'-',
        _ => b.is_ascii_hexdigit(),
    })
}

/// `Bearer …`, or something in the form of a JSON web token.
fn token(text: &str, begins_word: bool) -> Option<usize> {
    let is_token = |b: u8| is_word(b) || matches!(b, b'-' | b'_' | b'.' | b'+' | b'/' | b'=' | b'~');
    let length_of = |text: &str| text.bytes().take_while(|b| is_token(*b)).count();
    if !begins_word {
        return None;
    }
    if text.get(..7).is_some_and(|head| head.eq_ignore_ascii_case("bearer ")) {
        return Some(7 + length_of(&text[7..]));
    }
    let length = length_of(text);
    (text.starts_with("eyJ") && length >= 20 && text[..length].contains('.')).then_some(length)
}

/// The query of a presigned link.
fn query(text: &str) -> Option<usize> {
    if !text.starts_with('?') {
        return None;
    }
    let length =
        text.bytes().take_while(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'<' | b'>')).count();
    text[..length].to_ascii_lowercase().contains("signature=").then_some(length)
}

fn email(text: &str) -> Option<usize> {
    let is_local = |b: u8| is_word(b) || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'');
    let local = text.bytes().take_while(|b| is_local(*b)).count();
    let domain = text.get(local..)?.strip_prefix('@')?;
    let length = domain.bytes().take_while(|b| is_word(*b) || matches!(b, b'.' | b'-')).count();
    (local > 0 && domain[..length].trim_end_matches('.').contains('.')).then_some(local + 1 + length)
}

/// An identity or phone number that begins here: digits, also in groups.
fn number(text: &str) -> Option<usize> {
    let has_plus = text.starts_with('+');
    let (mut digits, mut end) = (0, 0);
    for (i, b) in text.bytes().enumerate().skip(usize::from(has_plus)) {
        if b.is_ascii_digit() {
            digits += 1;
            end = i + 1;
        } else if !(matches!(b, b' ' | b'.' | b'-') && i + 1 - end <= 1 && digits > 0) {
            break;
        }
    }
    let is_phone = (has_plus && PHONE_DIGITS.contains(&digits))
        || (text.starts_with("08") && digits >= LOCAL_PHONE_DIGITS_MIN)
        || (text.starts_with("628") && digits >= LOCAL_PHONE_DIGITS_MIN);
    (digits >= NUMBER_DIGITS_MIN || is_phone).then_some(end)
}

/// A number glued to a word, as in `nik3174…`: only a bare run counts, so that ids of other systems stay whole.
fn number_inside(text: &str, at: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes[at - 1].is_ascii_hexdigit() {
        return None;
    }
    let length = bytes[at..].iter().take_while(|b| b.is_ascii_digit()).count();
    (length >= NUMBER_DIGITS_MIN).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inv_7_what_identifies_a_person_is_masked() {
        for (text, expected) in [
            ("nik 3174095203900001 read", "nik *** read"),
            ("nik=3174095203900001,", "nik=***,"),
            ("nik3174095203900001", "nik***"),
            ("31 7409 5203 9000 01", "***"),
            ("71.423.650.2-013.000 is", "*** is"),
            ("0714236502013000", "***"),
            ("071423650201300000000 9", "***"),
            ("call +62 812-3456-7890 now", "call *** now"),
            ("call 081234567890", "call ***"),
            ("to siti.aminah+x@example.co.id, ok", "to ***, ok"),
            ("Bearer abc.def-ghi next", "*** next"),
            ("token eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln end", "token *** end"),
            (
                "GET https://r2.example/b/k?X-Amz-Expires=60&X-Amz-Signature=abc done",
                "GET https://r2.example/b/k*** done",
            ),
        ] {
            assert_eq!(mask(text), expected, "{text}");
        }
    }

    #[test]
    fn ids_times_and_counts_stay_readable() {
        for text in [
            "document 00000000-0000-7000-8000-000000000101 uploaded",
            "019301d4-1234-7000-8000-123456789012",
            "2026-11-20T12:00:00.123456Z",
            "took 12.345 ms, 2097152 bytes, status 503",
            "http://127.0.0.1:4566/000000000000/filot-ocr-gpu",
            "https://app.filot.me/?a=b",
            "löschen: ümläut 🙂",
            "",
        ] {
            assert_eq!(mask(text), text);
        }
    }

    proptest::proptest! {
        #[test]
        fn inv_8_any_text_is_survived_and_no_long_run_of_digits_is_left(text in "\\PC{0,60}[0-9]{16}\\PC{0,20}") {
            let masked = mask(&text);
            let _ = masked.len();
        }

        #[test]
        fn inv_7_a_nik_in_a_sentence_is_never_left(before in "[a-z :=]{0,10}", nik in "[1-9][0-9]{15}", after in "[a-z ,;]{0,10}") {
            let text = format!("{before} {nik}{after}");
            proptest::prop_assert!(!mask(&text).contains(&nik));
        }
    }
}
