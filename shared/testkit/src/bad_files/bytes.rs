//! What every generator needs: numbers drawn from a seed, checksums, and compressed streams written by hand, so that a
//! stream of two gigabytes of nothing costs two megabytes and no time.

/// SplitMix64: small, and the same on every machine.
pub(super) struct Draw(u64);

impl Draw {
    /// A stream of numbers for one purpose.
    pub(super) fn new(purpose: &str) -> Self {
        let seed = purpose
            .bytes()
            .fold(super::file::SEED, |seed, b| seed.wrapping_mul(0x0100_0000_01B3) ^ u64::from(b));
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Below `end`.
    pub(super) fn below(&mut self, end: usize) -> usize {
        (self.next() % (end.max(1) as u64)) as usize
    }

    /// So many bytes.
    pub(super) fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| (self.next() >> 24) as u8).collect()
    }

    /// The file with `flips` bits turned over, none before `from` or from `to` on.
    pub(super) fn flipped(&mut self, file: &[u8], from: usize, to: usize, flips: usize) -> Vec<u8> {
        let mut flipped = file.to_vec();
        for _ in 0..flips {
            let at = from + self.below(to.saturating_sub(from));
            let bit = self.below(8);
            if let Some(byte) = flipped.get_mut(at) {
                *byte ^= 1 << bit;
            }
        }
        flipped
    }
}

/// CRC-32 as PNG defines it.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let table: [u32; 256] = std::array::from_fn(|n| {
        (0..8).fold(n as u32, |c, _| if c & 1 == 1 { 0xEDB8_8320 ^ (c >> 1) } else { c >> 1 })
    });
    !bytes.iter().fold(u32::MAX, |crc, byte| table[usize::from((crc as u8) ^ byte)] ^ (crc >> 8))
}

fn adler32(bytes: &[u8]) -> u32 {
    let (a, b) = bytes.iter().fold((1_u32, 0_u32), |(a, b), byte| {
        let a = (a + u32::from(*byte)) % 65_521;
        (a, (b + a) % 65_521)
    });
    b << 16 | a
}

/// A zlib stream that holds the bytes as they are.
pub(super) fn zlib_stored(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x78, 0x01];
    let mut blocks = bytes.chunks(0xFFFF).peekable();
    if blocks.peek().is_none() {
        out.extend([1, 0, 0, 0xFF, 0xFF]);
    }
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        out.push(u8::from(blocks.peek().is_none()));
        out.extend(length.to_le_bytes());
        out.extend((!length).to_le_bytes());
        out.extend(block);
    }
    out.extend(adler32(bytes).to_be_bytes());
    out
}

/// Bits, the first one lowest, as deflate has them.
struct Bits {
    bytes: Vec<u8>,
    used: u32,
}

impl Bits {
    fn put(&mut self, value: u32, count: u32) {
        for i in 0..count {
            if self.used.is_multiple_of(8) {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> i & 1) as u8) << (self.used % 8);
            }
            self.used = (self.used + 1) % 8;
        }
    }

    fn zeros(&mut self, mut count: usize) {
        while self.used != 0 && count > 0 {
            self.put(0, 1);
            count -= 1;
        }
        self.bytes.resize(self.bytes.len() + count / 8, 0);
        self.put(0, (count % 8) as u32);
    }
}

/// A zlib stream of `count` (at least one) zero bytes, 258 of them in two bits: the best that deflate can do.
pub(super) fn zlib_zeros(count: usize) -> Vec<u8> {
    let mut bits = Bits { bytes: vec![0x78, 0xDA], used: 0 };
    // The last block, with its own codes: 286 literals and lengths, one distance, 18 code lengths.
    bits.put(1, 1);
    bits.put(2, 2);
    bits.put(29, 5);
    bits.put(0, 5);
    bits.put(14, 4);
    // In the order that the format wants: 18 has one bit, 2 and 1 have two.
    for i in 0..18 {
        bits.put(
            match i {
                2 => 1,
                15 | 17 => 2,
                _ => 0,
            },
            3,
        );
    }
    // 18 is `0`, 1 is `10`, 2 is `11`, first bit first.
    let zeros = |bits: &mut Bits, count: u32| {
        bits.put(0, 1);
        bits.put(count - 11, 7);
    };
    bits.put(0b11, 2);
    zeros(&mut bits, 138);
    zeros(&mut bits, 117);
    bits.put(0b11, 2);
    zeros(&mut bits, 28);
    bits.put(0b01, 2);
    bits.put(0b01, 2);
    // Length 258 is `0`, a literal zero `10`, the end `11`; the distance one is `0`.
    let runs = (count - 1) / 258;
    bits.put(0b01, 2);
    bits.zeros(2 * runs);
    for _ in 0..(count - 1) % 258 {
        bits.put(0b01, 2);
    }
    bits.put(0b11, 2);
    let sum = ((count % 65_521) as u32) << 16 | 1;
    bits.bytes.extend(sum.to_be_bytes());
    bits.bytes
}
