//! PNG: the signature, the header chunk, and that picture data follows.

use crate::cursor::Cursor;
use crate::kind::PNG_SIGNATURE;
use crate::{FileKind, MediaError};

const DAMAGED: MediaError = MediaError::Damaged(FileKind::Png);

/// The format's own limit on lengths and sides.
const MAX_31_BITS: u32 = 0x7FFF_FFFF;

/// The declarations of the header chunk.
pub(crate) fn dimensions(bytes: &[u8]) -> Result<(u32, u32), MediaError> {
    let mut at = Cursor::new(bytes);
    if at.take(PNG_SIGNATURE.len()) != Some(PNG_SIGNATURE) {
        return Err(DAMAGED);
    }
    let (name, header) = chunk(&mut at)?;
    if name != b"IHDR" {
        return Err(DAMAGED);
    }
    let size = self::header(header)?;
    // Every turn consumes a chunk of twelve bytes or more.
    loop {
        // The first data chunk may be cut short: that is the decoder's to find, and it is bounded.
        let mut head = at;
        let (Some(_), Some(name)) = (head.u32(), head.take(4)) else { return Err(DAMAGED) };
        match name {
            b"IDAT" => return Ok(size),
            b"IEND" | b"IHDR" => return Err(DAMAGED),
            _ => {}
        }
        let (name, data) = chunk(&mut at)?;
        // Red, green and blue of 256 colours at most: decoders have been seen to count on it.
        if name == b"PLTE" && (data.len() % 3 != 0 || data.len() > 3 * 256) {
            return Err(DAMAGED);
        }
    }
}

/// A name and its data. The checksum is compared where it matters: a comment with a wrong one is read past, as viewers do.
fn chunk<'a>(at: &mut Cursor<'a>) -> Result<(&'a [u8], &'a [u8]), MediaError> {
    let length = at.u32().filter(|length| *length <= MAX_31_BITS).ok_or(DAMAGED)?;
    let length = usize::try_from(length).map_err(|_| DAMAGED)?;
    let named = at.take(length.checked_add(4).ok_or(DAMAGED)?).ok_or(DAMAGED)?;
    let (sum, (name, data)) = (at.u32().ok_or(DAMAGED)?, named.split_at_checked(4).ok_or(DAMAGED)?);
    // A small first letter marks what a decoder may leave out.
    let is_critical = !name.first().is_some_and(u8::is_ascii_lowercase);
    if is_critical && sum != crc(named) {
        return Err(DAMAGED);
    }
    Ok((name, data))
}

fn header(data: &[u8]) -> Result<(u32, u32), MediaError> {
    let mut at = Cursor::new(data);
    let (Some(width), Some(height), Some(&[depth, colour, compression, filter, interlace])) =
        (at.u32(), at.u32(), at.take(5))
    else {
        return Err(DAMAGED);
    };
    let known_colour = match colour {
        // Grey and palette.
        0 => matches!(depth, 1 | 2 | 4 | 8 | 16),
        3 => matches!(depth, 1 | 2 | 4 | 8),
        // Colour, and both with alpha.
        2 | 4 | 6 => matches!(depth, 8 | 16),
        _ => false,
    };
    let sides = width.max(height) <= MAX_31_BITS;
    if data.len() != 13 || !sides || !known_colour || compression != 0 || filter != 0 || interlace > 1 {
        return Err(DAMAGED);
    }
    Ok((width, height))
}

/// CRC-32 as the format defines it.
pub(crate) fn crc(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        let index = usize::from((crc as u8) ^ byte);
        crc = TABLE[index] ^ (crc >> 8);
    }
    !crc
}

/// The remainder of every byte.
const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut n = 0;
    while n < 256 {
        let mut remainder = n as u32;
        let mut bit = 0;
        while bit < 8 {
            remainder = if remainder & 1 == 1 { 0xEDB8_8320 ^ (remainder >> 1) } else { remainder >> 1 };
            bit += 1;
        }
        table[n] = remainder;
        n += 1;
    }
    table
};
