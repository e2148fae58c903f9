//! JPEG: the markers from SOI to the first scan.
//!
//! An end marker is not asked for: cameras append data behind it and some phones leave it out, and decoders read both.

use crate::cursor::Cursor;
use crate::{FileKind, MediaError};

const DAMAGED: MediaError = MediaError::Damaged(FileKind::Jpeg);
const UNSUPPORTED: MediaError = MediaError::Unsupported(FileKind::Jpeg);

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// The declarations of the frame header.
pub(crate) fn dimensions(bytes: &[u8]) -> Result<(u32, u32), MediaError> {
    let mut at = Cursor::new(bytes);
    if at.take(2) != Some(&[0xFF, SOI]) {
        return Err(DAMAGED);
    }
    let mut found = None;
    // Every turn consumes two bytes or more.
    loop {
        let marker = next_marker(&mut at)?;
        match marker {
            // Restart and TEM stand alone, without a length.
            0x01 | 0xD0..=0xD7 => continue,
            0x00 | SOI | EOI => return Err(DAMAGED),
            _ => {}
        }
        let length = usize::from(at.u16().ok_or(DAMAGED)?);
        let segment = at.take(length.checked_sub(2).ok_or(DAMAGED)?).ok_or(DAMAGED)?;
        match marker {
            // With two frames, this look and the decoder could believe different ones.
            0xC0..=0xC2 if found.is_some() => return Err(DAMAGED),
            // Huffman-coded baseline, extended and progressive: what the decoder reads.
            0xC0..=0xC2 => found = Some(frame(segment)?),
            // DHT and DAC share the range of the frames.
            0xC4 | 0xCC => {}
            // Lossless, hierarchical, arithmetic.
            0xC3 | 0xC5..=0xC7 | 0xC8..=0xCB | 0xCD..=0xCF => return Err(UNSUPPORTED),
            SOS => return found.ok_or(DAMAGED),
            _ => {}
        }
    }
}

/// `FF`, any number of further `FF` as padding, and the code.
fn next_marker(at: &mut Cursor<'_>) -> Result<u8, MediaError> {
    if at.u8() != Some(0xFF) {
        return Err(DAMAGED);
    }
    loop {
        match at.u8() {
            Some(0xFF) => {}
            Some(code) => return Ok(code),
            None => return Err(DAMAGED),
        }
    }
}

fn frame(segment: &[u8]) -> Result<(u32, u32), MediaError> {
    let mut at = Cursor::new(segment);
    let (Some(precision), Some(height), Some(width), Some(components)) =
        (at.u8(), at.u16(), at.u16(), at.u8())
    else {
        return Err(DAMAGED);
    };
    if precision != 8 || !matches!(components, 1 | 3 | 4) {
        return Err(UNSUPPORTED);
    }
    if segment.len() != 6 + 3 * usize::from(components) {
        return Err(DAMAGED);
    }
    Ok((u32::from(width), u32::from(height)))
}
