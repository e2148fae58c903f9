//! PDF: the first line, that it comes to an end, and that it is not encrypted.
//!
//! Pages are counted and drawn where there is a renderer; this only checks that there is something to draw.

use crate::kind::PDF_MAGIC;
use crate::{FileKind, MediaError};

const DAMAGED: MediaError = MediaError::Damaged(FileKind::Pdf);

/// How far a dictionary is looked through for what it is.
const DICTIONARY_WINDOW: usize = 8 * 1024;
/// How many times the name of an encryption dictionary may stand in a file; one or two are usual.
const MAX_NAMES: usize = 64;

/// Whether it may be a PDF that a renderer can open. `bytes` begin with the header.
pub(crate) fn check(bytes: &[u8]) -> Result<(), MediaError> {
    let version = bytes.strip_prefix(PDF_MAGIC).and_then(|rest| rest.first_chunk::<3>()).ok_or(DAMAGED)?;
    if !matches!(version, [b'1' | b'2', b'.', b'0'..=b'9']) {
        return Err(DAMAGED);
    }
    // Its end was written, whatever a portal or a disk put behind it, and even if the last mark is lost.
    rfind(bytes, b"%%EOF").or_else(|| rfind(bytes, b"startxref")).ok_or(DAMAGED)?;
    if is_encrypted(bytes) { Err(MediaError::Encrypted) } else { Ok(()) }
}

/// Whether a dictionary that says how the file is to be opened names an encryption dictionary: a trailer, or that of a
/// cross-reference stream. The name is always in clear, whatever else is not.
fn is_encrypted(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"/Encrypt";
    let names = bytes.windows(NAME.len() + 1).enumerate().filter(|(_, found)| {
        // The name itself, not one that begins with it.
        found.starts_with(NAME) && found.last().is_some_and(|after| !after.is_ascii_alphanumeric())
    });
    let mut count = 0;
    for (at, _) in names {
        count += 1;
        if count > MAX_NAMES || opens_the_file(bytes, at) {
            return true;
        }
    }
    false
}

/// Whether the dictionary around this place is a trailer or that of a cross-reference stream.
fn opens_the_file(bytes: &[u8], at: usize) -> bool {
    let (before, behind) = bytes.split_at_checked(at).unwrap_or_default();
    let before = before.get(before.len().saturating_sub(DICTIONARY_WINDOW)..).unwrap_or_default();
    let behind = behind.get(..DICTIONARY_WINDOW).unwrap_or(behind);
    // An object ends before it, or a stream's content begins: that is not its dictionary.
    let begins =
        [&b"endobj"[..], b"stream", b"startxref"].iter().filter_map(|mark| rfind(before, mark)).max();
    let before = begins.and_then(|begins| before.get(begins..)).unwrap_or(before);
    let ends = [&b"endobj"[..], b"stream"].iter().filter_map(|mark| find(behind, mark)).min();
    let behind = ends.and_then(|ends| behind.get(..ends)).unwrap_or(behind);
    contains(before, b"trailer") || contains(before, b"/XRef") || contains(behind, b"/XRef")
}

fn contains(bytes: &[u8], what: &[u8]) -> bool {
    find(bytes, what).is_some()
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|found| found == what)
}

fn rfind(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|found| found == what)
}
