//! The brightest and the darkest value in a square around each pixel. Knows nothing of print.

/// Largest value within `radius` of each pixel, a row of `width` pixels after the other.
pub fn dilated(plane: &[u8], width: usize, height: usize, radius: usize) -> Vec<u8> {
    extreme(plane, width, height, radius, |a, b| if a > b { a } else { b })
}

/// Smallest value within `radius` of each pixel.
pub fn eroded(plane: &[u8], width: usize, height: usize, radius: usize) -> Vec<u8> {
    extreme(plane, width, height, radius, |a, b| if a < b { a } else { b })
}

fn extreme(plane: &[u8], width: usize, height: usize, radius: usize, pick: impl Fn(u8, u8) -> u8) -> Vec<u8> {
    let mut across = plane.to_vec();
    for (line, out) in plane.chunks_exact(width).zip(across.chunks_exact_mut(width)) {
        for k in 1..=radius.min(width - 1) {
            for (o, &v) in out.iter_mut().zip(line.iter().skip(k)) {
                *o = pick(*o, v);
            }
            for (o, &v) in out.iter_mut().skip(k).zip(line) {
                *o = pick(*o, v);
            }
        }
    }
    let mut out = across.clone();
    for k in 1..=radius.min(height - 1) {
        for (o, &v) in out.iter_mut().zip(across.iter().skip(k * width)) {
            *o = pick(*o, v);
        }
        for (o, &v) in out.iter_mut().skip(k * width).zip(&across) {
            *o = pick(*o, v);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_takes_thin_dark_strokes_and_keeps_wide_ones() {
        let line = |x: usize| if x == 9 || x > 14 { 10 } else { 90 };
        let plane: Vec<u8> = (0..20 * 3).map(|i| line(i % 20)).collect();
        let closed = eroded(&dilated(&plane, 20, 3, 1), 20, 3, 1);
        assert_eq!((closed[9], closed[18]), (90, 10));
    }
}
