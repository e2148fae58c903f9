//! The picture of a flat card in 128 bits, to recognise the same picture after it was altered a little.
//!
//! A forger who was refused changes a digit, saves the file again, and tries once more. The low frequencies of the picture
//! hardly notice: the bits are signs of coefficients of the discrete cosine transform, as of Zauner, "Implementation and
//! benchmarking of perceptual image hash functions" (2010), but of two areas of their own and without the mean. The areas
//! are those in which cards of one kind differ, since everything else (header, labels, ground) is the same on all of them.
//! `docs/security.md` has what was measured. It must not know what was read.

use std::f32::consts::PI;

use filot_domain::{CardKind, PictureHash};
use image::{GrayImage, imageops};

use crate::image::resample::downscale_gray;

/// A place on a card: left, top, right, bottom, as shares of its width and height.
type Area = (f32, f32, f32, f32);

/// The values, and the portrait.
const KTP: [Area; 2] = [(0.24, 0.28, 0.71, 0.97), (0.71, 0.16, 0.98, 0.74)];
/// Number and name, and the address below.
const NPWP: [Area; 2] = [(0.04, 0.2, 0.7, 0.5), (0.04, 0.5, 0.7, 0.9)];

/// Side, in px, of the square that an area is made before its transform.
const SIDE: usize = 32;
/// Frequencies whose signs are bits, along each axis: 1 to 8 waves over two widths. Zero is the light.
const FREQUENCIES: std::ops::RangeInclusive<usize> = 1..=8;

/// The hash of a flat card of this kind. `None` without a kind, or for a card too small to look at.
pub fn picture_hash(card: &GrayImage, kind: CardKind) -> Option<PictureHash> {
    let [first, second] = match kind {
        CardKind::Ktp => KTP,
        CardKind::Npwp => NPWP,
        CardKind::Unknown => return None,
    };
    Some(PictureHash([area_hash(card, first)?, area_hash(card, second)?]))
}

/// One bit for each pair of frequencies, the lowest first in the highest bit.
fn area_hash(card: &GrayImage, area: Area) -> Option<u64> {
    let (left, top, right, bottom) = area;
    let at = |share: f32, size: u32| (share * size as f32).round() as u32;
    let (x, y) = (at(left, card.width()), at(top, card.height()));
    let (width, height) =
        (at(right, card.width()).saturating_sub(x), at(bottom, card.height()).saturating_sub(y));
    let side = SIDE as u32;
    if width < side || height < side {
        return None;
    }
    let cut = imageops::crop_imm(card, x, y, width, height).to_image();
    let small = downscale_gray(&cut, side, side);
    let rows: Vec<Vec<f32>> =
        small.rows().map(|row| transform(row.map(|pixel| f32::from(pixel.0[0])))).collect();
    let mut bits = 0;
    for across in 0..FREQUENCIES.count() {
        let column = rows.iter().map(|row| row.get(across).copied().unwrap_or_default());
        for value in transform(column) {
            bits = bits << 1 | u64::from(value > 0.0);
        }
    }
    Some(bits)
}

/// The wanted coefficients of a row's discrete cosine transform (DCT-II), not scaled: only signs count.
fn transform(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let values: Vec<f32> = values.collect();
    let wave =
        |frequency: usize, at: usize| (PI * (2 * at + 1) as f32 * frequency as f32 / (2 * SIDE) as f32).cos();
    FREQUENCIES
        .map(|frequency| values.iter().enumerate().map(|(at, value)| value * wave(frequency, at)).sum())
        .collect()
}

#[cfg(test)]
mod tests {
    use image::Luma;

    use super::*;

    /// A card with lines of words of pseudo-random lengths, and a head before a ground.
    fn card(seed: u32) -> GrayImage {
        let noise = |n: u32| (seed.wrapping_mul(2_654_435_761) ^ n.wrapping_mul(40_503)).rotate_left(7) % 101;
        GrayImage::from_fn(1200, 757, |x, y| {
            let row = y / 38;
            let ends = 400 + 4 * noise(row);
            let is_ink = (300..ends).contains(&x) && y % 38 < 18 && (x / 9 + row) % 3 != 0;
            let (dx, dy) = (x.abs_diff(1020 + noise(90) / 4), y.abs_diff(300 + noise(91) / 4));
            let is_head = dx * dx + 2 * dy * dy < 4000 + 90 * noise(92);
            let is_portrait = x > 880 && (150..560).contains(&y);
            Luma([match (is_ink, is_portrait && is_head, is_portrait) {
                (true, ..) => 40,
                (_, true, _) => (90 + noise(93)) as u8,
                (_, _, true) => (110 + noise(94)) as u8,
                _ => 190,
            }])
        })
    }

    fn hash(card: &GrayImage) -> PictureHash {
        picture_hash(card, CardKind::Ktp).unwrap()
    }

    #[test]
    fn an_altered_picture_keeps_its_hash_and_another_has_another() {
        let shown = card(1);
        // Darker, softer, and with other digits in two places.
        let mut altered = imageops::blur(&shown, 1.2);
        altered.pixels_mut().for_each(|pixel| pixel.0[0] = (f32::from(pixel.0[0]) * 0.8) as u8);
        for y in 230..248 {
            for x in (400..460).chain(520..550) {
                altered.put_pixel(x, y, Luma([if x / 7 % 2 == 0 { 40 } else { 150 }]));
            }
        }
        let kept = hash(&shown).distance(hash(&altered));
        assert!(kept <= PictureHash::SAME_WITHIN, "{kept}");
        for other in 2..40 {
            let away = hash(&shown).distance(hash(&card(other)));
            assert!(away > 2 * PictureHash::SAME_WITHIN, "{other}: {away}");
        }
    }

    #[test]
    fn without_a_card_there_is_no_hash() {
        assert_eq!(picture_hash(&card(1), CardKind::Unknown), None);
        assert_eq!(picture_hash(&GrayImage::new(60, 38), CardKind::Ktp), None);
    }
}
