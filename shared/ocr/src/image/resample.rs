//! Making pictures smaller, and small filters, on plain buffers. Knows nothing of cards.

use image::{GrayImage, RgbImage};

/// For each output position along one axis: the first input index and the weights of the inputs it covers.
fn area_weights(from: u32, to: u32) -> Vec<(usize, Vec<f32>)> {
    let step = f64::from(from) / f64::from(to);
    (0..to)
        .map(|i| {
            let (start, end) = (f64::from(i) * step, (f64::from(i + 1) * step).min(f64::from(from)));
            let (first, last) =
                (start.floor() as usize, (end.ceil() as usize).max(start.floor() as usize + 1));
            let weights = (first..last)
                .map(|k| ((end.min(k as f64 + 1.0) - start.max(k as f64)).max(0.0) / (end - start)) as f32)
                .collect();
            (first, weights)
        })
        .collect()
}

/// Area average of `channels` interleaved bytes per pixel: every source pixel counts by what it covers, so nothing
/// aliases. Only for making smaller; a size above the source's is cut to it.
fn downscale(from: &[u8], channels: usize, size: (u32, u32), to: (u32, u32)) -> Vec<u8> {
    let (width, height) = size;
    let (new_width, new_height) = to;
    let columns = area_weights(width, new_width);
    let rows = area_weights(height, new_height);
    let (stride, new_stride) = (width as usize * channels, new_width as usize * channels);
    let mut out = vec![0_u8; new_stride * new_height as usize];
    let mut sum = vec![0_f32; stride];
    for ((first_row, row_weights), out_row) in rows.iter().zip(out.chunks_exact_mut(new_stride)) {
        sum.fill(0.0);
        let source = from.get(first_row * stride..).unwrap_or_default();
        for (line, &weight) in source.chunks_exact(stride).zip(row_weights) {
            for (s, &v) in sum.iter_mut().zip(line) {
                *s += weight * f32::from(v);
            }
        }
        for ((first, weights), pixel) in columns.iter().zip(out_row.chunks_exact_mut(channels)) {
            let covered = sum.get(first * channels..).unwrap_or_default();
            for (c, value) in pixel.iter_mut().enumerate() {
                let total: f32 =
                    covered.iter().skip(c).step_by(channels).zip(weights).map(|(v, w)| v * w).sum();
                *value = (total + 0.5) as u8;
            }
        }
    }
    out
}

/// A smaller copy by area average; at most the source's size, at least one pixel.
pub fn downscale_rgb(image: &RgbImage, width: u32, height: u32) -> RgbImage {
    let to = (width.clamp(1, image.width().max(1)), height.clamp(1, image.height().max(1)));
    let data = downscale(image.as_raw(), 3, image.dimensions(), to);
    RgbImage::from_raw(to.0, to.1, data).unwrap_or_default()
}

/// A smaller copy by area average; at most the source's size, at least one pixel.
pub fn downscale_gray(image: &GrayImage, width: u32, height: u32) -> GrayImage {
    let to = (width.clamp(1, image.width().max(1)), height.clamp(1, image.height().max(1)));
    let data = downscale(image.as_raw(), 1, image.dimensions(), to);
    GrayImage::from_raw(to.0, to.1, data).unwrap_or_default()
}

/// Weights of Catmull and Rom's cubic for each output position along one axis, spread where the output is smaller.
fn cubic_weights(from: u32, to: u32) -> Vec<(usize, Vec<f32>)> {
    let kernel = |x: f32| match x.abs() {
        x if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
        x if x < 2.0 => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
        _ => 0.0,
    };
    let step = from as f32 / to as f32;
    let spread = step.max(1.0);
    let last = from.saturating_sub(1) as f32;
    (0..to)
        .map(|i| {
            let centre = (i as f32 + 0.5) * step - 0.5;
            let (first, end) = ((centre - 2.0 * spread).ceil(), (centre + 2.0 * spread).floor());
            let begin = first.clamp(0.0, last) as usize;
            let mut weights = vec![0.0_f32; end.clamp(0.0, last) as usize - begin + 1];
            let mut at = first;
            while at <= end {
                // The border is continued.
                let place = (at.clamp(0.0, last) as usize).saturating_sub(begin);
                if let Some(weight) = weights.get_mut(place) {
                    *weight += kernel((at - centre) / spread);
                }
                at += 1.0;
            }
            let sum: f32 = weights.iter().sum();
            weights.iter_mut().for_each(|weight| *weight /= sum);
            (begin, weights)
        })
        .collect()
}

/// A copy of any size by cubic interpolation, which keeps edges steep.
pub fn resized_gray(image: &GrayImage, width: u32, height: u32) -> GrayImage {
    if image.is_empty() || width == 0 || height == 0 {
        return GrayImage::new(width, height);
    }
    let columns = cubic_weights(image.width(), width);
    let rows = cubic_weights(image.height(), height);
    let mut across = Vec::with_capacity(width as usize * image.height() as usize);
    for line in image.as_raw().chunks_exact(image.width() as usize) {
        across.extend(columns.iter().map(|(first, weights)| {
            let covered = line.get(*first..).unwrap_or_default();
            covered.iter().zip(weights).map(|(v, weight)| f32::from(*v) * weight).sum::<f32>()
        }));
    }
    let mut out = Vec::with_capacity(width as usize * height as usize);
    let mut sums = vec![0.0_f32; width as usize];
    for (first, weights) in &rows {
        sums.fill(0.5);
        let covered = across.get(first * width as usize..).unwrap_or_default();
        for (line, weight) in covered.chunks_exact(width as usize).zip(weights) {
            for (sum, v) in sums.iter_mut().zip(line) {
                *sum += v * weight;
            }
        }
        // A cubic overshoots; the conversion stops at black and white.
        out.extend(sums.iter().map(|sum| *sum as u8));
    }
    GrayImage::from_raw(width, height, out).unwrap_or_default()
}

