//! Grain taken out of a flat card before its light is evened.
//!
//! Dividing by the ground and stretching what is left to black on white stretches a dark picture's grain as well, until
//! it is as black as print. Owns the measure of grain and the smoothing that takes it out. It must not know where the
//! text is.

use image::GrayImage;

use crate::preprocess::params::PARAMS;

/// Smooths a flat card as much as its grain needs; `None`: it needs nothing. `scale`: how many pixels of the card one of
/// the picture became.
pub fn denoise(luma: &GrayImage, scale: f32) -> Option<GrayImage> {
    let fitted = &PARAMS.denoise;
    let scale = scale.clamp(fitted.scales.0, fitted.scales.1);
    let grain = grain(luma, scale);
    if grain < fitted.harmless_grain {
        return None;
    }
    let (harmless, heavy) = (fitted.harmless_grain, fitted.heavy_grain);
    let strength = ((grain - harmless) / (heavy - harmless)).clamp(0.0, 1.0);
    let (weakest, strongest) = fitted.sigmas;
    let sigma = (weakest + (strongest - weakest) * strength) * scale;
    Some(blurred(luma, sigma))
}

/// The usual deviation of a pixel from its neighbours, as a share of the card's level.
///
/// Second differences in both directions vanish on slopes and on straight edges; the median leaves print out.
fn grain(luma: &GrayImage, scale: f32) -> f32 {
    let (width, height) = (luma.width() as usize, luma.height() as usize);
    let step = scale.round().max(1.0) as usize;
    let source = luma.as_raw();
    let mut histogram = [0_u32; 1024];
    let mut levels = [0_u32; 256];
    let mut count = 0_u32;
    for y in (step..height.saturating_sub(step)).step_by(7) {
        for x in (step..width.saturating_sub(step)).step_by(5) {
            let at = |x: usize, y: usize| i32::from(source.get(y * width + x).copied().unwrap_or(0));
            let (up, down) = (y - step, y + step);
            let (left, right) = (x - step, x + step);
            let corners = at(left, up) + at(right, up) + at(left, down) + at(right, down);
            let sides = at(left, y) + at(right, y) + at(x, up) + at(x, down);
            let second = (corners - 2 * sides + 4 * at(x, y)).unsigned_abs() as usize;
            if let Some(n) = histogram.get_mut(second.min(1023)) {
                *n += 1;
            }
            if let Some(n) = levels.get_mut(at(x, y) as usize) {
                *n += 1;
            }
            count += 1;
        }
    }
    let middle = |histogram: &[u32]| {
        let mut left = count / 2;
        histogram.iter().position(|&n| {
            let here = left < n;
            left = left.saturating_sub(n);
            here
        })
    };
    let (Some(second), Some(level)) = (middle(&histogram), middle(&levels)) else { return 0.0 };
    // The mask's weights have a norm of 6; the median of a normal deviation is 0.6745.
    second as f32 / (6.0 * 0.6745) / (level as f32).max(PARAMS.denoise.darkest_level)
}

