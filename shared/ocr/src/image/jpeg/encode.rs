//! Coefficients into one interleaved baseline scan. The codes are as plain as can be: the file lives until it is decoded.

use super::frame::{BLOCK, Frame};
use super::header::{Header, write_segment};

/// Bits of a DC code: twelve symbols.
const DC_LENGTH: u32 = 4;
/// Bits of an AC code: 162 symbols.
const AC_LENGTH: u32 = 8;
/// The largest differences and coefficients that the format has.
const DC_MAX: i32 = 2047;
const AC_MAX: i32 = 1023;
/// Blocks that one unit may have.
const UNIT_BLOCKS_MAX: usize = 10;

/// The file with its picture in one scan; `None` for sampling that no scan of all components can have.
pub fn one_scan(header: &Header, frame: &Frame) -> Option<Vec<u8>> {
    // The same factor in all components says nothing, and would make units too large.
    let common = |of: fn(&super::frame::Component) -> usize| {
        (1..=4).rev().find(|n| frame.components.iter().all(|c| of(c).is_multiple_of(*n))).unwrap_or(1)
    };
    let (x, y) = (common(|c| c.across), common(|c| c.down));
    let sampling: Vec<_> = frame.components.iter().map(|c| (c.across / x, c.down / y)).collect();
    if sampling.iter().map(|(across, down)| across * down).sum::<usize>() > UNIT_BLOCKS_MAX {
        return None;
    }
    let first = frame.components.first()?;
    let (own, across, down) = (first.own, sampling.first()?.0, sampling.first()?.1);
    let units = (own.0.div_ceil(across), own.1.div_ceil(down));

    let mut out = vec![0xFF, 0xD8];
    header.write_kept(&mut out);
    let mut declared = frame.header.clone();
    for ((across, down), part) in sampling.iter().zip(declared.get_mut(6..)?.chunks_exact_mut(3)) {
        *part.get_mut(1)? = (across << 4 | down) as u8;
    }
    write_segment(&mut out, 0xC0, &declared);
    write_codes(&mut out);
    let mut scan = vec![frame.components.len() as u8];
    scan.extend(frame.components.iter().flat_map(|c| [c.id, 0]));
    scan.extend([0, 63, 0]);
    write_segment(&mut out, 0xDA, &scan);

    let mut bits = Writer::new(out);
    let mut predictions = vec![0; frame.components.len()];
    for row in 0..units.1 {
        for column in 0..units.0 {
            for ((c, &(across, down)), prediction) in
                frame.components.iter().zip(&sampling).zip(&mut predictions)
            {
                for v in 0..down {
                    for h in 0..across {
                        let place = c.place(column * across + h, row * down + v);
                        let block = c.coefficients.get(place..place + BLOCK).unwrap_or(&[0; BLOCK]);
                        bits.block(block, prediction);
                    }
                }
            }
        }
    }
    let mut out = bits.finish();
    out.extend([0xFF, 0xD9]);
    Some(out)
}

/// Symbols of AC codes: an end of block, sixteen zeros, and every run with every size.
fn ac_symbols() -> Vec<u8> {
    let pairs = (0..16_u8).flat_map(|run| (1..=10).map(move |size| run << 4 | size));
    [0x00, 0xF0].into_iter().chain(pairs).collect()
}

/// The tables of the codes.
pub fn write_codes(out: &mut Vec<u8>) {
    for (class, length, symbols) in
        [(0x00, DC_LENGTH, (0..12).collect::<Vec<u8>>()), (0x10, AC_LENGTH, ac_symbols())]
    {
        let mut data = vec![class];
        data.extend((1..=16).map(|bits| if bits == length { symbols.len() as u8 } else { 0 }));
        data.extend(symbols);
        write_segment(out, 0xC4, &data);
    }
}

/// The place of an AC symbol in [`ac_symbols`], which is its code.
fn ac_code(run: u32, size: u32) -> u32 {
    2 + run * 10 + size - 1
}

/// Bits into bytes, with a zero behind each byte that looks like a marker.
pub struct Writer {
    out: Vec<u8>,
    buffer: u64,
    count: u32,
}

impl Writer {
    /// Goes on behind these bytes.
    pub const fn new(out: Vec<u8>) -> Self {
        Self { out, buffer: 0, count: 0 }
    }

    fn put(&mut self, value: u32, count: u32) {
        self.buffer = self.buffer << count | u64::from(value);
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.buffer >> self.count) as u8;
            self.out.push(byte);
            if byte == 0xFF {
                self.out.push(0);
            }
        }
    }

    /// A value of `size` bits: a negative one is one less than itself, without its leading bits.
    fn value(&mut self, value: i32, size: u32) {
        let bits = if value < 0 { value - 1 } else { value };
        self.put(bits as u32 & ((1 << size) - 1), size);
    }

    /// A block, its first coefficient as the difference to the one before.
    pub fn block(&mut self, block: &[i16], prediction: &mut i32) {
        let Some((&first, rest)) = block.split_first() else { return };
        let difference = (i32::from(first) - *prediction).clamp(-DC_MAX, DC_MAX);
        *prediction += difference;
        let size = bit_length(difference);
        self.put(size, DC_LENGTH);
        self.value(difference, size);
        let mut run = 0;
        for &coefficient in rest {
            if coefficient == 0 {
                run += 1;
                continue;
            }
            while run > 15 {
                self.put(1, AC_LENGTH);
                run -= 16;
            }
            let value = i32::from(coefficient).clamp(-AC_MAX, AC_MAX);
            let size = bit_length(value);
            self.put(ac_code(run, size), AC_LENGTH);
            self.value(value, size);
            run = 0;
        }
        if run > 0 {
            self.put(0, AC_LENGTH);
        }
    }

    /// The bytes, the last one filled up with ones.
    pub fn finish(mut self) -> Vec<u8> {
        self.put(0x7F, 7);
        self.out
    }
}

const fn bit_length(value: i32) -> u32 {
    32 - value.unsigned_abs().leading_zeros()
}