/// Luma of a picture (BT.601 weights, as cameras encode).
pub fn luma(image: &RgbImage) -> GrayImage {
    let mut gray = GrayImage::new(image.width(), image.height());
    for (to, from) in gray.as_mut().iter_mut().zip(image.as_raw().chunks_exact(3)) {
        if let [r, g, b] = from {
            let sum = 77 * u32::from(*r) + 150 * u32::from(*g) + 29 * u32::from(*b) + 128;
            *to = (sum >> 8) as u8;
        }
    }
    gray
}

/// Mean over a square of side `2 * radius + 1`, cut at the borders: two running sums, so the radius costs nothing.
pub fn box_blur(image: &GrayImage, radius: u32) -> GrayImage {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let radius = radius as usize;
    if width == 0 || height == 0 || radius == 0 {
        return image.clone();
    }
    let source = image.as_raw();
    let mut rows = vec![0_f32; width * height];
    for (line, out) in source.chunks_exact(width).zip(rows.chunks_exact_mut(width)) {
        let mut sum: u32 = line.iter().take(radius).map(|&v| u32::from(v)).sum();
        for x in 0..width {
            if let Some(&v) = line.get(x + radius) {
                sum += u32::from(v);
            }
            if let Some(&v) = x.checked_sub(radius + 1).and_then(|i| line.get(i)) {
                sum -= u32::from(v);
            }
            let count = (x + radius).min(width - 1) - x.saturating_sub(radius) + 1;
            if let Some(o) = out.get_mut(x) {
                *o = sum as f32 / count as f32;
            }
        }
    }
    let mut out = vec![0_u8; width * height];
    let mut sum = vec![0_f64; width];
    let add = |sum: &mut [f64], y: usize, sign: f64| {
        if let Some(line) = rows.get(y * width..(y + 1) * width) {
            for (s, &v) in sum.iter_mut().zip(line) {
                *s += sign * f64::from(v);
            }
        }
    };
    for y in 0..radius.min(height) {
        add(&mut sum, y, 1.0);
    }
    for (y, line) in out.chunks_exact_mut(width).enumerate() {
        if y + radius < height {
            add(&mut sum, y + radius, 1.0);
        }
        if let Some(gone) = y.checked_sub(radius + 1) {
            add(&mut sum, gone, -1.0);
        }
        let count = ((y + radius).min(height - 1) - y.saturating_sub(radius) + 1) as f64;
        for (o, s) in line.iter_mut().zip(&sum) {
            *o = (s / count + 0.5) as u8;
        }
    }
    GrayImage::from_raw(image.width(), image.height(), out).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downscaling_keeps_the_mean() {
        let image = GrayImage::from_fn(300, 200, |x, y| image::Luma([((x * 7 + y * 13) % 256) as u8]));
        let small = downscale_gray(&image, 71, 37);
        let mean = |i: &GrayImage| i.iter().map(|&v| f64::from(v)).sum::<f64>() / i.len() as f64;
        assert_eq!(small.dimensions(), (71, 37));
        assert!((mean(&image) - mean(&small)).abs() < 0.6);
    }

    #[test]
    fn downscaling_by_two_averages_each_square() {
        let image = RgbImage::from_fn(4, 2, |x, _| image::Rgb([if x % 2 == 0 { 0 } else { 100 }, 10, 20]));
        assert_eq!(downscale_rgb(&image, 2, 1).as_raw(), &[50, 10, 20, 50, 10, 20]);
    }

    #[test]
    fn resizing_keeps_flat_places_and_scales_edges() {
        let image = GrayImage::from_fn(90, 30, |x, _| image::Luma([if x < 30 { 20 } else { 220 }]));
        let other = resized_gray(&image, 60, 36);
        assert_eq!(other.dimensions(), (60, 36));
        assert_eq!((other.get_pixel(3, 5).0, other.get_pixel(50, 30).0), ([20], [220]));
        assert!(other.get_pixel(18, 9).0[0] < 40 && other.get_pixel(21, 9).0[0] > 200);
        for (w, h) in [(1, 1), (2, 7), (300, 1)] {
            assert_eq!(resized_gray(&image, w, h).dimensions(), (w, h));
            assert_eq!(resized_gray(&GrayImage::new(w, h), 9, 4).dimensions(), (9, 4));
        }
    }

    #[test]
    fn box_blur_spreads_a_dot_and_keeps_a_constant() {
        assert!(box_blur(&GrayImage::from_pixel(30, 20, image::Luma([77])), 9).iter().all(|&v| v == 77));
        let mut dot = GrayImage::new(21, 21);
        dot.put_pixel(10, 10, image::Luma([225]));
        let blurred = box_blur(&dot, 2);
        assert_eq!(blurred.get_pixel(12, 8).0, [9]);
        assert_eq!(blurred.get_pixel(13, 10).0, [0]);
    }
}
