//! How good a picture of a card is, and what a new one should do better.
//!
//! Owns the measures and their thresholds. It must not know what was read: a measure looks at the flat card's light,
//! colour and edges alone. Thresholds are set on drawn cards that were degraded step by step (see the tests) so that a
//! complaint comes when reading suffers, not when a picture is merely plain.

use filot_domain::{Quality, ReasonCode};
use image::{GrayImage, RgbImage};

use crate::image::rectify::{CARD_ASPECT, CardOutline, RectifiedCard};
use crate::image::resample::{downscale_gray, downscale_rgb};

/// Narrower cards, in pixels of the picture, have capitals of less than 8 pixels.
pub const MIN_CARD_WIDTH_PX: f32 = 480.0;
/// Cards this wide lack nothing.
pub const FULL_CARD_WIDTH_PX: f32 = 1000.0;
/// Sharpness under which the print is called blurred.
pub const MIN_SHARPNESS: f32 = 0.22;
/// Level of the card's ground under which a picture is called dark, 0 to 255.
pub const MIN_GROUND_LEVEL: f32 = 48.0;
/// Share of the card under glare from which on it is a complaint.
pub const MAX_GLARE_SHARE: f32 = 0.06;
/// How far a corner may lie outside the picture, as a share of the card's width.
pub const MAX_OVERHANG: f32 = 0.015;
/// Spread of colour under which a card is taken for a copy in grey.
pub const MIN_COLOUR_SPREAD: f32 = 0.022;

/// What the measures say.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityReport {
    /// The measures.
    pub quality: Quality,
    /// The complaints, each once, in the order of the vocabulary.
    pub reasons: Vec<ReasonCode>,
}

/// Measures a picture. `found` is the outline that detection gave, if any; `card` what was rectified
/// from it or from the whole picture.
pub fn assess(image: &RgbImage, found: Option<&CardOutline>, card: &RectifiedCard) -> QualityReport {
    let width = found.map_or(image.width() as f32, CardOutline::width_px);
    let resolution = (width / FULL_CARD_WIDTH_PX).clamp(0.0, 1.0);
    let sharpness = sharpness(&card.luma);
    let light = Light::of(card);
    let exposure = light.exposure();
    let glare_free = 1.0 - light.glare_share;

    let complaints = [
        (found.is_none(), ReasonCode::CardNotFound),
        (sharpness < MIN_SHARPNESS, ReasonCode::Blurred),
        (light.ground < MIN_GROUND_LEVEL, ReasonCode::TooDark),
        (light.glare_share > MAX_GLARE_SHARE, ReasonCode::Glare),
        (width < MIN_CARD_WIDTH_PX, ReasonCode::LowResolution),
        (found.is_some_and(|outline| is_cut_off(image, outline)), ReasonCode::CutOff),
        (colour_spread(&card.rgb) < MIN_COLOUR_SPREAD, ReasonCode::Grayscale),
    ];
    let mut reasons: Vec<ReasonCode> =
        complaints.into_iter().filter(|(when, _)| *when).map(|(_, reason)| reason).collect();
    // Without a card, better light does not help; all else a new photograph can mend, a copy by taking the original.
    if found.is_some() && !reasons.is_empty() {
        reasons.push(ReasonCode::Retake);
    }

    let parts = [sharpness, exposure, glare_free, resolution];
    let least = parts.iter().fold(1.0_f32, |m, &p| m.min(p));
    let mean = parts.iter().sum::<f32>() / parts.len() as f32;
    let whole = if found.is_some() { 1.0 } else { 0.7 };
    let quality = Quality {
        card_found: found.is_some(),
        card_width_px: width.max(0.0).round() as u32,
        sharpness,
        exposure,
        glare_free,
        overall: (0.5 * least + 0.5 * mean) * whole,
    };
    QualityReport { quality, reasons }
}

/// The complaints that are left when everything was read and is sure: a reflection then lay beside the print, or was too
/// thin to hide it, and another photograph would be no better.
#[must_use]
pub fn of_legible(mut reasons: Vec<ReasonCode>) -> Vec<ReasonCode> {
    reasons.retain(|reason| *reason != ReasonCode::Glare);
    if reasons == [ReasonCode::Retake] {
        reasons.clear();
    }
    reasons
}

