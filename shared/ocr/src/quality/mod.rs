//! How good a picture of a card is, and what a new one should do better.
//!
//! Owns the measures and their thresholds. It must not know what was read: a measure looks at the flat card's light,
//! colour and edges alone.

use filot_domain::{Quality, ReasonCode};
use image::{GrayImage, RgbImage};

use crate::image::rectify::{CARD_ASPECT, CardOutline, RectifiedCard};
use crate::image::resample::{downscale_gray, downscale_rgb};

/// What the measures were fitted to: drawn cards that were degraded step by step (the tests of this file), so that a
/// complaint comes when reading suffers, not when a picture is merely plain; `cargo test -p filot-ocr quality` checks the
/// steps, `./dev accuracy --count N --seed S` the complaints on generated cards. Levels are grey levels, 0 to 255.
struct Params {
    /// Narrower cards, in px of the picture, have capitals of less than 8 px.
    least_width: f32,
    /// Cards this wide, in px of the picture, lack nothing.
    full_width: f32,
    /// Sharpness, 0 to 1, under which the print is called blurred.
    least_sharpness: f32,
    /// Slope over contrast, per px of the card, of print that nobody reads, and of print that is as sharp as it gets.
    slopes: (f32, f32),
    /// Contrast, in levels, from which on a square tells of sharpness.
    least_contrast: f32,
    /// Level of the card's ground under which a picture is called dark.
    least_ground: f32,
    /// Level of the ground that counts nothing, and how much more is as bright as it need be.
    exposure: (f32, f32),
    /// What is added to levels before they are compared, and the share of dim to bright that is even enough.
    evenness: (f32, f32),
    /// What very uneven light leaves of the exposure.
    least_evenness: f32,
    /// Share of the card under glare from which on it is a complaint.
    most_glare: f32,
    /// Glare is brighter than this multiple of the ground and what is added to it.
    glare_above: (f32, f32),
    /// A level that is bright enough for glare whatever the ground.
    white: f32,
    /// How far behind a value, in heights of its row, letters may be hidden, and from which share of glare there they may.
    behind_value: f32,
    hidden_from: f32,
    /// The darkest colour of glare is at least this share of its brightest.
    colourless: f32,
    /// From this level of the ground on nothing is brighter than it.
    white_ground: f32,
    /// What is white over more than this share of the card is its ground, not a reflection.
    most_reflection: f32,
    /// How far a corner may lie outside the picture, as a share of the card's width.
    most_overhang: f32,
    /// A side nearer to the picture's border, as a share of the longer side and px, runs along it.
    border: (f32, f32),
    /// By which share proportions then differ from a card's that is cut off.
    cut_proportions: f32,
    /// Spread of colour under which a card is taken for a copy in grey.
    least_colour: f32,
    /// Sum of a pixel's colours under which it has no reliable one.
    dark_colour: f32,
    /// What the quality of a picture keeps in which no card was found.
    no_card: f32,
}

const FITTED: Params = Params {
    least_width: 480.0,
    full_width: 1000.0,
    least_sharpness: 0.22,
    slopes: (0.085, 0.36),
    least_contrast: 6.0,
    least_ground: 48.0,
    exposure: (20.0, 90.0),
    evenness: (8.0, 0.35),
    least_evenness: 0.4,
    most_glare: 0.06,
    glare_above: (1.3, 20.0),
    white: 252.0,
    behind_value: 3.0,
    hidden_from: 0.4,
    colourless: 0.72,
    white_ground: 250.0,
    most_reflection: 0.5,
    most_overhang: 0.015,
    border: (0.004, 1.0),
    cut_proportions: 0.06,
    least_colour: 0.022,
    dark_colour: 45.0,
    no_card: 0.7,
};

/// What the measures say.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityReport {
    /// The measures.
    pub quality: Quality,
    /// The complaints, each once, in the order of the vocabulary.
    pub reasons: Vec<ReasonCode>,
}

