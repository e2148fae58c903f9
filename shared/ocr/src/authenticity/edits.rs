//! The sign of an edited field: a value whose ground has less noise than that of every other, or whose edges are steeper or
//! softer than those of every other.
//!
//! Owns the comparison of values with each other. It must not know what they say.

use image::GrayImage;

use crate::image::histogram::percentile;

/// Where a value stands on the flat card.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FieldBox {
    /// Left, top, right, bottom in px.
    pub area: [f32; 4],
    /// Whether it is printed as most values are; a header and a NIK are larger, and their edges others.
    pub is_plain: bool,
}

/// Fitted on `./dev accuracy --forgeries` (seed 11): each threshold lies between honest pictures and edited ones there.
struct Params {
    /// Px around a value that belong to its ground.
    margin: f32,
    /// Smaller boxes, in px, show too little: width and height.
    least_size: (u32, u32),
    /// Values begin before the first column and end before the second, in px; beyond are pieces of ground print, the
    /// portrait and the signature.
    columns: (f32, f32),
    /// Share of the usual contrast that print has; what has less is ground print. By as much more, it lies under glare.
    contrast_share: f32,
    /// Shares of a box's pixels below its print and below its ground.
    levels: (f32, f32),
    /// Fewer grey levels from print to ground are too few.
    least_contrast: f32,
    /// Ground is at least this far from print in px, and darker than the ground's level by no more than this share of the
    /// contrast.
    ground: (usize, f32),
    /// Fewer pixels of ground are too few.
    least_ground: usize,
    /// Fewer values cannot be compared.
    least_fields: usize,
    /// Least usual noise, in grey levels: less may have been lost to compression here and kept there.
    least_noise: f32,
    /// Share of the usual noise, and of the next lower, that an honest value keeps.
    calm: (f32, f32),
    /// Width of the squares that edges are looked for in, in px, and the share of the contrast an edge must have.
    square: (usize, f32),
    /// How many times steeper than the next, and how many times the next softer, an honest value may be.
    steeper: f32,
    softer: f32,
}

const FITTED: Params = Params {
    margin: 4.0,
    least_size: (80, 10),
    columns: (480.0, 900.0),
    contrast_share: 0.6,
    levels: (0.04, 0.7),
    least_contrast: 25.0,
    ground: (3, 0.3),
    least_ground: 60,
    least_fields: 5,
    least_noise: 1.0,
    calm: (0.5, 0.5),
    square: (12, 0.5),
    steeper: 1.28,
    softer: 0.78,
};

/// What is compared.
struct Look {
    /// Mean noise of the ground in grey levels.
    noise: Option<f32>,
    /// Steepness of the print's edges: slope per px over contrast.
    slope: Option<f32>,
    /// Grey levels from print to ground.
    contrast: f32,
}

/// How free of signs of an edit the values are, 0 to 1; below 0.5 one is suspected.
pub fn edit_free(luma: &GrayImage, fields: &[FieldBox]) -> f32 {
    let begins = |field: &&FieldBox| field.area[0] < FITTED.columns.0 && field.area[2] < FITTED.columns.1;
    let mut looks: Vec<(bool, Look)> =
        fields.iter().filter(begins).filter_map(|field| Some((field.is_plain, look(luma, field)?))).collect();
    let contrasts = sorted(looks.iter().map(|(_, look)| look.contrast));
    let usual = contrasts.get(contrasts.len() / 2).copied().unwrap_or(0.0);
    let share = FITTED.contrast_share;
    looks.retain(|(_, look)| (share * usual..=usual / share).contains(&look.contrast));
    let noises = sorted(looks.iter().filter_map(|(_, look)| look.noise));
    let slopes = sorted(looks.iter().filter(|(is_plain, _)| *is_plain).filter_map(|(_, look)| look.slope));
    calmness(&noises).min(evenness(&slopes))
}

fn sorted(values: impl Iterator<Item = f32>) -> Vec<f32> {
    let mut values: Vec<f32> = values.collect();
    values.sort_by(f32::total_cmp);
    values
}

/// 1 where the calmest value has the noise of the others, a half where it has as little as is suspected.
fn calmness(noises: &[f32]) -> f32 {
    let [calmest, next, ..] = noises else { return 1.0 };
    let usual = noises.get(noises.len().div_ceil(2)).copied().unwrap_or(0.0);
    if noises.len() < FITTED.least_fields || usual < FITTED.least_noise {
        return 1.0;
    }
    // Less than the usual and less than the next.
    let to_usual = calmest / usual / FITTED.calm.0;
    let to_next = calmest / next.max(f32::EPSILON) / FITTED.calm.1;
    (0.5 * to_usual.max(to_next)).clamp(0.0, 1.0)
}