/// Gaussian blur, borders continued.
pub(crate) fn blurred(luma: &GrayImage, sigma: f32) -> GrayImage {
    let (width, height) = (luma.width() as usize, luma.height() as usize);
    let reach = (2.2 * sigma).ceil().clamp(1.0, 10.0) as usize;
    let raw: Vec<f32> = (0..=reach).map(|i| (-0.5 * (i as f32 / sigma).powi(2)).exp()).collect();
    let sum = raw.iter().sum::<f32>() * 2.0 - 1.0;
    // Eight bits of weight are more than grain has.
    let weights: Vec<u32> = raw.iter().map(|w| (w / sum * 256.0).round() as u32).collect();
    let rest = 256_u32.saturating_sub(2 * weights.iter().skip(1).sum::<u32>());
    let mut across = vec![0_u16; width * height];
    let mut padded = vec![0_u8; width + 2 * reach];
    let lines = luma.as_raw().chunks_exact(width.max(1)).zip(across.chunks_exact_mut(width.max(1)));
    let mut sums = vec![0_u32; width];
    for (line, out) in lines {
        let (first, last) = (line.first().copied().unwrap_or(0), line.last().copied().unwrap_or(0));
        padded.fill(first);
        if let Some(end) = padded.get_mut(reach + width..) {
            end.fill(last);
        }
        if let Some(middle) = padded.get_mut(reach..reach + width) {
            middle.copy_from_slice(line);
        }
        for (s, v) in sums.iter_mut().zip(line) {
            *s = rest * u32::from(*v);
        }
        for (i, weight) in weights.iter().enumerate().skip(1) {
            let before = padded.iter().skip(reach - i);
            let after = padded.iter().skip(reach + i);
            for ((s, a), b) in sums.iter_mut().zip(before).zip(after) {
                *s += weight * (u32::from(*a) + u32::from(*b));
            }
        }
        for (o, s) in out.iter_mut().zip(&sums) {
            *o = *s as u16;
        }
    }
    let mut out = vec![0_u8; width * height];
    let line_at = |y: usize| across.get(y * width..(y + 1) * width).unwrap_or_default();
    for (y, line) in out.chunks_exact_mut(width.max(1)).enumerate() {
        for (s, v) in sums.iter_mut().zip(line_at(y)) {
            *s = rest * u32::from(*v);
        }
        for (i, weight) in weights.iter().enumerate().skip(1) {
            let (above, below) = (line_at(y.saturating_sub(i)), line_at((y + i).min(height - 1)));
            for ((s, a), b) in sums.iter_mut().zip(above).zip(below) {
                *s += weight * (u32::from(*a) + u32::from(*b));
            }
        }
        for (o, s) in line.iter_mut().zip(&sums) {
            *o = ((*s + (1 << 15)) >> 16) as u8;
        }
    }
    GrayImage::from_raw(luma.width(), luma.height(), out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strokes on a ground, with grain of this deviation (a sum of four uniform values is nearly normal).
    fn grainy(deviation: f32) -> GrayImage {
        let mut state = 7_u32;
        let mut uniform = move || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 24) as f32 - 0.5
        };
        GrayImage::from_fn(600, 400, |x, y| {
            let stroke = (x / 6).is_multiple_of(5) && (y / 30).is_multiple_of(2);
            let noise = (uniform() + uniform() + uniform() + uniform()) * 3.0_f32.sqrt() * deviation;
            image::Luma([(if stroke { 50.0 } else { 100.0 } + noise).clamp(0.0, 255.0) as u8])
        })
    }

    #[test]
    fn grain_is_measured_whatever_is_printed() {
        for deviation in [0.0, 3.0, 8.0, 15.0] {
            let measured = grain(&grainy(deviation), 1.0) * 100.0;
            assert!((measured - deviation).abs() < 0.2 * deviation + 0.3, "{deviation}: {measured}");
        }
        assert_eq!(grain(&GrayImage::new(3, 3), 1.0), 0.0);
    }

    #[test]
    fn grain_is_smoothed_and_a_clean_card_is_not() {
        assert!(denoise(&grainy(0.3), 1.0).is_none());
        let smoothed = denoise(&grainy(12.0), 1.0).unwrap();
        assert!(grain(&smoothed, 1.0) < 0.03, "{}", grain(&smoothed, 1.0));
        let mean =
            |image: &GrayImage, x: u32| (0..25).map(|y| f32::from(image.get_pixel(x, y).0[0])).sum::<f32>();
        // Strokes stay.
        assert!(mean(&smoothed, 45) - mean(&smoothed, 32) > 25.0 * 35.0);
        for (w, h) in [(1, 1), (1, 50), (50, 1)] {
            assert_eq!(blurred(&GrayImage::from_pixel(w, h, image::Luma([77])), 2.0).get_pixel(0, 0).0, [77]);
        }
    }
}
