//! Finds personal data and credentials in text that must not contain them: in clear, in capitals, split by spaces,
//! dots or dashes, percent-encoded, in base64 and in hexadecimal.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};

/// Shorter texts occur by chance: `ERNA` is part of `internal`.
const LETTERS_MIN: usize = 6;
/// Base64 of three bytes or fewer occurs by chance too.
const ENCODED_MIN: usize = 8;

/// A text that must not be found.
#[derive(Debug, Clone)]
pub struct PiiMarker {
    /// Its description, for messages, which must not contain the text itself.
    pub what: String,
    squeezed: String,
    encoded: BTreeSet<String>,
    hex: BTreeSet<String>,
}

impl PiiMarker {
    /// None if the text is too short to prove anything.
    pub fn new(what: impl Into<String>, text: &str) -> Option<Self> {
        let squeezed = squeeze(text.as_bytes());
        if squeezed.len() < LETTERS_MIN {
            return None;
        }
        let forms = [text.to_owned(), text.to_lowercase(), text.to_uppercase()];
        let encoded = forms.iter().flat_map(|form| base64_forms(form.as_bytes())).collect();
        let hex = forms.iter().map(|form| hex(form.as_bytes())).collect();
        Some(Self { what: what.into(), squeezed, encoded, hex })
    }
}

/// A text to search, prepared once for all markers.
#[derive(Debug)]
pub struct SearchedText {
    raw: String,
    lower: String,
    squeezed: String,
    decoded: String,
}

impl SearchedText {
    /// Bytes of any kind.
    pub fn new(bytes: &[u8]) -> Self {
        let raw = String::from_utf8_lossy(bytes).into_owned();
        Self {
            lower: raw.to_lowercase(),
            squeezed: squeeze(bytes),
            decoded: squeeze(&percent_decoded(bytes)),
            raw,
        }
    }

    /// The form in which a marker occurs, and the text before it; none if it does not occur.
    pub fn find(&self, marker: &PiiMarker) -> Option<String> {
        let around = |text: &str, form: &str| {
            let at = text.find(form)?;
            let before: String = text.get(..at)?.chars().rev().take(60).collect();
            Some(before.chars().rev().collect::<String>())
        };
        if let Some(before) = around(&self.squeezed, &marker.squeezed) {
            return Some(format!("in clear, after {before:?}"));
        }
        if let Some(before) = around(&self.decoded, &marker.squeezed) {
            return Some(format!("percent-encoded, after {before:?}"));
        }
        if let Some(form) = marker.encoded.iter().find(|form| self.raw.contains(form.as_str())) {
            return Some(format!("in base64, after {:?}", around(&self.raw, form).unwrap_or_default()));
        }
        let form = marker.hex.iter().find(|form| self.lower.contains(form.as_str()))?;
        Some(format!("in hexadecimal, after {:?}", around(&self.lower, form).unwrap_or_default()))
    }
}

/// Letters and digits only, in lower case, so that separators do not hide a marker.
fn squeeze(bytes: &[u8]) -> String {
    bytes.iter().filter(|b| b.is_ascii_alphanumeric()).map(|b| char::from(b.to_ascii_lowercase())).collect()
}

fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let digit =
        |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16)).and_then(|d| u8::try_from(d).ok());
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        match (byte, digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(high * 16 + low);
                at += 3;
            }
            _ => {
                decoded.push(*byte);
                at += 1;
            }
        }
    }
    decoded
}

/// The parts of the base64 of any longer text that depend on this text alone, for each of the three offsets.
fn base64_forms(bytes: &[u8]) -> Vec<String> {
    let mut forms = Vec::new();
    for (offset, shared) in [(0, 0), (1, 2), (2, 3)] {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(bytes);
        for text in [BASE64_STANDARD_NO_PAD.encode(&padded), BASE64_URL_SAFE_NO_PAD.encode(&padded)] {
            // The first letters also depend on the text before, the last one on the text after.
            let whole = if padded.len().is_multiple_of(3) { text.len() } else { text.len() - 1 };
            let form = text.get(shared..whole).unwrap_or_default();
            if form.len() >= ENCODED_MIN {
                forms.push(form.to_owned());
            }
        }
    }
    forms
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(marker: &str, text: impl AsRef<[u8]>) -> bool {
        SearchedText::new(text.as_ref()).find(&PiiMarker::new("test", marker).unwrap()).is_some()
    }

    #[test]
    fn inv_7_markers_are_found_in_every_encoding() {
        let nik = "3174095203900001";
        for text in [
            "nik 3174095203900001 read",
            "31 7409 520390 0001",
            "31.74.09-520390-0001",
            "\"nik\":\"3174095203900001\"",
            "%33%31%37%34%30%39%35%32%30%33%39%30%30%30%30%31",
            "3174%20095203%20900001",
            "\\x33313734303935323033393030303031",
        ] {
            assert!(finds(nik, text), "{text}");
        }
        for before in ["", "a", "ab", "abc", "{\"nik\":\""] {
            for after in ["", "x", "\"}", "xyz"] {
                let text = format!("{before}{nik}{after}");
                assert!(finds(nik, BASE64_STANDARD_NO_PAD.encode(&text)), "{text}");
                assert!(finds(nik, BASE64_URL_SAFE_NO_PAD.encode(&text)), "{text}");
            }
        }
        assert!(finds("Siti Aminah", "user SITI+AMINAH said"));
        assert!(finds("Siti Aminah", "siti_aminah.jpg"));
        assert!(finds("Siti Aminah", "Siti%20Aminah"));
        assert!(finds("siti@example.com", "siti%40example.com"));
    }

    #[test]
    fn absent_and_short_markers_are_not_found() {
        for text in ["", "nik *** read", "3174095203900002", "317409520390000", "siti"] {
            assert!(!finds("3174095203900001", text) && !finds("Siti Aminah", text), "{text}");
        }
        assert!(PiiMarker::new("name", "ERNA").is_none());
    }
}