/// 1 where all edges are as steep, a half where one value stands out as far as is suspected.
fn evenness(slopes: &[f32]) -> f32 {
    if slopes.len() < FITTED.least_fields {
        return 1.0;
    }
    let ([softest, soft, ..], [.., steep, steepest]) = (slopes, slopes) else { return 1.0 };
    let steeper = (steepest / steep.max(f32::EPSILON) - 1.0) / (FITTED.steeper - 1.0);
    let softer = (1.0 - softest / soft.max(f32::EPSILON)) / (1.0 - FITTED.softer);
    (1.0 - 0.5 * steeper.max(softer)).clamp(0.0, 1.0)
}

/// Noise and edges of one value; `None` where there is too little of it.
fn look(luma: &GrayImage, field: &FieldBox) -> Option<Look> {
    let [left, top, right, bottom] = field.area;
    let margin = FITTED.margin;
    let (left, top) = ((left - margin).max(1.0) as u32, (top - margin).max(1.0) as u32);
    let right = ((right + margin).max(0.0) as u32).min(luma.width().saturating_sub(1));
    let bottom = ((bottom + margin).max(0.0) as u32).min(luma.height().saturating_sub(1));
    let (width, height) = (right.saturating_sub(left), bottom.saturating_sub(top));
    if width < FITTED.least_size.0 || height < FITTED.least_size.1 {
        return None;
    }
    let stride = luma.width() as usize;
    let (width, height) = (width as usize, height as usize);
    // A line of the box, one pixel wider to either side.
    let line = |y: usize| {
        let begin = (top as usize + y) * stride + left as usize;
        luma.as_raw().get(begin.saturating_sub(1)..=begin + width).unwrap_or_default()
    };
    let inner = |y: usize| line(y).get(1..=width).unwrap_or_default();
    let mut histogram = [0_u32; 256];
    for v in (0..height).flat_map(inner) {
        if let Some(count) = histogram.get_mut(usize::from(*v)) {
            *count += 1;
        }
    }
    let (print, ground) = (percentile(&histogram, FITTED.levels.0), percentile(&histogram, FITTED.levels.1));
    let contrast = ground - print;
    if contrast < FITTED.least_contrast {
        return None;
    }
    let limit = ground - FITTED.ground.1 * contrast;
    let free = far_from_print(&(0..height).map(inner).collect::<Vec<_>>(), limit);
    let (mut sum, mut count) = (0.0_f32, 0_usize);
    for (y, free) in free.iter().enumerate() {
        // Rows above and below the box lie in the picture: the box keeps a pixel from its border.
        let above = (top as usize + y - 1) * stride + left as usize - 1;
        let (Some(a), Some(c)) = (
            luma.as_raw().get(above..above + width + 2),
            luma.as_raw().get(above + 2 * stride..above + 2 * stride + width + 2),
        ) else {
            continue;
        };
        let three = a.windows(3).zip(line(y).windows(3)).zip(c.windows(3));
        for (((a, b), c), is_free) in three.zip(free) {
            if *is_free {
                let [a, b, c] = [a, b, c].map(|w| [0, 1, 2].map(|i| w.get(i).map_or(0.0, |v| f32::from(*v))));
                // Immerkær 1996: the difference of two Laplacians, which lines and ramps do not touch.
                let mask = a[0] + a[2] + c[0] + c[2] - 2.0 * (a[1] + b[0] + b[2] + c[1]) + 4.0 * b[1];
                sum += mask.abs();
                count += 1;
            }
        }
    }
    let noise = (count >= FITTED.least_ground)
        .then(|| (std::f32::consts::FRAC_PI_2).sqrt() / 6.0 * sum / count as f32);
    Some(Look { noise, contrast, slope: slope(&(0..height).map(inner).collect::<Vec<_>>(), contrast) })
}

