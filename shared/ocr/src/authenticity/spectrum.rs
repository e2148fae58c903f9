//! Power spectra of squares of a picture.
//!
//! Owns the Fourier transform. It must not know what a peak means.

use image::GrayImage;

/// Side of a square in px; a power of two.
pub const SIDE: usize = 128;

/// A complex number.
type Complex = (f32, f32);

/// The logarithm of the power at every frequency, averaged over squares: what all squares have stands out, what changes
/// from one to the next does not. Row by row, the frequency (0, 0) first, then rising, then the negative ones.
pub struct Spectrum(Vec<f32>);

impl Spectrum {
    /// Of the squares with these left tops; `most` is how far, in grey levels, a pixel counts as off the middle of its
    /// square: print would drown everything else.
    pub fn of(picture: &GrayImage, places: &[(u32, u32)], most: f32) -> Self {
        let window: Vec<f32> =
            (0..SIDE).map(|i| 0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / SIDE as f32).cos()).collect();
        let turns: Vec<Complex> = (0..SIDE / 2)
            .map(|i| (-std::f32::consts::TAU * i as f32 / SIDE as f32).sin_cos())
            .map(|(sin, cos)| (cos, sin))
            .collect();
        let mut sums = vec![0.0_f32; SIDE * SIDE];
        // Two squares at once: one as the real part, the other as the imaginary part.
        for pair in places.chunks(2) {
            let mut grid = vec![(0.0, 0.0); SIDE * SIDE];
            for (i, place) in pair.iter().enumerate() {
                for (cell, value) in grid.iter_mut().zip(square(picture, *place, most, &window)) {
                    if i == 0 { cell.0 = value } else { cell.1 = value }
                }
            }
            transform_rows(&mut grid, &turns);
            transpose(&mut grid);
            transform_rows(&mut grid, &turns);
            transpose(&mut grid);
            add_powers(&grid, pair.len(), &mut sums);
        }
        let count = places.len().max(1) as f32;
        sums.iter_mut().for_each(|sum| *sum /= count);
        Self(sums)
    }

    /// By how much the power at each frequency exceeds that of the frequencies around it, as a logarithm: frequencies in
    /// cycles per [`SIDE`] px, those with a positive or no vertical part.
    pub fn prominences(&self) -> impl Iterator<Item = (i32, i32, f32)> + '_ {
        let (wide, near) = (self.box_sums(7), self.box_sums(2));
        let others = (15 * 15 - 5 * 5) as f32;
        let half = SIDE as i32 / 2;
        (0..SIDE * SIDE / 2).filter_map(move |at| {
            let (x, y) = ((at % SIDE) as i32, (at / SIDE) as i32);
            let x = if x >= half { x - SIDE as i32 } else { x };
            let around = (wide.get(at)? - near.get(at)?) / others;
            Some((x, y, self.0.get(at)? - around))
        })
    }

    /// Sums over the squares of side 2 `reach` + 1 around each frequency; frequencies are a ring.
    fn box_sums(&self, reach: usize) -> Vec<f32> {
        let along = |values: &[f32]| {
            let mut out = Vec::with_capacity(values.len());
            for line in values.chunks_exact(SIDE) {
                let ring = |i: usize| line.get(i % SIDE).copied().unwrap_or(0.0);
                let mut sum: f32 = (0..=2 * reach).map(|i| ring(i + SIDE - reach)).sum();
                for i in 0..SIDE {
                    out.push(sum);
                    sum += ring(i + reach + 1) - ring(i + SIDE - reach);
                }
            }
            out
        };
        let mut sums = along(&self.0);
        transpose(&mut sums);
        sums = along(&sums);
        transpose(&mut sums);
        sums
    }
}

