//! A part of a card as ink: what the classifier's patches are cut from.

use image::GrayImage;

use super::Band;
use super::network::{CELL_HEIGHT, CELL_WIDTH, Patch};
use crate::layout::percentile;

/// The band as ink, 0 ground to 1 print.
pub(super) struct Ink {
    pub width: usize,
    pub height: usize,
    /// Column and row of the card at which the part begins.
    pub left: f32,
    pub top: f32,
    pub values: Vec<f32>,
}

impl Ink {
    /// Takes the band with a margin. The contrast is that of the band.
    pub fn of(card: &GrayImage, band: Band) -> Option<Self> {
        let high = band.bottom - band.top;
        if !(high >= 6.0 && band.right - band.left >= 64.0) {
            return None;
        }
        let clip = |v: f32, max: u32| v.clamp(0.0, max as f32) as u32;
        let (x0, x1) = (clip(band.left - high, card.width()), clip(band.right + high, card.width()));
        let (y0, y1) =
            (clip(band.top - 0.5 * high, card.height()), clip(band.bottom + 0.5 * high, card.height()));
        if x1 <= x0 + 64 || y1 <= y0 + 6 {
            return None;
        }
        let mut histogram = [0_u32; 256];
        for y in y0..y1 {
            for x in x0..x1 {
                histogram[usize::from(card.get_pixel(x, y).0[0])] += 1;
            }
        }
        let all = (x1 - x0) * (y1 - y0);
        let (dark, ground) = (percentile(&histogram, 0.03), percentile(&histogram, 0.65));
        let scale = 1.0 / (ground - dark).max(24.0);
        let mut values = Vec::with_capacity(all as usize);
        for y in y0..y1 {
            for x in x0..x1 {
                let v = f32::from(card.get_pixel(x, y).0[0]);
                values.push(((ground - v) * scale).clamp(0.0, 1.2));
            }
        }
        Some(Self {
            width: (x1 - x0) as usize,
            height: (y1 - y0) as usize,
            left: x0 as f32,
            top: y0 as f32,
            values,
        })
    }

    /// Bilinear, 0 outside. Pixel centres are at half coordinates.
    fn at(&self, x: f32, y: f32) -> f32 {
        let (x, y) = (x - self.left - 0.5, y - self.top - 0.5);
        if x <= -1.0 || y <= -1.0 || x >= self.width as f32 || y >= self.height as f32 {
            return 0.0;
        }
        let (fx, fy) = (x.floor(), y.floor());
        let (ax, ay) = (x - fx, y - fy);
        let get = |cx: f32, cy: f32| {
            if cx < 0.0 || cy < 0.0 || cx >= self.width as f32 || cy >= self.height as f32 {
                0.0
            } else {
                self.values[cy as usize * self.width + cx as usize]
            }
        };
        let upper = get(fx, fy) * (1.0 - ax) + get(fx + 1.0, fy) * ax;
        let lower = get(fx, fy + 1.0) * (1.0 - ax) + get(fx + 1.0, fy + 1.0) * ax;
        upper * (1.0 - ay) + lower * ay
    }

    /// One cell as the network wants it: one pitch wide, 1.3 digit heights high.
    pub fn patch(&self, left: f32, pitch: f32, top: f32, bottom: f32) -> Patch {
        let high = (bottom - top) * 1.3;
        let y0 = f32::midpoint(top, bottom) - high / 2.0;
        let (dx, dy) = (pitch / CELL_WIDTH as f32, high / CELL_HEIGHT as f32);
        let mut patch = [[0.0; CELL_WIDTH]; CELL_HEIGHT];
        let mut max = 0.0_f32;
        for (row, line) in patch.iter_mut().enumerate() {
            for (column, cell) in line.iter_mut().enumerate() {
                let (x, y) = (left + column as f32 * dx, y0 + row as f32 * dy);
                // Four samples: the source has about twice the patch's resolution.
                let value = self.at(x + dx * 0.25, y + dy * 0.25)
                    + self.at(x + dx * 0.75, y + dy * 0.25)
                    + self.at(x + dx * 0.25, y + dy * 0.75)
                    + self.at(x + dx * 0.75, y + dy * 0.75);
                *cell = value / 4.0;
                max = max.max(*cell);
            }
        }
        // Blurred or washed-out digits are brought up to the contrast of printed ones, ground dirt is not.
        let gain = 0.95 / max.clamp(0.35, 1.0);
        for cell in patch.iter_mut().flatten() {
            *cell *= gain;
        }
        patch
    }

    /// Mean ink per column between two rows of the card.
    pub fn columns(&self, top: f32, bottom: f32) -> Vec<f32> {
        let row = |y: f32| ((y - self.top).max(0.0) as usize).min(self.height);
        let (y0, y1) = (row(top), row(bottom).max(row(top) + 1).min(self.height));
        let mut columns = vec![0.0_f32; self.width];
        for y in y0..y1 {
            for (sum, v) in columns.iter_mut().zip(&self.values[y * self.width..(y + 1) * self.width]) {
                *sum += v / (y1 - y0) as f32;
            }
        }
        columns
    }
}