/// For each pixel of a box, whether nothing as dark as print is near.
fn far_from_print(lines: &[&[u8]], limit: f32) -> Vec<Vec<bool>> {
    let reach = FITTED.ground.0;
    let across: Vec<Vec<bool>> = lines
        .iter()
        .map(|line| {
            (0..line.len())
                .map(|x| {
                    let near = line.get(x.saturating_sub(reach)..(x + reach + 1).min(line.len()));
                    near.unwrap_or_default().iter().all(|v| f32::from(*v) > limit)
                })
                .collect()
        })
        .collect();
    (0..lines.len())
        .map(|y| {
            let near =
                across.get(y.saturating_sub(reach)..(y + reach + 1).min(lines.len())).unwrap_or_default();
            let width = near.first().map_or(0, Vec::len);
            (0..width).map(|x| near.iter().all(|line| line.get(x).copied().unwrap_or(false))).collect()
        })
        .collect()
}

/// The middle of the steepest slopes in squares along the value, over the contrast in each.
fn slope(lines: &[&[u8]], contrast: f32) -> Option<f32> {
    let (side, share) = FITTED.square;
    let width = lines.first().map_or(0, |line| line.len());
    let mut slopes = Vec::new();
    for left in (0..width.saturating_sub(side)).step_by(side / 2) {
        let (mut low, mut high, mut steepest) = (255_u8, 0_u8, 0_u8);
        for line in lines {
            let part = line.get(left..left + side).unwrap_or_default();
            low = part.iter().fold(low, |least, v| least.min(*v));
            high = part.iter().fold(high, |most, v| most.max(*v));
            let steps = part.iter().zip(part.iter().skip(2)).map(|(a, b)| a.abs_diff(*b));
            steepest = steps.fold(steepest, u8::max);
        }
        let here = f32::from(high.saturating_sub(low));
        if here > share * contrast {
            slopes.push(f32::from(steepest) / 2.0 / here);
        }
    }
    let slopes = sorted(slopes.into_iter());
    slopes.get(slopes.len() / 2).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticity::synthetic::{Random, flat};
    use crate::image::resample::box_blur;

    /// Twelve rows of print.
    fn rows() -> Vec<FieldBox> {
        (0..12)
            .map(|row| FieldBox {
                area: [320.0, 200.0 + 40.0 * row as f32, 700.0, 224.0 + 40.0 * row as f32],
                is_plain: true,
            })
            .collect()
    }

    /// A soft scan with this much noise in the fifth row, and 2 grey levels elsewhere.
    fn scan(noise: f32) -> GrayImage {
        let mut random = Random::new(11);
        let soft = box_blur(&flat(|_, _| 0.0), 1);
        GrayImage::from_fn(soft.width(), soft.height(), |x, y| {
            let here = if (356..392).contains(&y) { noise } else { 2.0 };
            image::Luma([(f32::from(soft.get_pixel(x, y).0[0]) + here * random.normal() + 0.5) as u8])
        })
    }

    #[test]
    fn even_noise_is_no_edit() {
        assert!(edit_free(&scan(2.0), &rows()) > 0.8);
    }

    #[test]
    fn a_calm_patch_is_an_edit() {
        assert!(edit_free(&scan(0.3), &rows()) < 0.5);
    }

    #[test]
    fn steep_print_among_soft_print_is_an_edit() {
        let (mut scan, sharp) = (scan(2.0), flat(|_, _| 0.0));
        for y in 356..392 {
            for x in 300..720 {
                scan.put_pixel(x, y, *sharp.get_pixel(x, y));
            }
        }
        assert!(edit_free(&scan, &rows()) < 0.5);
    }

    #[test]
    fn a_picture_without_noise_says_nothing() {
        assert!(edit_free(&box_blur(&flat(|_, _| 0.0), 1), &rows()) > 0.99);
    }

    #[test]
    fn ground_print_is_not_compared_with_values() {
        // Faint, soft waves, as a reader may take for a value.
        let mut waves = scan(2.0);
        for y in 160..190 {
            for x in 320..700 {
                let level = 166.0 + 15.0 * (x as f32 / 4.0).sin();
                waves.put_pixel(x, y, image::Luma([level as u8]));
            }
        }
        let faint = FieldBox { area: [330.0, 164.0, 690.0, 186.0], is_plain: true };
        let fields: Vec<FieldBox> = rows().into_iter().chain([faint]).collect();
        assert!(edit_free(&waves, &fields) > 0.8);
    }

    #[test]
    fn few_or_outlying_values_say_nothing() {
        assert!(edit_free(&scan(0.3), &rows()[..4]) > 0.99);
        let outside = FieldBox { area: [-50.0, -20.0, 890.0, 900.0], is_plain: true };
        let flat = FieldBox { area: [90.0, 90.0, 90.0, 90.0], is_plain: true };
        assert!(edit_free(&scan(2.0), &[outside, flat]) > 0.99);
    }
}
