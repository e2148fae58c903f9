//! What share of a picture's pixels is how bright. Knows nothing of print.

/// The value that this share of the pixels stays under. `histogram` counts pixels by value.
pub fn percentile(histogram: &[u32; 256], share: f32) -> f32 {
    let all: u32 = histogram.iter().sum();
    let mut left = (all as f32 * share) as u32;
    for (value, count) in (0_u8..=255).zip(histogram) {
        if *count > left {
            return f32::from(value);
        }
        left -= count;
    }
    255.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_the_pixels_stays_under_its_percentile() {
        let mut histogram = [0; 256];
        (histogram[10], histogram[200]) = (30, 70);
        assert_eq!((percentile(&histogram, 0.2), percentile(&histogram, 0.3)), (10.0, 200.0));
        assert_eq!(percentile(&[0; 256], 0.5), 255.0);
    }
}
