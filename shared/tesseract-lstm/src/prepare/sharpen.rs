//! Unsharp masking as leptonica 1.82 does it (enhance.c, `pixUnsharpMaskingGray2D`).

use crate::image::Plane;

/// Adds `fraction` of what distinguishes a pixel from the mean of the square around it, which reaches `half_width`
/// pixels to each side. Pixels nearer to the edge stay.
pub(super) fn sharpen(plane: &Plane, half_width: usize, fraction: f32) -> Plane {
    let side = 2 * half_width + 1;
    let mut sharpened = plane.clone();
    if plane.width < side || plane.height < side {
        return sharpened;
    }
    // Sums along rows, then along columns: whole numbers, and exact as floats.
    let inner = plane.width - side + 1;
    let rows: Vec<Vec<u32>> = (0..plane.height)
        .map(|y| {
            plane.row(y).windows(side).map(|window| window.iter().copied().map(u32::from).sum()).collect()
        })
        .collect();
    let norm = if half_width == 1 { (1.0 / 9.0) as f32 } else { (1.0 / 25.0) as f32 };
    let mut sums = vec![0_u32; inner];
    for y in half_width..plane.height - half_width {
        sums.fill(0);
        for row in &rows[y - half_width..=y + half_width] {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        let source = &plane.row(y)[half_width..][..inner];
        let target = &mut sharpened.pixels[y * plane.width + half_width..][..inner];
        for ((target, source), sum) in target.iter_mut().zip(source).zip(&sums) {
            let value = f32::from(*source);
            let mean = norm * *sum as f32;
            let sharp = f64::from(value + fraction * (value - mean)) + 0.5;
            let byte = (sharp as i32).clamp(0, 255) as u8;
            *target = byte;
        }
    }
    sharpened
}
