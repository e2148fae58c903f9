//! Print that a reflection has washed out, brought back to the contrast of its surroundings.
//!
//! Dividing by the ground evens the light, not the print: under glare strokes stay pale, and a pale stroke is neither
//! found as ink nor read. Owns the contrast of strokes on an evened card. It must not know where the text is.

use image::GrayImage;

use crate::preprocess::params::PARAMS;

/// Side, in pixels, of a cell whose darkest stroke is taken.
const CELL: usize = 8;
/// Darkens pale strokes towards the darkness of print; ground and what is no darker than the card's noise stay.
pub fn even_contrast(gray: &GrayImage) -> GrayImage {
    let (width, height) = (gray.width() as usize, gray.height() as usize);
    let (columns, rows) = (width / CELL, height / CELL);
    if columns < 2 || rows < 2 {
        return gray.clone();
    }
    let darkest = darkest_of(gray, columns, rows);
    // Most of a card is ground: what the middle cell holds is noise and guilloche.
    let mut sorted = darkest.clone();
    sorted.sort_by(f32::total_cmp);
    let noise = sorted.get(sorted.len() / 2).copied().unwrap_or(0.0);
    let local = smooth(&widen(&darkest, columns, rows), columns, rows);
    let fitted = &PARAMS.contrast;
    let (from, ramp) = (fitted.print_from, fitted.print_ramp);
    let gain = |dark: &f32| {
        let print = ((dark - from.0 * noise - from.1) / (ramp.0 * noise + ramp.1)).clamp(0.0, 1.0);
        1.0 + ((fitted.full_darkness / dark.max(1.0)).clamp(1.0, fitted.max_gain) - 1.0) * print
    };
    let gains: Vec<f32> = local.iter().map(gain).collect();
    let mut out = gray.clone();
    let places: Vec<(usize, f32)> = (0..width).map(|x| between(x, columns)).collect();
    let pixels: &mut [u8] = &mut out;
    for (y, line) in pixels.chunks_exact_mut(width).enumerate() {
        let (row, part) = between(y, rows);
        let at = |row: usize| gains.get(row * columns..(row + 1) * columns).unwrap_or_default();
        let (upper, lower) = (at(row), at((row + 1).min(rows - 1)));
        let mixed: Vec<f32> = upper.iter().zip(lower).map(|(a, b)| a + (b - a) * part).collect();
        for (v, &(x, along)) in line.iter_mut().zip(&places) {
            if *v == 255 {
                continue;
            }
            let (a, b) = (mixed.get(x), mixed.get((x + 1).min(columns - 1)));
            let (a, b) = (a.copied().unwrap_or(1.0), b.copied().unwrap_or(1.0));
            *v = (255.0 - f32::from(255 - *v) * (a + (b - a) * along)).max(0.0) as u8;
        }
    }
    out
}

/// The darkest two by two pixels of each cell, as 255 less their mean.
fn darkest_of(gray: &GrayImage, columns: usize, rows: usize) -> Vec<f32> {
    let width = gray.width() as usize;
    let source = gray.as_raw();
    let mut darkest = vec![0_u16; columns * rows];
    for y in (0..rows * CELL).step_by(2) {
        let (Some(one), Some(two)) =
            (source.get(y * width..(y + 1) * width), source.get((y + 1) * width..(y + 2) * width))
        else {
            continue;
        };
        let line = darkest.iter_mut().skip(y / CELL * columns).take(columns);
        for ((cell, one), two) in line.zip(one.chunks_exact(CELL)).zip(two.chunks_exact(CELL)) {
            for (a, b) in one.chunks_exact(2).zip(two.chunks_exact(2)) {
                let sum: u16 = a.iter().chain(b).map(|v| u16::from(255 - *v)).sum();
                *cell = (*cell).max(sum);
            }
        }
    }
    darkest.into_iter().map(|sum| f32::from(sum) / 4.0).collect()
}

/// The largest value of the cells within reach.
fn widen(cells: &[f32], columns: usize, rows: usize) -> Vec<f32> {
    around(cells, columns, rows, |near| near.fold(0.0, f32::max))
}

/// The mean of the cells within reach.
fn smooth(cells: &[f32], columns: usize, rows: usize) -> Vec<f32> {
    around(cells, columns, rows, |near| {
        let (sum, count) = near.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
        sum / count
    })
}

/// Something of the cells across, then the same of the results down.
fn around(
    cells: &[f32],
    columns: usize,
    rows: usize,
    of: impl Fn(&mut dyn Iterator<Item = f32>) -> f32,
) -> Vec<f32> {
    let (reach_x, reach_y) = PARAMS.contrast.reach;
    let mut across = Vec::with_capacity(cells.len());
    for line in cells.chunks_exact(columns) {
        for x in 0..columns {
            let near = line.iter().take((x + reach_x + 1).min(columns)).skip(x.saturating_sub(reach_x));
            across.push(of(&mut near.copied()));
        }
    }
    let mut out = Vec::with_capacity(cells.len());
    for y in 0..rows {
        let (first, last) = (y.saturating_sub(reach_y), (y + reach_y).min(rows - 1));
        for x in 0..columns {
            let mut near = (first..=last).filter_map(|y| across.get(y * columns + x).copied());
            out.push(of(&mut near));
        }
    }
    out
}

/// The cell whose middle lies before a pixel, and how far behind it the pixel lies.
fn between(pixel: usize, cells: usize) -> (usize, f32) {
    let at = ((pixel as f32 + 0.5) / CELL as f32 - 0.5).clamp(0.0, (cells - 1) as f32);
    (at as usize, at.fract())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Strokes in rows 40 to 60, pale from column 300 on, on a ground with a faint pattern.
    fn washed_out(x: u32, y: u32) -> image::Luma<u8> {
        let stroke = (40..60).contains(&y) && x % 12 < 4 && x < 600;
        let pale = if x < 300 { 30 } else { 165 };
        image::Luma([if stroke { pale } else { 255 - ((x * 5 + y * 3) % 9) as u8 }])
    }

    #[test]
    fn pale_strokes_are_darkened_and_the_ground_stays() {
        let out = even_contrast(&GrayImage::from_fn(800, 120, washed_out));
        for x in (0..600).step_by(12) {
            let v = out.get_pixel(x + 1, 50).0[0];
            // Where both stand side by side the darker ones rule.
            let limit = if (240..430).contains(&x) { 175 } else { 90 };
            assert!(v <= limit, "stroke at {x}: {v}");
        }
        assert!(out.enumerate_pixels().all(|(x, _, v)| x < 720 || v.0[0] >= 240));
    }

    #[test]
    fn noise_is_not_print() {
        let noisy =
            GrayImage::from_fn(400, 200, |x, y| image::Luma([255 - ((x * 7919 + y * 104_729) % 60) as u8]));
        assert_eq!(even_contrast(&noisy), noisy);
        for (w, h) in [(1, 1), (8, 90), (15, 15), (16, 16)] {
            assert_eq!(even_contrast(&GrayImage::new(w, h)).dimensions(), (w, h));
        }
    }
}
