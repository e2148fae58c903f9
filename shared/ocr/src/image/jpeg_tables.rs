//! How finely a picture file keeps grey levels: the quantisation table of a JPEG.
//!
//! Owns the reading of that table and what noise survives it. It must not know what is in the picture.

/// How the pixels of a file were coded.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Coding {
    /// Every pixel as it was: PNG.
    Lossless,
    /// JPEG, with the steps of its 64 coefficients of brightness, in the order of the file.
    Jpeg([u16; 64]),
    /// Not known: a picture inside a PDF, or a JPEG without a table of its own.
    Unknown,
}

/// Begin of a JPEG file, and of its segments with quantisation tables and with the first scan.
const START: [u8; 2] = [0xFF, 0xD8];
const TABLES: u8 = 0xDB;
const SCAN: u8 = 0xDA;

impl Coding {
    /// The coding of these bytes of a file.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"\x89PNG") {
            Self::Lossless
        } else if bytes.starts_with(&START) {
            luma_steps(bytes).map_or(Self::Unknown, Self::Jpeg)
        } else {
            Self::Unknown
        }
    }

    /// The probability that a block of 8 by 8 pixels of one colour, with noise of this standard deviation in grey levels,
    /// comes out of the file without any noise. A coefficient of a block has the noise of a pixel, because the transform
    /// is orthonormal; it is lost if it is less than half a step.
    pub fn noise_lost(&self, noise: f32) -> f32 {
        match self {
            Self::Lossless => 0.0,
            Self::Unknown => 1.0,
            Self::Jpeg(steps) => {
                steps.iter().skip(1).map(|step| within(f32::from(*step) / (2.0 * noise))).product()
            }
        }
    }
}

/// The probability that a normal variable is within `z` standard deviations (Abramowitz and Stegun, 7.1.26).
fn within(z: f32) -> f32 {
    let x = z / std::f32::consts::SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * x);
    let tail = [1.061_405_4, -1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6]
        .iter()
        .fold(0.0_f32, |sum, a| (sum + a) * t);
    1.0 - tail * (-x * x).exp()
}

/// The first table with the number 0, which is that of brightness in every encoder in use.
fn luma_steps(bytes: &[u8]) -> Option<[u16; 64]> {
    let mut at = bytes.get(2..)?;
    // Every turn consumes a byte or more.
    loop {
        let [0xFF, rest @ ..] = at else {
            // Decoders pass over bytes between segments.
            at = at.get(1..)?;
            continue;
        };
        let (marker, rest) = rest.split_first()?;
        match *marker {
            0xFF => at = at.get(1..)?,
            // Without a length.
            0x00 | 0x01 | 0xD0..=0xD8 => at = rest,
            SCAN => return None,
            name => {
                let length = usize::from(u16::from_be_bytes(*rest.first_chunk()?)).max(2);
                if name == TABLES
                    && let Some(steps) = rest.get(2..length).and_then(table_of_luma)
                {
                    return Some(steps);
                }
                at = rest.get(length..)?;
            }
        }
    }
}

/// Table 0 of a segment, if it is there.
fn table_of_luma(mut segment: &[u8]) -> Option<[u16; 64]> {
    loop {
        let (head, rest) = segment.split_first()?;
        let bytes = if head >> 4 == 0 { 1 } else { 2 };
        let values = rest.get(..64 * bytes)?;
        if head & 0x0F == 0 {
            let mut steps = [0_u16; 64];
            for (step, value) in steps.iter_mut().zip(values.chunks_exact(bytes)) {
                *step = value.iter().fold(0, |sum, byte| sum << 8 | u16::from(*byte));
            }
            return Some(steps);
        }
        segment = rest.get(64 * bytes..)?;
    }
}

#[cfg(test)]
mod tests {
    use image::codecs::jpeg::JpegEncoder;
    use image::{ExtendedColorType, GrayImage, ImageEncoder};

    use super::*;

    fn jpeg(quality: u8) -> Vec<u8> {
        let mut bytes = Vec::new();
        let picture = GrayImage::new(16, 16);
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .write_image(&picture, 16, 16, ExtendedColorType::L8)
            .unwrap();
        bytes
    }

    #[test]
    fn the_steps_are_those_of_the_file() {
        let Coding::Jpeg(steps) = Coding::of(&jpeg(50)) else { panic!("no table") };
        // Annex K of the standard, along the zigzag.
        assert_eq!(steps[..8], [16, 11, 12, 14, 12, 10, 16, 14]);
    }

    #[test]
    fn coarser_steps_lose_more_noise() {
        let lost: Vec<f32> = [95, 85, 75, 60].map(|q| Coding::of(&jpeg(q)).noise_lost(1.0)).to_vec();
        assert!(lost[0] < 0.01 && lost[3] > 0.99 && lost.is_sorted(), "{lost:?}");
        assert!(Coding::of(&jpeg(75)).noise_lost(3.0) < 0.1);
    }

    #[test]
    fn no_table_is_no_knowledge() {
        assert_eq!(Coding::of(b"%PDF-1.7"), Coding::Unknown);
        assert_eq!(Coding::of(b"\x89PNG\r\n\x1a\n"), Coding::Lossless);
        let whole = jpeg(75);
        // Cut anywhere before the table ends, and nothing breaks.
        for length in 0..60 {
            assert_eq!(Coding::of(&whole[..length]), Coding::Unknown, "{length}");
        }
    }
}
