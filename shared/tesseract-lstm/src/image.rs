//! A picture of one line of text.

use crate::error::ImageError;

/// Longest side of a line image: Tesseract refuses what does not fit into 16 bits (`ThresholdToPix`).
pub const MAX_SIDE: u32 = i16::MAX as u32;

/// The bytes of one pixel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PixelFormat {
    /// One byte, 0 for black.
    Grey,
    /// Red, green and blue. A line in colour is scaled in colour before it is made grey, as Tesseract does it: the
    /// result differs from that of a picture which was made grey first.
    Rgb,
}

impl PixelFormat {
    /// Bytes per pixel.
    #[must_use]
    pub fn channels(self) -> usize {
        match self {
            Self::Grey => 1,
            Self::Rgb => 3,
        }
    }
}

/// A borrowed picture of one line of text, cut out with a little room around it; rows from top to bottom without
/// gaps. Light text on dark ground is tried inverted.
#[derive(Debug, Clone, Copy)]
pub struct LineImage<'a> {
    width: usize,
    height: usize,
    format: PixelFormat,
    pixels: &'a [u8],
}

impl<'a> LineImage<'a> {
    /// # Errors
    /// A side is zero or longer than [`MAX_SIDE`], or `pixels` does not have `width * height` pixels.
    pub fn new(width: u32, height: u32, format: PixelFormat, pixels: &'a [u8]) -> Result<Self, ImageError> {
        if !(1..=MAX_SIDE).contains(&width) || !(1..=MAX_SIDE).contains(&height) {
            return Err(ImageError::Size { width, height });
        }
        let (width, height) = (width as usize, height as usize);
        let expected = width * height * format.channels();
        if pixels.len() != expected {
            return Err(ImageError::Length { expected, found: pixels.len() });
        }
        Ok(Self { width, height, format, pixels })
    }

    /// In pixels.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// In pixels.
    #[must_use]
    pub fn height(&self) -> usize {
        self.height
    }

    /// What the bytes of a pixel are.
    #[must_use]
    pub fn format(&self) -> PixelFormat {
        self.format
    }

    /// One channel of every pixel.
    pub(crate) fn plane(&self, channel: usize) -> Plane {
        let pixels = match self.format {
            PixelFormat::Grey => self.pixels.to_vec(),
            PixelFormat::Rgb => {
                self.pixels.as_chunks().0.iter().map(|pixel: &[u8; 3]| pixel[channel]).collect()
            }
        };
        Plane { width: self.width, height: self.height, pixels }
    }
}

/// One channel of a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plane {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) pixels: Vec<u8>,
}

impl Plane {
    pub(crate) fn row(&self, y: usize) -> &[u8] {
        &self.pixels[y * self.width..][..self.width]
    }
}
