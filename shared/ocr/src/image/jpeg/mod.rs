//! What the data of a JPEG hold of its picture, and the file in the form that every decoder reads alike.
//!
//! Owns entropy-coded data: every scan is read to its end, so that a file that breaks off is known for what it is. A decoder
//! fills what is missing with grey and says nothing. A picture in several scans is written anew as one interleaved scan, bit
//! for bit the same coefficients: the decoder behind it misreads baseline files with one scan for each component. Knows
//! nothing of pixels.

mod bits;
mod encode;
mod frame;
mod header;
mod scan;

use filot_media::jpeg::Segments;

use self::frame::{BLOCK, Frame};
use self::header::Header;
pub use self::header::JpegError;
use self::scan::{ScanHeader, read_scan};
use crate::image::limits::MAX_ALLOC_BYTES;

/// Scans of one file: more than any encoder makes.
const MAX_SCANS: usize = 100;
/// So many zeros at the end of a file were not written by an encoder: a transfer that broke off was filled up.
const FILLED_UP: usize = 64;

/// A JPEG that was read through.
pub struct Jpeg {
    /// The file for the decoder, with an end marker and without what says nothing about pixels.
    pub file: Vec<u8>,
    /// Rows of pixels of which the data hold everything.
    pub rows: usize,
    /// Rows of pixels of the picture.
    pub height: usize,
}

impl Jpeg {
    /// Whether the data hold the whole picture.
    pub const fn is_complete(&self) -> bool {
        self.rows >= self.height
    }
}

/// Reads a file through.
///
/// # Errors
/// See [`JpegError`].
pub fn read_through(bytes: &[u8]) -> Result<Jpeg, JpegError> {
    let bytes = without_filling(bytes);
    let mut segments = Segments::of(bytes).ok_or(JpegError::Damaged)?;
    let mut header = Header::default();
    let mut frame: Option<Frame> = None;
    let (mut scans, mut rows) = (0, 0);
    while let Some(segment) = segments.next() {
        match (segment.marker, &mut frame) {
            (0xD9, _) => break,
            (0xDA, Some(frame)) => {
                let scan = ScanHeader::of(segment.data, frame).ok_or(JpegError::Damaged)?;
                let data = segments.rest();
                if scans == 0 && !frame.is_progressive() && scan.holds_all(frame) {
                    let read = read_scan(&scan, &header.tables, frame, data);
                    let coded = data.get(..read.end).unwrap_or_default();
                    let file = header.with_scan(frame, segment.data, coded);
                    return Ok(Jpeg { file, rows: read.rows, height: frame.height });
                }
                if scans == 0 {
                    make_room(frame)?;
                }
                scans += 1;
                let read = read_scan(&scan, &header.tables, frame, data);
                scan.mark_sent(frame);
                let is_complete = frame.is_complete();
                if !read.is_whole || scans >= MAX_SCANS {
                    // If this scan was the last that was needed, its rows are what there is.
                    rows = if is_complete { read.rows } else { 0 };
                    break;
                }
                if is_complete {
                    rows = frame.height;
                }
                segments = Segments::from(data.get(read.end..).unwrap_or_default());
            }
            (0xC0..=0xC2, None) => frame = Some(Frame::of(segment).ok_or(JpegError::Damaged)?),
            _ => header.take(segment, scans > 0)?,
        }
    }
    let frame = frame.filter(|_| scans > 0).ok_or(JpegError::Damaged)?;
    let file = encode::one_scan(&header, &frame).ok_or(JpegError::Damaged)?;
    Ok(Jpeg { file, rows, height: frame.height })
}

/// Whether the picture is in one scan of all components, or is no picture.
pub fn is_in_one_scan(bytes: &[u8]) -> bool {
    let mut frame = None;
    for segment in Segments::of(bytes).into_iter().flatten() {
        match (segment.marker, &frame) {
            (0xC0..=0xC2, None) => frame = Frame::of(segment),
            (0xDA, Some(frame)) => {
                let all = ScanHeader::of(segment.data, frame).is_some_and(|scan| scan.holds_all(frame));
                return all && !frame.is_progressive();
            }
            _ => {}
        }
    }
    true
}

/// The file without the zeros that it was filled up with.
fn without_filling(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().rev().take_while(|byte| **byte == 0).count();
    bytes.get(..bytes.len() - zeros).filter(|_| zeros >= FILLED_UP).unwrap_or(bytes)
}

/// Room for every coefficient.
fn make_room(frame: &mut Frame) -> Result<(), JpegError> {
    if (frame.blocks() * BLOCK * size_of::<i16>()) as u64 > MAX_ALLOC_BYTES {
        return Err(JpegError::TooLarge);
    }
    for component in &mut frame.components {
        component.coefficients = vec![0; component.padded.0 * component.padded.1 * BLOCK];
    }
    Ok(())
}

#[cfg(test)]
mod tests;
