//! What the data of a JPEG hold of its picture, and the file in the form that every decoder reads alike.
//!
//! Owns entropy-coded data: every scan is read to its end, so that a file that breaks off is known for what it is. A decoder
//! fills what is missing with grey and says nothing. A picture in several scans is written anew as one interleaved scan, bit
//! for bit the same coefficients: the decoder behind it misreads baseline files with one scan for each component. Knows
//! nothing of pixels.

mod bits;
mod encode;
mod frame;
mod scan;

use filot_media::jpeg::{Segment, Segments};

use self::bits::Huffman;
use self::frame::{BLOCK, Frame};
use self::scan::{ScanHeader, Tables, read_scan};
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

/// Why a file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JpegError {
    /// It has no header that makes sense.
    Damaged,
    /// Its coefficients take more memory than there may be.
    TooLarge,
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

/// What stands before and between the scans.
#[derive(Default)]
struct Header {
    /// The segments that say how to read or turn the pixels, as they are.
    kept: Vec<u8>,
    /// The segments with the codes of the scans, as they are.
    codes: Vec<u8>,
    /// Quantisation tables with their precision, as they are.
    quantisation: [Vec<u8>; 4],
    tables: Tables,
}

impl Header {
    /// Takes a segment; `is_late` for one behind the first scan.
    fn take(&mut self, segment: Segment<'_>, is_late: bool) -> Result<(), JpegError> {
        match segment.marker {
            0xC4 => self.take_codes(segment.data),
            0xDB => return self.take_quantisation(segment.data, is_late),
            0xDD => {
                let interval = segment.data.first_chunk::<2>().ok_or(JpegError::Damaged)?;
                self.tables.restart_interval = usize::from(u16::from_be_bytes(*interval));
            }
            // JFIF, EXIF and Adobe, which says what the components are.
            0xE0 | 0xEE => {}
            0xE1 if segment.data.starts_with(b"Exif\0") => {}
            _ => return Ok(()),
        }
        let out = if matches!(segment.marker, 0xC4 | 0xDD) { &mut self.codes } else { &mut self.kept };
        write_segment(out, segment.marker, segment.data);
        Ok(())
    }

    fn take_codes(&mut self, mut data: &[u8]) {
        // Every turn consumes seventeen bytes or more.
        while let Some((&[class, ref lengths @ ..], rest)) = data.split_first_chunk::<17>() {
            let all: usize = lengths.iter().map(|count| usize::from(*count)).sum();
            let of_class = if class >> 4 == 0 { &mut self.tables.dc } else { &mut self.tables.ac };
            if let Some(table) = of_class.get_mut(usize::from(class & 15)) {
                *table = Huffman::new(lengths, rest);
            }
            data = rest.get(all..).unwrap_or_default();
        }
    }

    /// A table that changes behind the first scan would hold for some components only: such a file is not read.
    fn take_quantisation(&mut self, mut data: &[u8], is_late: bool) -> Result<(), JpegError> {
        while let Some(&kind) = data.first() {
            let length = if kind >> 4 == 0 { 1 + BLOCK } else { 1 + 2 * BLOCK };
            let (table, rest) = data.split_at_checked(length).ok_or(JpegError::Damaged)?;
            let place = self.quantisation.get_mut(usize::from(kind & 15)).ok_or(JpegError::Damaged)?;
            if is_late && !place.is_empty() && place != table {
                return Err(JpegError::Damaged);
            }
            *place = table.to_vec();
            data = rest;
        }
        Ok(())
    }

    fn write_kept(&self, out: &mut Vec<u8>) {
        out.extend(&self.kept);
        for table in self.quantisation.iter().filter(|table| !table.is_empty()) {
            write_segment(out, 0xDB, table);
        }
    }

    /// The file with its one scan as it is.
    fn with_scan(&self, frame: &Frame, scan: &[u8], coded: &[u8]) -> Vec<u8> {
        let mut out = vec![0xFF, 0xD8];
        self.write_kept(&mut out);
        out.extend(&self.codes);
        write_segment(&mut out, frame.marker, &frame.header);
        write_segment(&mut out, 0xDA, scan);
        out.extend(coded);
        out.extend([0xFF, 0xD9]);
        out
    }
}

fn write_segment(out: &mut Vec<u8>, marker: u8, data: &[u8]) {
    // It was read from a segment, so its length fits.
    let length = u16::try_from(data.len() + 2).unwrap_or(u16::MAX);
    out.extend([0xFF, marker]);
    out.extend(length.to_be_bytes());
    out.extend(data);
}

#[cfg(test)]
mod tests;
