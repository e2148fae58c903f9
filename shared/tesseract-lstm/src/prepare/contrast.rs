//! Black and white of a line, and its pixels between them (lstm/networkio.cpp, `ComputeBlackWhite` and `SetPixel`).

use crate::image::Plane;
use crate::math::round;

/// Pixels as activations: what is black becomes -127, what is white 127.
pub(super) fn stretch(plane: &Plane) -> Vec<i8> {
    let (black, white) = black_and_white(plane);
    let contrast = (white - black) / 2.0;
    let contrast = if contrast <= 0.0 { 1.0 } else { contrast };
    let activations: Vec<i8> = (0..=255_u8)
        .map(|pixel| {
            let value = (f32::from(pixel) - black) / contrast - 1.0;
            round(128.0 * value).clamp(-127, 127) as i8
        })
        .collect();
    plane.pixels.iter().map(|pixel| activations[*pixel as usize]).collect()
}

/// The lower quartile of the minima along the middle row, and the upper quartile of its maxima.
fn black_and_white(plane: &Plane) -> (f32, f32) {
    let (mut minima, mut maxima) = (Histogram::new(), Histogram::new());
    for window in plane.row(plane.height / 2).windows(3) {
        let [previous, current, next] = [window[0], window[1], window[2]];
        if current < previous && current <= next || current <= previous && current < next {
            minima.add(current);
        }
        if current > previous && current >= next || current >= previous && current > next {
            maxima.add(current);
        }
    }
    if minima.total == 0 {
        minima.add(0);
    }
    if maxima.total == 0 {
        maxima.add(255);
    }
    (minima.quantile(0.25), maxima.quantile(0.75))
}

struct Histogram {
    counts: [u32; 256],
    total: u32,
}

impl Histogram {
    fn new() -> Self {
        Self { counts: [0; 256], total: 0 }
    }

    fn add(&mut self, value: u8) {
        self.counts[value as usize] += 1;
        self.total += 1;
    }

    /// Linear within a value (ccstruct/statistc.cpp, `STATS::ile`).
    fn quantile(&self, fraction: f64) -> f32 {
        let target = (fraction * f64::from(self.total)).clamp(1.0, f64::from(self.total));
        let (mut sum, mut end) = (0, 0);
        for count in self.counts {
            if f64::from(sum) >= target {
                break;
            }
            sum += count;
            end += 1;
        }
        let last = f64::from(self.counts[end - 1]);
        (end as f64 - (f64::from(sum) - target) / last) as f32
    }
}