/// Measures a picture. `found` is the outline that detection gave, if any; `card` what was rectified
/// from it or from the whole picture. `squeezed`: the picture's width and height were scaled apart, so that the outline's
/// proportions do not say whether the card is whole.
pub fn assess(
    image: &RgbImage,
    found: Option<&CardOutline>,
    squeezed: bool,
    card: &RectifiedCard,
) -> QualityReport {
    let width = found.map_or(image.width() as f32, CardOutline::width_px);
    let resolution = (width / FITTED.full_width).clamp(0.0, 1.0);
    let sharpness = sharpness(&card.luma);
    let light = Light::of(card);
    let exposure = light.exposure();
    let glare_free = 1.0 - light.glare_share();

    let complaints = [
        (found.is_none(), ReasonCode::CardNotFound),
        (sharpness < FITTED.least_sharpness, ReasonCode::Blurred),
        (light.ground < FITTED.least_ground, ReasonCode::TooDark),
        (light.glare_share() > FITTED.most_glare, ReasonCode::Glare),
        (width < FITTED.least_width, ReasonCode::LowResolution),
        (found.is_some_and(|outline| is_cut_off(image, outline, squeezed)), ReasonCode::CutOff),
        (colour_spread(&card.rgb) < FITTED.least_colour, ReasonCode::Grayscale),
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
    let whole = if found.is_some() { 1.0 } else { FITTED.no_card };
    let quality = Quality {
        card_found: found.is_some(),
        card_width_px: width.max(0.0).round() as u32,
        sharpness,
        exposure,
        glare_free,
        overall: (0.5 * least + 0.5 * mean) * whole,
        ..Quality::default()
    };
    QualityReport { quality, reasons }
}

/// Whether a reflection begins where one of these places ends, as areas in px of the card: letters may be hidden under it.
pub fn ends_in_glare(card: &RectifiedCard, places: &[[f32; 4]]) -> bool {
    let light = Light::of(card);
    let (w, h) = (card.luma.width() as f32, card.luma.height() as f32);
    places.iter().any(|[_, top, right, bottom]| {
        let behind = FITTED.behind_value * (bottom - top);
        light.glare_share_of([right / w, top / h, (right + behind) / w, bottom / h]) > FITTED.hidden_from
    })
}

/// The complaints that are left when everything was read without doubt: a reflection then lay beside the print, or was too
/// thin to hide it, and another photograph would be no better.
#[must_use]
pub fn without_glare(mut reasons: Vec<ReasonCode>) -> Vec<ReasonCode> {
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
        .filter(|(contrast, _)| *contrast > FITTED.least_contrast)
        .map(|(contrast, slope)| slope / contrast)
        .collect();
    ratios.sort_by(f32::total_cmp);
    let middle = ratios.get(ratios.len() / 2).copied().unwrap_or(0.0);
    let (worst, best) = FITTED.slopes;
    ((middle - worst) / (best - worst)).clamp(0.0, 1.0)
}

/// The card's light on a coarse grid, print averaged away.
struct Light {
    /// The usual level of the card.
    ground: f32,
    /// Levels that a tenth and nine tenths of the card stay under.
    dim: f32,
    bright: f32,
    /// For each cell whether a reflection covers it.
    glare: Vec<bool>,
}

/// Cells across and down of the grid on which light is measured.
const GRID: (u32, u32) = (100, 63);

impl Light {
    fn of(card: &RectifiedCard) -> Self {
        let cells = downscale_gray(&card.luma, GRID.0, GRID.1);
        let mut sorted = cells.as_raw().clone();
        sorted.sort_unstable();
        let level = |share: f32| {
            let i = (sorted.len() as f32 * share) as usize;
            f32::from(sorted.get(i.min(sorted.len().saturating_sub(1))).copied().unwrap_or(0))
        };
        let (dim, ground, bright) = (level(0.1), level(0.5), level(0.9));
        // Glare is far brighter than the ground and has lost its colour; a ground near white has nothing above it.
        let limit = (ground * FITTED.glare_above.0 + FITTED.glare_above.1).min(FITTED.white);
        let colours = downscale_rgb(&card.rgb, GRID.0, GRID.1);
        let is_glare = |luma: u8, rgb: [u8; 3]| {
            let (low, high) = (rgb.iter().min().copied(), rgb.iter().max().copied());
            let colourless = f32::from(low.unwrap_or(0)) > FITTED.colourless * f32::from(high.unwrap_or(255));
            f32::from(luma) > limit && colourless
        };
        let mut glare: Vec<bool> =
            cells.iter().zip(colours.pixels()).map(|(luma, rgb)| is_glare(*luma, rgb.0)).collect();
        let share = glare.iter().filter(|glare| **glare).count() as f32 / glare.len().max(1) as f32;
        if ground >= FITTED.white_ground || share > FITTED.most_reflection {
            glare.fill(false);
        }
        Self { ground, dim, bright, glare }
    }

    /// Share of the card that a reflection covers.
    fn glare_share(&self) -> f32 {
        self.glare.iter().filter(|glare| **glare).count() as f32 / self.glare.len().max(1) as f32
    }

    /// The same of an area of the card: left, top, right, bottom as shares of its width and height.
    fn glare_share_of(&self, [left, top, right, bottom]: [f32; 4]) -> f32 {
        let cells = |from: f32, to: f32, count: u32| {
            let at = |share: f32| (share.clamp(0.0, 1.0) * count as f32) as usize;
            at(from)..(at(to) + 1).min(count as usize)
        };
        let (columns, rows) = (cells(left, right, GRID.0), cells(top, bottom, GRID.1));
        let area = (columns.len() * rows.len()).max(1) as f32;
        let line =
            |y: usize| self.glare.get(y * GRID.0 as usize..(y + 1) * GRID.0 as usize).unwrap_or_default();
        let glaring = rows
            .flat_map(|y| line(y).get(columns.clone()).unwrap_or_default())
            .filter(|glare| **glare)
            .count();
        glaring as f32 / area
    }

    /// Level of the ground, held down where light is very uneven.
    fn exposure(&self) -> f32 {
        let (nothing, full) = FITTED.exposure;
        let (added, enough) = FITTED.evenness;
        let level = ((self.ground - nothing) / full).clamp(0.0, 1.0);
        let even = ((self.dim + added) / (self.bright + added) / enough).clamp(FITTED.least_evenness, 1.0);
        level * even
    }
}

/// How much colours differ over the card, apart from brightness: a cast tints all alike and counts nothing.
fn colour_spread(rgb: &RgbImage) -> f32 {
    let cells = downscale_rgb(rgb, 48, 30);
    let (mut red, mut blue): (Vec<f32>, Vec<f32>) = (Vec::new(), Vec::new());
    for pixel in cells.pixels() {
        let [r, g, b] = pixel.0.map(f32::from);
        if r + g + b > FITTED.dark_colour {
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
fn is_cut_off(image: &RgbImage, outline: &CardOutline, squeezed: bool) -> bool {
    if outline.overhang(image.width(), image.height()) > FITTED.most_overhang {
        return true;
    }
    let (w, h) = (image.width() as f32, image.height() as f32);
    let near = FITTED.border.0 * w.max(h) + FITTED.border.1;
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
    along_border && off > FITTED.cut_proportions && !squeezed
}

#[cfg(test)]
mod tests;