/// A square about zero, faded out towards its sides.
fn square<'a>(
    picture: &'a GrayImage,
    (left, top): (u32, u32),
    most: f32,
    window: &'a [f32],
) -> impl Iterator<Item = f32> + 'a {
    let width = picture.width() as usize;
    let line = move |y: usize| {
        let begin = (top as usize + y) * width + left as usize;
        picture.as_raw().get(begin..begin + SIDE).unwrap_or_default()
    };
    let mut histogram = [0_usize; 256];
    (0..SIDE).flat_map(line).for_each(|v| {
        if let Some(count) = histogram.get_mut(usize::from(*v)) {
            *count += 1;
        }
    });
    let mut below = 0;
    let middle = histogram.iter().take_while(|count| {
        below += **count;
        below < SIDE * SIDE / 2
    });
    let middle = middle.count() as f32;
    let limited = move |v: u8| (f32::from(v) - middle).clamp(-most, most);
    let mean = (0..SIDE).flat_map(line).map(|v| limited(*v)).sum::<f32>() / (SIDE * SIDE) as f32;
    (0..SIDE).flat_map(move |y| {
        let fade = window.get(y).copied().unwrap_or(0.0);
        line(y).iter().zip(window).map(move |(v, across)| (limited(*v) - mean) * across * fade)
    })
}

/// Adds the logarithms of the powers of the one or two squares in a transformed grid.
fn add_powers(grid: &[Complex], squares: usize, sums: &mut [f32]) {
    /// About the power of noise of a twentieth of a grey level: keeps the logarithm of nothing finite.
    const LEAST: f32 = 50.0;
    for (at, (sum, z)) in sums.iter_mut().zip(grid).enumerate() {
        let (x, y) = (at % SIDE, at / SIDE);
        let mirrored = (SIDE - y) % SIDE * SIDE + (SIDE - x) % SIDE;
        let w = grid.get(mirrored).copied().unwrap_or((0.0, 0.0));
        // The real square's transform is the even part, the imaginary one's the odd part.
        let real = ((z.0 + w.0) / 2.0, (z.1 - w.1) / 2.0);
        let imaginary = ((z.1 + w.1) / 2.0, (w.0 - z.0) / 2.0);
        let power = |c: Complex| (c.0 * c.0 + c.1 * c.1 + LEAST).ln();
        *sum += power(real);
        if squares == 2 {
            *sum += power(imaginary);
        }
    }
}

/// Transforms each row in place (Cooley and Tukey 1965, radix two).
fn transform_rows(grid: &mut [Complex], turns: &[Complex]) {
    for row in grid.chunks_exact_mut(SIDE) {
        let bits = SIDE.trailing_zeros();
        for i in 0..SIDE {
            let j = i.reverse_bits() >> (usize::BITS - bits);
            if i < j {
                row.swap(i, j);
            }
        }
        let mut half = 1;
        while half < SIDE {
            let step = SIDE / (2 * half);
            for block in row.chunks_exact_mut(2 * half) {
                let (low, high) = block.split_at_mut(half);
                for ((a, b), turn) in low.iter_mut().zip(high).zip(turns.iter().step_by(step)) {
                    let c = (b.0 * turn.0 - b.1 * turn.1, b.0 * turn.1 + b.1 * turn.0);
                    *b = (a.0 - c.0, a.1 - c.1);
                    *a = (a.0 + c.0, a.1 + c.1);
                }
            }
            half *= 2;
        }
    }
}

fn transpose<T>(grid: &mut [T]) {
    for y in 0..SIDE {
        for x in y + 1..SIDE {
            grid.swap(y * SIDE + x, x * SIDE + y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_stands_out_at_its_frequency() {
        let wave = GrayImage::from_fn(400, 300, |x, y| {
            let phase = std::f32::consts::TAU * (20.0 * x as f32 + 9.0 * y as f32) / SIDE as f32;
            image::Luma([(128.0 + 8.0 * phase.cos()) as u8])
        });
        let spectrum = Spectrum::of(&wave, &[(0, 0), (200, 100), (90, 7)], 24.0);
        let best = spectrum.prominences().max_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
        assert_eq!((best.0, best.1), (20, 9));
        assert!(best.2 > 5.0, "{best:?}");
    }

    #[test]
    fn both_squares_of_a_pair_are_seen() {
        // Only the second square of the pair has the wave.
        let wave = GrayImage::from_fn(400, 300, |x, _| {
            let phase = std::f32::consts::TAU * 32.0 * x as f32 / SIDE as f32;
            image::Luma([if x < 200 { 100 } else { (128.0 + 90.0 * phase.cos()) as u8 }])
        });
        let spectrum = Spectrum::of(&wave, &[(0, 0), (220, 0)], 100.0);
        let best = spectrum.prominences().max_by(|a, b| a.2.total_cmp(&b.2)).unwrap();
        assert_eq!((best.0.abs(), best.1), (32, 0));
    }
}
