//! PDF: the first line, the end mark, and that it is not encrypted.
//!
//! Pages are counted and drawn where there is a renderer; this only checks that there is something to draw.

use crate::kind::PDF_MAGIC;
use crate::{FileKind, MediaError};

const DAMAGED: MediaError = MediaError::Damaged(FileKind::Pdf);

/// How far from the end the end mark may be, as readers have it.
const END_WINDOW: usize = 1024;
/// How far a trailer's dictionary is looked through.
const TRAILER_WINDOW: usize = 8 * 1024;

/// Whether it may be a PDF that a renderer can open.
pub(crate) fn check(bytes: &[u8]) -> Result<(), MediaError> {
    let version = bytes.strip_prefix(PDF_MAGIC).and_then(|rest| rest.first_chunk::<3>()).ok_or(DAMAGED)?;
    if !matches!(version, [b'1' | b'2', b'.', b'0'..=b'9']) {
        return Err(DAMAGED);
    }
    let end = rfind(bytes, b"%%EOF").ok_or(DAMAGED)?;
    if end + END_WINDOW < bytes.len() {
        return Err(DAMAGED);
    }
    let body = bytes.get(..end).ok_or(DAMAGED)?;
    if trailers(body).into_iter().flatten().any(names_encryption) {
        return Err(MediaError::Encrypted);
    }
    Ok(())
}

/// The dictionaries that say how the file is to be opened: the last plain trailer, the cross-reference stream that the
/// end points to, and the first trailer, which in a file made for the web is the one that counts.
fn trailers(body: &[u8]) -> [Option<&[u8]>; 3] {
    let pointed = rfind(body, b"startxref").and_then(|at| {
        let digits = body.get(at + b"startxref".len()..)?.trim_ascii();
        let offset: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
        body.get(offset..).filter(|section| section.first().is_some_and(u8::is_ascii_digit))
    });
    let from = |at: Option<usize>| at.and_then(|at| body.get(at..));
    [
        from(rfind(body, b"trailer")).map(|section| until(section, b"startxref")),
        // A stream's content is not its dictionary.
        pointed.map(|section| until(section, b"stream")),
        from(find(body, b"trailer")).map(|section| until(section, b"startxref")),
    ]
}

/// The bytes before the mark, at most a window of them.
fn until<'a>(section: &'a [u8], mark: &[u8]) -> &'a [u8] {
    let window = section.get(..TRAILER_WINDOW).unwrap_or(section);
    find(window, mark).and_then(|at| window.get(..at)).unwrap_or(window)
}

/// The name `Encrypt` itself, not one that begins with it.
fn names_encryption(dictionary: &[u8]) -> bool {
    const NAME: &[u8] = b"/Encrypt";
    dictionary.windows(NAME.len() + 1).any(|found| {
        found.starts_with(NAME) && found.last().is_some_and(|after| !after.is_ascii_alphanumeric())
    })
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|found| found == what)
}

fn rfind(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).rposition(|found| found == what)
}
