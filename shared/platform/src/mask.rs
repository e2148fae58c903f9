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
const BEARER: &[u8] = b"bearer ";
/// Characters that may stand between two groups of one number.
const NUMBER_GAP_MAX: usize = 3;
/// What a mail address may have before its `@` (RFC 5321 says 64) and after it.
const MAIL_LOCAL_MAX: usize = 128;
const MAIL_DOMAIN_MAX: usize = 255;
/// What a URL may say about who calls.
const USERINFO_MAX: usize = 512;

/// The text without what must not be seen. Takes time in proportion to the text, whatever it is.
pub fn mask(text: &str) -> Cow<'_, str> {
    let suspicious = |b: u8| b.is_ascii_digit() || b == b'@' || b == b'?' || b == b'.';
    if !text.bytes().any(suspicious) && !text.as_bytes().windows(BEARER.len()).any(is_bearer) {
        return Cow::Borrowed(text);
    }
    let mut masked = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before).copied());
        let begins_word = before.is_none_or(|b| !is_word(b));
        let begins_number = rest.starts_with('+') || before.is_none_or(|b| !b.is_ascii_digit());
        let kept = if begins_word && is_uuid(rest) { Some(UUID_CHARS) } else { None };
        let hidden = token(rest, begins_word)
            .or_else(|| query(rest))
            .or_else(|| userinfo(rest, text.get(..at).unwrap_or_default()))
            .or_else(|| if begins_word { email(rest) } else { None })
            .or_else(|| if begins_number { number(rest) } else { None });
        if let (None, Some(length)) = (kept, hidden) {
            masked.push_str(MASK);
            at += length;
        } else {
            let length = kept.unwrap_or_else(|| rest.chars().next().map_or(1, char::len_utf8));
            masked.push_str(rest.get(..length).unwrap_or(rest));
            at += length;
        }
    }
    Cow::Owned(masked)
}

const fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric()
}

fn is_bearer(text: &[u8]) -> bool {
    text.get(..BEARER.len()).is_some_and(|head| head.eq_ignore_ascii_case(BEARER))
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
    if is_bearer(text.as_bytes()) {
        return Some(BEARER.len() + length_of(text.get(BEARER.len()..)?));
    }
    if !text.starts_with("eyJ") {
        return None;
    }
    let length = length_of(text);
    (length >= 20 && text.get(..length)?.contains('.')).then_some(length)
}

/// The query of a presigned link.
fn query(text: &str) -> Option<usize> {
    let query = text.strip_prefix('?')?;
    // Another question mark is looked at by itself.
    let length = query
        .bytes()
        .take_while(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'<' | b'>' | b'?'))
        .count();
    query.get(..length)?.to_ascii_lowercase().contains("signature=").then_some(1 + length)
}

/// User and password in a URL, `@` included.
fn userinfo(text: &str, before: &str) -> Option<usize> {
    if !before.ends_with("://") {
        return None;
    }
    let ends = |b: &u8| b.is_ascii_whitespace() || matches!(b, b'/' | b'?' | b'#' | b'"' | b'\'');
    let authority = text.bytes().take(USERINFO_MAX).take_while(|b| !ends(b)).count();
    text.as_bytes().get(..authority)?.iter().rposition(|b| *b == b'@').map(|at| at + 1)
}

fn email(text: &str) -> Option<usize> {
    let is_local = |b: u8| is_word(b) || matches!(b, b'.' | b'_' | b'%' | b'+' | b'-' | b'\'');
    let local = text.bytes().take(MAIL_LOCAL_MAX).take_while(|b| is_local(*b)).count();
    let domain = text.get(local..)?.strip_prefix('@')?;
    let length =
        domain.bytes().take(MAIL_DOMAIN_MAX).take_while(|b| is_word(*b) || matches!(b, b'.' | b'-')).count();
    let has_dot = domain.get(..length)?.trim_end_matches('.').contains('.');
    (local > 0 && has_dot).then_some(local + 1 + length)
}

