//! Replaces values that differ from run to run by names: ids, times, tokens, signatures, addresses, durations.
//!
//! The same id always gets the same name, so a recording also shows which answers are about the same thing.

use std::collections::BTreeMap;

/// Ids of the demo data and ids that the script made up begin with this, and are the same in every run.
const FIXED_ID: &str = "00000000-0000-";
/// A slash in a query.
const SLASH: &str = "%2F";
/// Values after these texts are numbers that depend on the clock.
const CLOCK_NUMBERS: [&str; 1] = ["\"uptime\":"];
/// Values after these texts are secrets or positions, up to the next quote or `&`.
const OPAQUE: [(&str, &str); 5] = [
    ("\"refreshToken\":\"", "<refresh token>"),
    ("\"nextCursor\":\"", "<cursor>"),
    ("cursor=", "<cursor>"),
    ("X-Amz-Signature=", "<signature>"),
    ("X-Amz-Date=", "<time>"),
];

/// Names for what was seen so far.
#[derive(Debug, Default)]
pub struct Normaliser {
    ids: BTreeMap<String, usize>,
}

impl Normaliser {
    /// The same text with names in the place of what differs.
    pub fn text(&mut self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            // A number or a word is replaced as a whole or not at all.
            let is_start =
                !out.ends_with(|before: char| before.is_ascii_alphanumeric()) || out.ends_with(SLASH);
            let found = if is_start { self.replacement(rest, &out) } else { None };
            let (length, name) = found.unwrap_or_else(|| (first.len_utf8(), first.to_string()));
            out.push_str(&name);
            rest = rest.get(length..).unwrap_or_default();
        }
        out
    }

    /// The name of what `rest` begins with, and the length of what it replaces.
    fn replacement(&mut self, rest: &str, before: &str) -> Option<(usize, String)> {
        for (key, name) in OPAQUE {
            if before.ends_with(key) {
                let length = rest.find(['"', '&']).unwrap_or(rest.len());
                return Some((length, name.to_owned()));
            }
        }
        if CLOCK_NUMBERS.iter().any(|key| before.ends_with(key)) {
            return Some((rest.find(|c: char| !c.is_ascii_digit())?, "<seconds>".to_owned()));
        }
        if let Some(id) = rest.get(..36).filter(|id| is_uuid(id)) {
            if id.starts_with(FIXED_ID) {
                return Some((36, id.to_owned()));
            }
            let next = self.ids.len() + 1;
            let number = self.ids.entry(id.to_owned()).or_insert(next);
            return Some((36, format!("<id {number}>")));
        }
        if let Some(length) = time(rest) {
            return Some((length, "<time>".to_owned()));
        }
        if let Some(length) = token(rest) {
            return Some((length, "<token>".to_owned()));
        }
        if let Some(after) = rest.strip_prefix("127.0.0.1:") {
            return Some((
                10 + after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len()),
                "<local>".to_owned(),
            ));
        }
        // The day in the scope of a presigned link's credential.
        let is_scope = before.ends_with(SLASH) && rest.get(8..11) == Some(SLASH);
        let day = rest.get(..8).filter(|day| is_scope && day.bytes().all(|b| b.is_ascii_digit()))?;
        Some((day.len(), "<day>".to_owned()))
    }
}

fn is_uuid(text: &str) -> bool {
    text.bytes().enumerate().all(|(at, byte)| match at {
        8 | 13 | 18 | 23 => byte == b'-',
        _ => byte.is_ascii_hexdigit() && !byte.is_ascii_uppercase(),
    })
}

/// The length of an RFC 3339 time, if the text begins with one.
fn time(text: &str) -> Option<usize> {
    const SHAPE: &[u8] = b"0000-00-00T00:00:00";
    let head = text.as_bytes().get(..SHAPE.len())?;
    let fits = SHAPE.iter().zip(head).all(
        |(shape, byte)| {
            if *shape == b'0' { byte.is_ascii_digit() } else { shape == byte }
        },
    );
    if !fits {
        return None;
    }
    let rest = text.get(SHAPE.len()..)?;
    let fraction = rest.find(|c: char| !(c == '.' || c.is_ascii_digit())).unwrap_or(rest.len());
    let zone = match rest.get(fraction..)? {
        zone if zone.starts_with('Z') => 1,
        zone if zone.starts_with("+00:00") => 6,
        _ => return None,
    };
    Some(SHAPE.len() + fraction + zone)
}

