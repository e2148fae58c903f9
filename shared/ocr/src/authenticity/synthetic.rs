//! Pictures for the tests of the signs.

use image::{GrayImage, Luma, Rgb, RgbImage};

use crate::image::rectify::{CARD_HEIGHT, CARD_WIDTH, CardOutline};

/// Numbers that look like chance, the same ones every time.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// From 0 to 1.
    fn unit(&mut self) -> f32 {
        // Knuth's constants.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1_u64 << 24) as f32
    }

    /// With a mean of 0 and a standard deviation of 1.
    pub fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.unit()).sum::<f32>() - 6.0
    }
}

/// The outline of a card that fills its picture.
pub fn whole() -> CardOutline {
    CardOutline::whole_image(CARD_WIDTH, CARD_HEIGHT)
}

/// A card that fills its picture, blue with dark bars as print; `added` is what is added to a pixel.
pub fn card(mut added: impl FnMut(u32, u32) -> f32) -> RgbImage {
    RgbImage::from_fn(CARD_WIDTH, CARD_HEIGHT, |x, y| {
        let more = added(x, y);
        Rgb(if is_print(x, y) { [40.0, 42.0, 50.0] } else { [150.0, 190.0, 222.0] }
            .map(|v: f32| (v + more + 0.5) as u8))
    })
}

/// Its luma as the flat card has it.
pub fn flat(mut added: impl FnMut(u32, u32) -> f32) -> GrayImage {
    GrayImage::from_fn(CARD_WIDTH, CARD_HEIGHT, |x, y| {
        Luma([(if is_print(x, y) { 45.0 } else { 181.0 } + added(x, y) + 0.5) as u8])
    })
}

/// Bars of three pixels in rows of print, from the first to the last row and column of values.
pub fn is_print(x: u32, y: u32) -> bool {
    (320..700).contains(&x) && (200..680).contains(&y) && y % 40 < 24 && (x / 3).is_multiple_of(5)
}
