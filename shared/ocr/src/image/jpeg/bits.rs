//! The bits of entropy-coded data, and the Huffman codes in them. Knows no picture.

/// Codes of up to so many bits are found in one step.
const LOOKAHEAD: u32 = 9;
/// Bytes that are read before they are needed.
const READ_AHEAD: usize = 16;
/// The longest code.
const MAX_LENGTH: usize = 16;

/// The data are at their end, or are no code: nothing behind can be believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken;

/// Entropy-coded data, most significant bit first, up to the next marker.
pub struct Bits<'a> {
    data: &'a [u8],
    /// The next byte that is not in `buffer`.
    at: usize,
    /// The next bits, aligned to the top.
    buffer: u64,
    /// How many bits of `buffer` were in the data.
    count: u32,
}

impl<'a> Bits<'a> {
    /// The data from their first byte.
    pub const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, buffer: 0, count: 0 }
    }

    #[inline]
    fn refill(&mut self) {
        // Eight bytes at once, if none of them may be a marker.
        if let Some(eight) = self.data.get(self.at..).and_then(<[u8]>::first_chunk::<8>) {
            let eight = u64::from_be_bytes(*eight);
            if !has_ones(eight) {
                self.buffer |= eight >> self.count;
                let bytes = (63 - self.count) / 8;
                self.at += bytes as usize;
                self.count += 8 * bytes;
                // What of the last byte got in is read again.
                self.buffer &= u64::MAX << (64 - self.count);
                return;
            }
        }
        self.refill_by_bytes();
    }

    fn refill_by_bytes(&mut self) {
        while self.count <= 56 {
            let Some(&byte) = self.data.get(self.at) else { return };
            if byte == 0xFF {
                // A zero is stuffed behind a byte that looks like a marker; anything else is one.
                if self.data.get(self.at + 1) != Some(&0) {
                    return;
                }
                self.at += 1;
            }
            self.at += 1;
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    #[inline]
    fn drop(&mut self, count: u32) -> Result<(), Broken> {
        self.count = self.count.checked_sub(count).ok_or(Broken)?;
        self.buffer <<= count;
        Ok(())
    }

    /// The next bit.
    #[inline]
    pub fn bit(&mut self) -> Result<bool, Broken> {
        Ok(self.bits(1)? == 1)
    }

    /// The next `count` bits, at most 16.
    #[inline]
    pub fn bits(&mut self, count: u32) -> Result<u32, Broken> {
        if count == 0 {
            return Ok(0);
        }
        if self.count < count {
            self.refill();
        }
        let value = (self.buffer >> (64 - count)) as u32;
        self.drop(count)?;
        Ok(value)
    }

    /// The next symbol of a code.
    #[inline]
    pub fn symbol(&mut self, code: &Huffman) -> Result<u8, Broken> {
        if self.count < MAX_LENGTH as u32 {
            self.refill();
        }
        let entry = code.short.get((self.buffer >> (64 - LOOKAHEAD)) as usize).copied().unwrap_or_default();
        if entry != 0 {
            self.drop(u32::from(entry >> 8))?;
            return Ok(entry as u8);
        }
        let next = (self.buffer >> 48) as u32;
        let (length, symbol) = code.long(next).ok_or(Broken)?;
        self.drop(length)?;
        Ok(symbol)
    }

    /// The next difference or coefficient, of `size` bits: a leading zero says that it is negative.
    #[inline]
    pub fn signed(&mut self, size: u32) -> Result<i32, Broken> {
        let value = self.bits(size)? as i32;
        let is_negative = size > 0 && value < 1 << (size - 1);
        Ok(if is_negative { value - (1 << size) + 1 } else { value })
    }

    /// Goes on behind the next restart marker, which must be this one of eight.
    pub fn restart(&mut self, number: u8) -> Result<(), Broken> {
        let marker = self.marker();
        let behind = self.data.get(marker..).ok_or(Broken)?;
        let padding = behind.iter().take_while(|byte| **byte == 0xFF).count();
        if padding == 0 || behind.get(padding) != Some(&(0xD0 + number)) {
            return Err(Broken);
        }
        let at = marker + padding + 1;
        *self = Self { data: self.data, at, buffer: 0, count: 0 };
        Ok(())
    }

    /// The end of what was read some symbols ago: the data break off not before.
    pub const fn believed(&self) -> usize {
        self.at.saturating_sub(READ_AHEAD)
    }

    /// Where the next marker begins, or the data end.
    pub fn marker(&self) -> usize {
        // What is buffered holds no marker.
        let mut at = self.at;
        while let Some(&byte) = self.data.get(at) {
            if byte == 0xFF && self.data.get(at + 1).is_some_and(|next| *next != 0) {
                return at;
            }
            at += 1;
        }
        self.data.len()
    }
}

/// Whether one of the eight bytes is `FF`.
const fn has_ones(bytes: u64) -> bool {
    const LOW: u64 = 0x0101_0101_0101_0101;
    let inverse = !bytes;
    inverse.wrapping_sub(LOW) & !inverse & (LOW << 7) != 0
}

/// A Huffman code.
#[derive(Clone)]
pub struct Huffman {
    /// By the next bits: length and symbol of a short code, zero for a longer one.
    short: Vec<u16>,
    /// Per length: the end of its codes, aligned to 16 bits, and the place of its last symbol's successor.
    ends: [(u32, usize); MAX_LENGTH],
    symbols: Vec<u8>,
}

impl Huffman {
    /// From the number of codes of each length and their symbols, shortest first.
    pub fn new(lengths: &[u8; MAX_LENGTH], symbols: &[u8]) -> Option<Self> {
        let all: usize = lengths.iter().map(|count| usize::from(*count)).sum();
        let symbols = symbols.get(..all)?.to_vec();
        let mut short = vec![0; 1 << LOOKAHEAD];
        let mut ends = [(0, 0); MAX_LENGTH];
        let (mut code, mut place) = (0_u32, 0);
        for ((count, end), length) in lengths.iter().zip(&mut ends).zip(1_u32..) {
            for _ in 0..*count {
                let symbol = *symbols.get(place)?;
                if length <= LOOKAHEAD {
                    let free = LOOKAHEAD - length;
                    let first = (code as usize) << free;
                    short.get_mut(first..first + (1 << free))?.fill((length as u16) << 8 | u16::from(symbol));
                }
                (code, place) = (code + 1, place + 1);
            }
            if code > 1 << length {
                return None;
            }
            *end = (code << (MAX_LENGTH as u32 - length), place);
            code <<= 1;
        }
        Some(Self { short, ends, symbols })
    }

    /// Length and symbol of the code that these 16 bits begin with.
    fn long(&self, next: u32) -> Option<(u32, u8)> {
        let mut from = 0;
        for (&(end, place), length) in self.ends.iter().zip(1_u32..) {
            if next < end {
                let back = (end - 1 - next) >> (MAX_LENGTH as u32 - length);
                let index = (place - 1).checked_sub(back as usize).filter(|index| *index >= from)?;
                return Some((length, *self.symbols.get(index)?));
            }
            from = place;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code() -> Huffman {
        // 0, 10, 110, and one of twelve bits.
        let mut lengths = [0; MAX_LENGTH];
        (lengths[0], lengths[1], lengths[2], lengths[11]) = (1, 1, 1, 1);
        Huffman::new(&lengths, &[5, 6, 7, 8]).unwrap()
    }

    #[test]
    fn codes_of_every_length_are_read() {
        // 0 10 110 111000000000 0
        let mut bits = Bits::new(&[0b0101_1011, 0b1000_0000, 0b0001_1111]);
        let symbols: Vec<_> = (0..5).map(|_| bits.symbol(&code())).collect();
        assert_eq!(symbols, [Ok(5), Ok(6), Ok(7), Ok(8), Ok(5)]);
        // 11111…: no code, and then no bits.
        assert_eq!(bits.symbol(&code()), Err(Broken));
    }

    #[test]
    fn bits_end_at_a_marker_and_not_at_a_stuffed_byte() {
        let mut bits = Bits::new(&[0xFF, 0x00, 0xA5, 0xFF, 0xD9]);
        assert_eq!((bits.bits(16), bits.bit()), (Ok(0xFFA5), Err(Broken)));
        assert_eq!(bits.marker(), 3);
    }

    #[test]
    fn a_restart_is_the_one_that_is_due() {
        for (number, expected) in [(0, Ok(())), (1, Err(Broken))] {
            let mut bits = Bits::new(&[0xA5, 0xFF, 0xFF, 0xD0, 0x80]);
            assert_eq!(bits.bits(3), Ok(5));
            assert_eq!(bits.restart(number), expected);
            if expected.is_ok() {
                assert_eq!(bits.bits(8), Ok(0x80));
            }
        }
    }

    #[test]
    fn a_leading_zero_makes_a_value_negative() {
        let mut bits = Bits::new(&[0b0001_1110]);
        assert_eq!((bits.signed(3), bits.signed(3), bits.signed(0)), (Ok(-7), Ok(7), Ok(0)));
    }

    #[test]
    fn a_code_that_cannot_be_is_refused() {
        let mut lengths = [0; MAX_LENGTH];
        lengths[0] = 3;
        assert!(Huffman::new(&lengths, &[1, 2, 3]).is_none());
        assert!(Huffman::new(&[1; MAX_LENGTH], &[1]).is_none());
    }
}
