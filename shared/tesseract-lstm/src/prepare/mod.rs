//! A line image becomes the input of the network: scaled to its height, sharpened, made grey, its contrast stretched.
//! The result equals Tesseract's to the last bit.

mod contrast;
mod scale;
mod sharpen;

use crate::image::{LineImage, PixelFormat, Plane};

/// A line at the height of the network, still in the colours of its image.
#[derive(Debug)]
pub(crate) struct ScaledLine {
    channels: Channels,
    height: usize,
    /// Pixels of this line for one of the image's.
    pub(crate) scale: f32,
}

#[derive(Debug)]
enum Channels {
    Grey(Plane),
    Rgb([Plane; 3]),
}

/// What the network sees of a line.
#[derive(Debug)]
pub(crate) struct Pixels {
    pub(crate) width: usize,
    /// Row by row.
    pub(crate) activations: Vec<i8>,
}

impl ScaledLine {
    /// `None` for an image of which less than `min_side` pixels remain (lstm/input.cpp, `PrepareLSTMInputs`).
    pub(crate) fn new(image: &LineImage<'_>, height: usize, min_side: usize) -> Option<Self> {
        let factor = height as f32 / image.height() as f32;
        let channel = |number| scaled(image.plane(number), factor);
        let channels = match image.format() {
            PixelFormat::Grey => Channels::Grey(channel(0)?),
            PixelFormat::Rgb => Channels::Rgb([channel(0)?, channel(1)?, channel(2)?]),
        };
        let (Channels::Grey(plane) | Channels::Rgb([plane, ..])) = &channels;
        (plane.width.min(plane.height) >= min_side).then_some(Self { channels, height, scale: factor })
    }

    /// The line in grey, with light for dark if `inverted`: colours are inverted before they are made grey, which
    /// rounds otherwise.
    pub(crate) fn pixels(&self, inverted: bool) -> Option<Pixels> {
        let grey = |color: [u8; 3]| {
            let [red, green, blue] = if inverted { color.map(|value| !value) } else { color };
            luminance(red, green, blue)
        };
        let plane = match &self.channels {
            Channels::Grey(plane) if inverted => {
                Plane { pixels: plane.pixels.iter().map(|pixel| !pixel).collect(), ..*plane }
            }
            Channels::Grey(plane) => plane.clone(),
            Channels::Rgb([red, green, blue]) => {
                let colors = red.pixels.iter().zip(&green.pixels).zip(&blue.pixels);
                let pixels = colors.map(|((red, green), blue)| grey([*red, *green, *blue])).collect();
                Plane { pixels, ..*red }
            }
        };
        // A height that was rounded to another one is scaled once more (lstm/input.cpp, `PreparePixInput`).
        let plane = if plane.height == self.height {
            plane
        } else {
            let factor = self.height as f32 / plane.height as f32;
            scaled(plane, factor).filter(|plane| plane.height == self.height)?
        };
        Some(Pixels { width: plane.width, activations: contrast::stretch(&plane) })
    }
}

/// leptonica's `pixScale` for one channel: in 1.82 channels do not influence each other. Linear interpolation for
/// factors from 0.7, means of areas below; near 1 what was blurred is sharpened.
fn scaled(plane: Plane, factor: f32) -> Option<Plane> {
    if factor == 1.0 {
        return Some(plane);
    }
    // The library compares with doubles.
    let exact = f64::from(factor);
    if exact < 0.7 {
        let smaller =
            if exact < 0.02 { scale::smooth(&plane, factor) } else { scale::area_map(&plane, factor)? };
        return Some(if exact > 0.2 { sharpen::sharpen(&smaller, 1, 0.2) } else { smaller });
    }
    let other = scale::interpolate(&plane, factor)?;
    Some(if exact < 1.4 { sharpen::sharpen(&other, 2, 0.4) } else { other })
}

/// leptonica's `pixConvertRGBToLuminance`: products and sum in float, the half in double.
fn luminance(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 0.3 * f32::from(red) + 0.5 * f32::from(green) + 0.2 * f32::from(blue);
    (f64::from(sum) + 0.5) as u8
}