/// How steep the print's edges are, 0 to 1, on the flat card.
///
/// A step that is blurred by σ pixels rises by 1 / (σ √2π) of its height per pixel at most. So the steepest slope in a
/// small square over the contrast in it says how blurred the step is, whatever its height; noise is kept out by
/// looking only where contrast is high.
fn sharpness(luma: &GrayImage) -> f32 {
    const SQUARE: u32 = 12;
    /// Slope over contrast of print that is as sharp as it gets, and of print that nobody reads.
    const BEST: f32 = 0.36;
    const WORST: f32 = 0.085;
    let (width, height) = luma.dimensions();
    let line = |y: u32| {
        let begin = y as usize * width as usize;
        luma.as_raw().get(begin..begin + width as usize).unwrap_or_default()
    };
    let mut squares: Vec<(f32, f32)> = Vec::new();
    for top in (SQUARE..height.saturating_sub(2 * SQUARE)).step_by(SQUARE as usize) {
        for left in (SQUARE..width.saturating_sub(2 * SQUARE)).step_by(SQUARE as usize) {
            let (mut low, mut high, mut slope) = (4 * 255_i16, 0_i16, 0_i16);
            for y in top..top + SQUARE {
                let near = |y: u32| line(y).get(left as usize - 1..(left + SQUARE) as usize + 1);
                let (Some(a), Some(b), Some(c)) = (near(y - 1), near(y), near(y + 1)) else { continue };
                for ((a, b), c) in a.windows(3).zip(b.windows(3)).zip(c.windows(3)) {
                    let [a, b, c] = [a, b, c].map(|three| [0, 1, 2].map(|i| i16::from(three[i])));
                    // Three pixels across the slope are averaged against noise.
                    let across = a[2] + b[2] + c[2] - a[0] - b[0] - c[0];
                    let down = c[0] + c[1] + c[2] - a[0] - a[1] - a[2];
                    slope = slope.max(across.abs().max(down.abs()));
                    let mean = b[0] + b[1] * 2 + b[2];
                    (low, high) = (low.min(mean), high.max(mean));
                }
            }
            squares.push((f32::from(high - low) / 4.0, f32::from(slope) / 6.0));
        }
    }
    squares.sort_by(|a, b| b.0.total_cmp(&a.0));
    squares.truncate((squares.len() / 10).max(1));
    let mut ratios: Vec<f32> = squares
        .iter()
        .filter(|(contrast, _)| *contrast > 6.0)
        .map(|(contrast, slope)| slope / contrast)
        .collect();
    ratios.sort_by(f32::total_cmp);
    let middle = ratios.get(ratios.len() / 2).copied().unwrap_or(0.0);
    ((middle - WORST) / (BEST - WORST)).clamp(0.0, 1.0)
}

/// The card's light on a coarse grid, print averaged away.
struct Light {
    /// The usual level of the card.
    ground: f32,
    /// Levels that a tenth and nine tenths of the card stay under.
    dim: f32,
    bright: f32,
    /// Share of the card that a reflection covers.
    glare_share: f32,
}

impl Light {
    fn of(card: &RectifiedCard) -> Self {
        let cells = downscale_gray(&card.luma, 100, 63);
        let mut sorted = cells.as_raw().clone();
        sorted.sort_unstable();
        let level = |share: f32| {
            let i = (sorted.len() as f32 * share) as usize;
            f32::from(sorted.get(i.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0))
        };
        let (dim, ground, bright) = (level(0.1), level(0.5), level(0.9));
        // Glare is far brighter than the ground and has lost its colour; a ground near white has nothing above it.
        let limit = (ground * 1.3 + 20.0).min(252.0);
        let colours = downscale_rgb(&card.rgb, 100, 63);
        let glaring = cells
            .iter()
            .zip(colours.pixels())
            .filter(|(luma, rgb)| {
                let (low, high) = (rgb.0.iter().min().copied(), rgb.0.iter().max().copied());
                let colourless = f32::from(low.unwrap_or(0)) > 0.72 * f32::from(high.unwrap_or(255));
                f32::from(**luma) > limit && colourless
            })
            .count();
        let share = glaring as f32 / cells.len().max(1) as f32;
        // What is white over half of the card is its ground, not a reflection.
        let glare_share = if ground >= 250.0 || share > 0.5 { 0.0 } else { share };
        Self { ground, dim, bright, glare_share }
    }

    /// Level of the ground, held down where light is very uneven.
    fn exposure(&self) -> f32 {
        let level = ((self.ground - 20.0) / 90.0).clamp(0.0, 1.0);
        let even = ((self.dim + 8.0) / (self.bright + 8.0) / 0.35).clamp(0.4, 1.0);
        level * even
    }
}

/// How much colours differ over the card, apart from brightness: a cast tints all alike and counts nothing.
fn colour_spread(rgb: &RgbImage) -> f32 {
    let cells = downscale_rgb(rgb, 48, 30);
    let (mut red, mut blue): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
    for pixel in cells.pixels() {
        let [r, g, b] = pixel.0.map(f32::from);
        // Dark cells have no reliable colour.
        if r + g + b > 45.0 {
            red.push(r / (r + g + b));
            blue.push(b / (r + g + b));
        }
    }
    let spread = |mut v: Vec<f32>| {
        v.sort_by(f32::total_cmp);
        let at = |share: f32| v.get((v.len() as f32 * share) as usize).copied().unwrap_or(0.0);
        at(0.97) - at(0.03)
    };
    spread(red) + spread(blue)
}

/// Whether part of the card is outside the picture: a corner lies outside, or a side runs along the picture's border
/// and the card's proportions are not whole.
fn is_cut_off(image: &RgbImage, outline: &CardOutline) -> bool {
    if outline.overhang(image.width(), image.height()) > MAX_OVERHANG {
        return true;
    }
    let (w, h) = (image.width() as f32, image.height() as f32);
    let near = 0.004 * w.max(h) + 1.0;
    let [a, b, c, d] = outline.corners;
    let along_border = [(a, b), (b, c), (c, d), (d, a)].iter().any(|(p, q)| {
        let both = |f: &dyn Fn(f32, f32) -> bool| f(p.0, p.1) && f(q.0, q.1);
        both(&|x, _| x < near)
            || both(&|_, y| y < near)
            || both(&|x, _| x > w - near)
            || both(&|_, y| y > h - near)
    });
    let [top, right, bottom, left] = outline.sides();
    let off = ((top + bottom) / (right + left).max(1.0) / CARD_ASPECT - 1.0).abs();
    along_border && off > 0.06
}

#[cfg(test)]
mod tests;
