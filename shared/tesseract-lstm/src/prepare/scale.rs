//! Scaling as leptonica 1.82 does it (scale1.c).

use crate::image::Plane;

/// Sides of a picture that is `factor` times as large.
fn scaled_size(plane: &Plane, factor: f32) -> (usize, usize) {
    let scaled = |side: usize| (f64::from(factor * side as f32) + 0.5) as usize;
    (scaled(plane.width), scaled(plane.height))
}

/// Sixteenths of a source pixel for one destination pixel.
fn sixteenths(source: usize, destination: usize) -> f32 {
    (16.0 * f64::from(source as f32) / f64::from(destination as f32)) as f32
}

/// A position in sixteenths: whole pixels and the rest.
type Position = (usize, u32);

fn split(position: usize) -> Position {
    let rest = (position & 15) as u32;
    (position >> 4, rest)
}

/// `pixScaleGrayLI`: linear interpolation between four pixels, to a sixteenth of a pixel.
pub(super) fn interpolate(plane: &Plane, factor: f32) -> Option<Plane> {
    if factor == 2.0 || factor == 4.0 {
        return Some(interpolate_whole(plane, if factor == 2.0 { 2 } else { 4 }));
    }
    let (width, height) = scaled_size(plane, factor);
    if width == 0 || height == 0 {
        return None;
    }
    let positions = |source: usize, destination: usize| -> Vec<Position> {
        let step = sixteenths(source, destination);
        let at = |index: usize| split((step * index as f32) as usize);
        (0..destination).map(at).collect()
    };
    let (columns, rows) = (positions(plane.width, width), positions(plane.height, height));
    let mut pixels = Vec::with_capacity(width * height);
    for (y, below) in rows {
        let upper = plane.row(y);
        // At the lower and right edges the last pixel is its own neighbour.
        let lower = plane.row((y + 1).min(plane.height - 1));
        pixels.extend(columns.iter().map(|&(x, beside)| {
            let next = (x + 1).min(plane.width - 1);
            let [v00, v10, v01, v11] = [upper[x], upper[next], lower[x], lower[next]].map(u32::from);
            let sum = (16 - beside) * (16 - below) * v00
                + beside * (16 - below) * v10
                + (16 - beside) * below * v01
                + beside * below * v11;
            low_byte((sum + 128) / 256)
        }));
    }
    Some(Plane { width, height, pixels })
}

/// `pixScaleGray2xLI` and `pixScaleGray4xLI`: the same between exact fractions, without rounding up.
fn interpolate_whole(plane: &Plane, factor: usize) -> Plane {
    let (width, height) = (plane.width * factor, plane.height * factor);
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        let upper = plane.row(y / factor);
        let lower = plane.row((y / factor + 1).min(plane.height - 1));
        let below = y % factor;
        pixels.extend((0..width).map(|x| {
            let (left, beside) = (x / factor, x % factor);
            let right = (left + 1).min(plane.width - 1);
            let [v00, v10, v01, v11] =
                [upper[left], upper[right], lower[left], lower[right]].map(usize::from);
            let above = factor - below;
            let sum = (factor - beside) * (above * v00 + below * v01) + beside * (above * v10 + below * v11);
            (sum / (factor * factor)) as u8
        }));
    }
    Plane { width, height, pixels }
}

/// `pixScaleAreaMap`: the mean of the area under each pixel, to a sixteenth of a pixel. `None` if nothing remains.
pub(super) fn area_map(plane: &Plane, factor: f32) -> Option<Plane> {
    for halvings in 1..=4_i32 {
        if factor == 0.5_f32.powi(halvings) {
            return (0..halvings).try_fold(plane.clone(), |plane, _| halve(&plane));
        }
    }
    let (width, height) = scaled_size(plane, factor);
    if width == 0 || height == 0 {
        return None;
    }
    // Where each pixel begins and ends. The first is a product of floats, the second one of doubles.
    let spans = |source: usize, destination: usize| -> Vec<(Position, Position)> {
        let step = sixteenths(source, destination);
        let at = |index: usize| {
            let end = f64::from(step) * (index as f64 + 1.0);
            (split((step * index as f32) as usize), split(end as usize))
        };
        (0..destination).map(at).collect()
    };
    let (columns, rows) = (spans(plane.width, width), spans(plane.height, height));
    let mut pixels = Vec::with_capacity(width * height);
    for &((top, above), (bottom, below)) in &rows {
        for &((left, before), (right, behind)) in &columns {
            // Near the right and lower edges a pixel is copied.
            if right + 2 > plane.width || bottom + 2 > plane.height {
                pixels.push(plane.row(top)[left]);
                continue;
            }
            let weighted = |row: &[u8]| {
                let inner: u32 = row[left + 1..right.max(left + 1)].iter().copied().map(u32::from).sum();
                (16 - before) * u32::from(row[left]) + 16 * inner + behind * u32::from(row[right])
            };
            let inner: u32 = (top + 1..bottom).map(|y| weighted(plane.row(y))).sum();
            let sum =
                (16 - above) * weighted(plane.row(top)) + 16 * inner + below * weighted(plane.row(bottom));
            let extent = |from: usize, before: u32, to: usize, behind: u32| {
                let whole = (to - from) as u32;
                (16 * whole + behind) - before
            };
            let area = extent(left, before, right, behind) * extent(top, above, bottom, below);
            pixels.push(low_byte((sum + 128) / area));
        }
    }
    Some(Plane { width, height, pixels })
}

/// `pixScaleAreaMap2`: the mean of four pixels, rounded down.
fn halve(plane: &Plane) -> Option<Plane> {
    let (width, height) = (plane.width / 2, plane.height / 2);
    if width == 0 || height == 0 {
        return None;
    }
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        let (upper, lower) = (plane.row(2 * y), plane.row(2 * y + 1));
        pixels.extend((0..width).map(|x| {
            let four = [upper[2 * x], upper[2 * x + 1], lower[2 * x], lower[2 * x + 1]];
            low_byte(four.map(u32::from).iter().sum::<u32>() >> 2)
        }));
    }
    Some(Plane { width, height, pixels })
}

/// `pixScaleSmooth`: the mean of a square of whole pixels, for lines that are very high. A picture that is smaller than
/// the square becomes its middle pixel.
pub(super) fn smooth(plane: &Plane, factor: f32) -> Plane {
    {
        let size = ((f64::from((1.0 / f64::from(factor)) as f32) + 0.5) as usize).clamp(2, 10_000);
        if plane.width < size || plane.height < size {
            let middle = plane.row(plane.height / 2)[plane.width / 2];
            return Plane { width: 1, height: 1, pixels: vec![middle] };
        }
        let (width, height) = scaled_size(plane, factor);
        let (width, height) = (width.max(1), height.max(1));
        let norm = (1.0 / f64::from((size * size) as f32)) as f32;
        let starts = |source: usize, destination: usize| -> Vec<usize> {
            let ratio = source as f32 / destination as f32;
            (0..destination).map(|index| ((ratio * index as f32) as usize).min(source - size)).collect()
        };
        let columns = starts(plane.width, width);
        let mut pixels = Vec::with_capacity(width * height);
        for top in starts(plane.height, height) {
            for &left in &columns {
                let square = (top..top + size).flat_map(|y| &plane.row(y)[left..left + size]);
                let sum: u32 = square.copied().map(u32::from).sum();
                pixels.push(low_byte((sum as f32 * norm) as u32));
            }
        }
        Plane { width, height, pixels }
    }
}

/// Stored as the library stores a byte.
fn low_byte(value: u32) -> u8 {
    (value & 255) as u8
}
