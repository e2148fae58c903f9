//! JPEG: the markers from SOI to the first scan, and the segments for whoever reads on.
//!
//! An end marker is not asked for: cameras append data behind it and some phones leave it out, and decoders read both.

use crate::cursor::Cursor;
use crate::{FileKind, MediaError};

const DAMAGED: MediaError = MediaError::Damaged(FileKind::Jpeg);
const UNSUPPORTED: MediaError = MediaError::Unsupported(FileKind::Jpeg);

/// Start of image.
const SOI: u8 = 0xD8;
/// End of image.
const EOI: u8 = 0xD9;
/// Start of scan.
const SOS: u8 = 0xDA;

/// A marker and what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Segment<'a> {
    /// The code behind `FF`.
    pub marker: u8,
    /// The content behind the length; empty for a marker that stands alone.
    pub data: &'a [u8],
}

/// The segments of a JPEG, front to back. Bytes between two segments that belong to neither are skipped, as every decoder
/// does: some cameras leave them.
#[derive(Clone)]
pub struct Segments<'a> {
    at: Cursor<'a>,
}

impl<'a> Segments<'a> {
    /// The segments behind the start marker; `None` without one.
    pub fn of(bytes: &'a [u8]) -> Option<Self> {
        Some(Self { at: Cursor::new(bytes.strip_prefix(&[0xFF, SOI])?) })
    }

    /// The segments of what begins between two of them.
    pub const fn from(rest: &'a [u8]) -> Self {
        Self { at: Cursor::new(rest) }
    }

    /// Everything behind the last segment: behind a scan's header, the scan.
    pub const fn rest(&self) -> &'a [u8] {
        self.at.rest()
    }

    /// `FF`, any number of further `FF` as padding, and the code.
    fn next_marker(&mut self) -> Option<u8> {
        loop {
            while self.at.u8()? != 0xFF {}
            loop {
                match self.at.u8()? {
                    0xFF => {}
                    // A byte of a scan.
                    0x00 => break,
                    code => return Some(code),
                }
            }
        }
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    /// `None` at the end of the bytes, and for a segment that is cut short or has no proper length.
    fn next(&mut self) -> Option<Self::Item> {
        let marker = self.next_marker()?;
        // TEM, restarts, start and end stand alone.
        if matches!(marker, 0x01 | 0xD0..=0xD9) {
            return Some(Segment { marker, data: &[] });
        }
        let length = usize::from(self.at.u16()?);
        Some(Segment { marker, data: self.at.take(length.checked_sub(2)?)? })
    }
}

/// The declarations of the frame header.
pub(crate) fn dimensions(bytes: &[u8]) -> Result<(u32, u32), MediaError> {
    let mut found = None;
    for Segment { marker, data } in Segments::of(bytes).ok_or(DAMAGED)? {
        match marker {
            SOI | EOI => return Err(DAMAGED),
            // With two frames, this look and the decoder could believe different ones.
            0xC0..=0xC2 if found.is_some() => return Err(DAMAGED),
            // Huffman-coded baseline, extended and progressive: what the decoder reads.
            0xC0..=0xC2 => found = Some(frame(data)?),
            // DHT and DAC share the range of the frames.
            0xC4 | 0xCC => {}
            // Lossless, hierarchical, arithmetic.
            0xC3 | 0xC5..=0xC7 | 0xC8..=0xCB | 0xCD..=0xCF => return Err(UNSUPPORTED),
            SOS => return found.ok_or(DAMAGED),
            _ => {}
        }
    }
    Err(DAMAGED)
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
    // The decoder misreads pictures of which a later component is finer than the first; no camera makes them.
    let mut samplings = segment.iter().skip(7).step_by(3).map(|sampling| (sampling >> 4, sampling & 15));
    let (across, down) = samplings.next().ok_or(DAMAGED)?;
    if samplings.any(|(finer_across, finer_down)| finer_across > across || finer_down > down) {
        return Err(UNSUPPORTED);
    }
    Ok((u32::from(width), u32::from(height)))
}
