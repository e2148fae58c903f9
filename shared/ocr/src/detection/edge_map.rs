//! The small picture's edges, with print closed away: how strong at each pixel, and in which direction.
//!
//! Owns the way from colours to edges. It must not know what shape is searched among them.

use image::RgbImage;

use crate::detection::params::{Edges, PARAMS};
use crate::image::morphology::{dilated, eroded};

const FITTED: Edges = PARAMS.edges;

/// Edge strength and direction per pixel.
pub(crate) struct EdgeMap {
    pub width: usize,
    pub height: usize,
    /// Strength of the strongest colour change, in grey levels per pixel.
    pub strength: Vec<f32>,
    /// Direction of that change as an angle in `0..π` (an edge's normal, without a sign).
    pub normal: Vec<f32>,
    /// A strength that most of the picture stays under.
    pub usual: f32,
}

impl EdgeMap {
    /// Edges of colour.
    pub fn color_edges(image: &RgbImage) -> Self {
        let planes: Vec<Vec<u8>> =
            (0..3).map(|c| image.as_raw().iter().skip(c).step_by(3).copied().collect()).collect();
        Self::of_planes(&planes, image.width() as usize, image.height() as usize)
    }

    /// Edges of the saliency of colours: how much more common a pixel's colour is in the picture than along its border. Where the
    /// table has a pattern of its own, the card still stands out here.
    pub fn color_saliency(image: &RgbImage) -> Self {
        let (width, height) = (image.width() as usize, image.height() as usize);
        let rim = width.min(height) / FITTED.rim;
        let mut plane = vec![0_u32; width * height];
        for shift in [0, 16] {
            let bin = |p: &[u8]| p.iter().fold(0_usize, |bin, &c| bin * 9 + (usize::from(c) + shift) / 32);
            let (mut near, mut all) = ([0_u32; 729], [0_u32; 729]);
            for (y, line) in image.as_raw().chunks_exact(width * 3).enumerate() {
                for (x, pixel) in line.chunks_exact(3).enumerate() {
                    let b = bin(pixel);
                    all[b] += 1;
                    if x < rim || y < rim || x + rim >= width || y + rim >= height {
                        near[b] += 1;
                    }
                }
            }
            let share = near.iter().sum::<u32>() as f32 / (width * height) as f32;
            let level: Vec<u32> = near
                .iter()
                .zip(all)
                .map(|(&n, a)| {
                    (127.0 * (1.0 - n as f32 / (share * a as f32).max(1.0)).clamp(0.0, 1.0)) as u32
                })
                .collect();
            for (value, pixel) in plane.iter_mut().zip(image.as_raw().chunks_exact(3)) {
                *value += level[bin(pixel)];
            }
        }
        Self::of_planes(&[plane.into_iter().map(|v| v as u8).collect()], width, height)
    }

    fn of_planes(planes: &[Vec<u8>], width: usize, height: usize) -> Self {
        let (mut xx, mut xy, mut yy) =
            (vec![0.0; width * height], vec![0.0; width * height], vec![0.0; width * height]);
        for plane in planes {
            // Closed, then opened: neither dark nor bright strokes stay.
            let radius = FITTED.closing_radius;
            let plane = dilated(plane, width, height, radius);
            let plane = eroded(&plane, width, height, radius);
            let plane = eroded(&plane, width, height, radius);
            let plane = dilated(&plane, width, height, radius);
            let plane = smooth(&plane, width, height);
            for y in 1..height.saturating_sub(1) {
                for x in 1..width - 1 {
                    let i = y * width + x;
                    let at = |i: usize| plane[i];
                    let gx = (at(i + 1) - at(i - 1)) * 0.5;
                    let gy = (at(i + width) - at(i - width)) * 0.5;
                    xx[i] += gx * gx;
                    xy[i] += gx * gy;
                    yy[i] += gy * gy;
                }
            }
        }
        let mut strength = vec![0.0; width * height];
        let mut normal = vec![0.0; width * height];
        for i in 0..width * height {
            let (a, b, c): (f32, f32, f32) = (xx[i], xy[i], yy[i]);
            let root = ((a - c) * (a - c) + 4.0 * b * b).sqrt();
            strength[i] = ((a + c + root) * 0.5).sqrt();
            let angle = 0.5 * (2.0 * b).atan2(a - c);
            normal[i] = if angle < 0.0 { angle + std::f32::consts::PI } else { angle };
        }
        let mut sorted: Vec<f32> = strength.iter().step_by(7).copied().collect();
        sorted.sort_by(f32::total_cmp);
        let usual = sorted.get(sorted.len() * 6 / 10).copied().unwrap_or(0.0);
        Self { width, height, strength, normal, usual }
    }
}

/// A binomial blur of five pixels each way.
fn smooth(plane: &[u8], width: usize, height: usize) -> Vec<f32> {
    let mut across = vec![0.0_f32; width * height];
    for (line, out) in plane.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for (x, o) in out.iter_mut().enumerate() {
            let v = |d: isize| f32::from(line[x.saturating_add_signed(d).min(width - 1)]);
            *o = (v(-2) + v(2) + 4.0 * (v(-1) + v(1)) + 6.0 * v(0)) / 16.0;
        }
    }
    let mut out = vec![0.0_f32; width * height];
    for (y, line) in out.chunks_exact_mut(width).enumerate() {
        let row = |d: isize| {
            let y = y.saturating_add_signed(d).min(height - 1);
            &across[y * width..(y + 1) * width]
        };
        let (a, b, c, d, e) = (row(-2), row(-1), row(0), row(1), row(2));
        for (x, o) in line.iter_mut().enumerate() {
            *o = (a[x] + e[x] + 4.0 * (b[x] + d[x]) + 6.0 * c[x]) / 16.0;
        }
    }
    out
}