/// An identity or phone number that begins here: digits, also in groups.
fn number(text: &str) -> Option<usize> {
    let has_plus = text.starts_with('+');
    let (mut digits, mut end) = (0, 0);
    for (i, b) in text.bytes().enumerate().skip(usize::from(has_plus)) {
        if b.is_ascii_digit() {
            digits += 1;
            end = i + 1;
        } else if digits == 0 || !matches!(b, b' ' | b'.' | b'-') || i >= end + NUMBER_GAP_MAX {
            break;
        }
    }
    let is_phone = (has_plus && PHONE_DIGITS.contains(&digits))
        || (text.starts_with("08") && digits >= LOCAL_PHONE_DIGITS_MIN)
        || (text.starts_with("628") && digits >= LOCAL_PHONE_DIGITS_MIN);
    (digits >= NUMBER_DIGITS_MIN || is_phone).then_some(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn inv_7_what_identifies_a_person_is_masked() {
        for (text, expected) in [
            ("nik 3174095203900001 read", "nik *** read"),
            ("nik=3174095203900001,", "nik=***,"),
            ("nik3174095203900001", "nik***"),
            ("name3174095203900001", "name***"),
            ("nik31 7409 5203 9000 01", "nik***"),
            ("3174 - 0952 - 0390 - 0001", "***"),
            ("postgres://filot:hunter2@localhost/filot", "postgres://***localhost/filot"),
            ("BEARER ABCDEF", "***"),
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

    /// As a group of digits may be written.
    fn grouped(digits: &str, gaps: &[&str]) -> String {
        digits.chars().zip(gaps.iter().chain(std::iter::repeat(&""))).fold(
            String::new(),
            |mut text, (digit, gap)| {
                text.push(digit);
                text.push_str(gap);
                text
            },
        )
    }

    fn gaps() -> impl Strategy<Value = Vec<&'static str>> {
        proptest::collection::vec(proptest::sample::select(vec!["", "", "", " ", "-", ".", " -"]), 15)
    }

    proptest! {
        #[test]
        fn inv_8_any_text_is_survived(text in "\\PC{0,200}") {
            let _ = mask(&text);
        }

        #[test]
        fn inv_7_no_digit_of_an_identity_number_is_left_whatever_is_around_it(
            before in "[^0-9+]{0,20}", digits in "[0-9]{15,16}", gaps in gaps(), after in "[^0-9]{0,20}"
        ) {
            let text = format!("{before}{}{after}", grouped(&digits, &gaps));
            let masked = mask(&text);
            prop_assert!(!masked.bytes().any(|b| b.is_ascii_digit()), "{} from {}", masked, text);
        }

        #[test]
        fn inv_7_no_digit_of_a_phone_number_is_left(
            before in "[a-z :=(]{0,10}", head in "(\\+62 ?8|628|08)", digits in "[0-9]{8,10}", gaps in gaps()
        ) {
            let masked = mask(&format!("{before}{head}{}", grouped(&digits, &gaps))).into_owned();
            prop_assert!(!masked.bytes().any(|b| b.is_ascii_digit()), "{}", masked);
        }

        #[test]
        fn inv_7_no_address_token_or_signature_is_left(
            before in "[a-z :=(]{0,10} ", name in "[a-z]{3,20}", secret in "[A-Za-z0-9_-]{24,60}"
        ) {
            for text in [
                format!("{before}{name}.{name}@{name}.co.id"),
                format!("{before}eyJ{secret}.{secret}.{secret}"),
                format!("{before}Bearer {secret}"),
                format!("{before}https://host/{before}x?X-Amz-Date=1&X-Amz-Signature={secret}"),
                format!("{before}postgres://filot:{secret}@host/db"),
            ] {
                let masked = mask(&text);
                prop_assert!(!masked.contains(&secret) && !masked.contains(&format!("{name}@")), "{}", masked);
            }
        }

        #[test]
        fn ids_stay_readable(id in "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", before in "[a-z]{1,9}[ =:(\"]") {
            let text = format!("{before}{id}");
            prop_assert_eq!(mask(&text), text.as_str());
        }
    }

    #[test]
    fn inv_8_a_long_text_takes_time_in_proportion() {
        for part in ["a.", "?a", "1 ", "eyJ.", "://", "0-", "bearer ", "a@"] {
            let started = std::time::Instant::now();
            let _ = mask(&part.repeat(100_000));
            assert!(started.elapsed().as_secs() < 5, "{part:?} took {:?}", started.elapsed());
        }
    }
}