/// The length of a JSON web token, if the text begins with one.
fn token(text: &str) -> Option<usize> {
    if !text.starts_with("eyJ") {
        return None;
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let length = text.find(|c: char| !is_part(c)).unwrap_or(text.len());
    (text.get(..length)?.matches('.').count() == 2).then_some(length)
}

/// JSON with a line for each value, in the order and the spelling in which it came. None if it is no compact JSON.
pub fn pretty(json: &str) -> Option<String> {
    serde_json::from_str::<serde::de::IgnoredAny>(json).ok()?;
    let (mut out, mut depth, mut is_text, mut is_escaped) = (String::new(), 0_usize, false, false);
    let mut previous = ' ';
    for character in json.chars() {
        let line = |out: &mut String, depth: usize| {
            out.push('\n');
            out.push_str(&"  ".repeat(depth));
        };
        if is_text {
            out.push(character);
            is_text = is_escaped || character != '"';
            is_escaped = character == '\\' && !is_escaped;
        } else {
            match character {
                // Space between values is a difference that must show.
                _ if character.is_whitespace() => return None,
                '{' | '[' => {
                    out.push(character);
                    depth += 1;
                    line(&mut out, depth);
                }
                '}' | ']' => {
                    depth = depth.checked_sub(1)?;
                    if matches!(previous, '{' | '[') {
                        out.truncate(out.trim_end().len());
                    } else {
                        line(&mut out, depth);
                    }
                    out.push(character);
                }
                ',' => {
                    out.push(',');
                    line(&mut out, depth);
                }
                ':' => out.push_str(": "),
                _ => {
                    is_text = character == '"';
                    out.push(character);
                }
            }
        }
        previous = character;
    }
    Some(out)
}

#[test]
fn ids_times_tokens_and_addresses_become_names() {
    let mut normaliser = Normaliser::default();
    let one = "0193f8a0-0000-7000-8000-0000000000aa";
    let text = format!(
        "{{\"id\":\"{one}\",\"of\":\"00000000-0000-7000-8000-000000000101\",\"at\":\"2026-01-02T03:04:05.678Z\",\
         \"born\":\"1995-08-17\",\"uptime\":17,\"again\":\"{one}\",\"accessToken\":\"eyJh.eyJi.c-_9\",\
         \"refreshToken\":\"abc\",\"n\":\"3174015708950001\"}}"
    );
    assert_eq!(
        normaliser.text(&text),
        "{\"id\":\"<id 1>\",\"of\":\"00000000-0000-7000-8000-000000000101\",\"at\":\"<time>\",\
         \"born\":\"1995-08-17\",\"uptime\":<seconds>,\"again\":\"<id 1>\",\"accessToken\":\"<token>\",\
         \"refreshToken\":\"<refresh token>\",\"n\":\"3174015708950001\"}"
    );
    let link = "http://127.0.0.1:4566/b/k.png?X-Amz-Credential=test%2F20260102%2Fx&X-Amz-Date=20260102T030405Z\
                &X-Amz-Signature=00ff&x-id=GetObject";
    assert_eq!(
        normaliser.text(link),
        "http://<local>/b/k.png?X-Amz-Credential=test%2F<day>%2Fx&X-Amz-Date=<time>\
         &X-Amz-Signature=<signature>&x-id=GetObject"
    );
}

#[test]
fn json_keeps_its_order_and_its_spelling() {
    let json = r#"{"b":1.50,"a":["x: {\"y\"}",[],{}],"c":null}"#;
    let lines =
        "{\n  \"b\": 1.50,\n  \"a\": [\n    \"x: {\\\"y\\\"}\",\n    [],\n    {}\n  ],\n  \"c\": null\n}";
    assert_eq!(pretty(json).as_deref(), Some(lines));
    assert_eq!(pretty("{ \"a\":1}"), None);
    assert_eq!(pretty("no json"), None);
}
