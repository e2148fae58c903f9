//! The segments of a JPEG that are no scans: what the decoder needs of them, and how they are written anew.

use filot_media::jpeg::Segment;

use super::bits::Huffman;
use super::frame::{BLOCK, Frame};
use super::scan::Tables;

/// Why a file is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JpegError {
    /// It has no header that makes sense.
    Damaged,
    /// Its coefficients take more memory than there may be.
    TooLarge,
}

/// What stands before and between the scans.
#[derive(Default)]
pub struct Header {
    /// The segments that say how to read or turn the pixels, as they are.
    kept: Vec<u8>,
    /// The segments with the codes of the scans, as they are.
    codes: Vec<u8>,
    /// Quantisation tables with their precision, as they are.
    quantisation: [Vec<u8>; 4],
    /// The codes that are in force.
    pub tables: Tables,
}

impl Header {
    /// Takes a segment; `is_late` for one behind the first scan.
    pub fn take(&mut self, segment: Segment<'_>, is_late: bool) -> Result<(), JpegError> {
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

    /// Writes what says how to read or turn the pixels.
    pub fn write_kept(&self, out: &mut Vec<u8>) {
        out.extend(&self.kept);
        for table in self.quantisation.iter().filter(|table| !table.is_empty()) {
            write_segment(out, 0xDB, table);
        }
    }

    /// The file with its one scan as it is.
    pub fn with_scan(&self, frame: &Frame, scan: &[u8], coded: &[u8]) -> Vec<u8> {
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

/// Writes a marker, its length and its data.
pub fn write_segment(out: &mut Vec<u8>, marker: u8, data: &[u8]) {
    // It was read from a segment, so its length fits.
    let length = u16::try_from(data.len() + 2).unwrap_or(u16::MAX);
    out.extend([0xFF, marker]);
    out.extend(length.to_be_bytes());
    out.extend(data);
}
