//! The signs of a screen and of a printed copy: a strict grid, finer than the print of a card, all over the card.
//!
//! Owns the measure and what tells the two apart. It must not know how spectra are made.

use image::GrayImage;

use crate::authenticity::spectrum::{SIDE, Spectrum};
use crate::image::rectify::{CARD_HEIGHT, CARD_WIDTH, CardOutline};

/// Fitted on `./dev accuracy --forgeries` (seed 11): each threshold lies between honest pictures and forgeries there. Cycles
/// are counted over the card's width.
struct Params {
    /// Where squares stand on the flat card, left and top in px: on its print, beside its portrait.
    columns: [u32; 3],
    rows: [u32; 4],
    /// How far, in grey levels, a pixel counts as off the ground.
    most: f32,
    /// The coarsest and the finest grid. The lines of guilloches are coarser, what is finer is lost in flattening the card.
    cycles: (f32, f32),
    /// From this fineness on, a coarser pattern can explain a finer one as its overtone.
    coarsest: f32,
    /// Half the width, in cycles, of what a block of JPEG may show in.
    block_width: f32,
    /// How many degrees off the card's sides a screen's rows and columns may be. Printers turn their screens by 15 degrees or
    /// more, except for yellow, which is hardly seen.
    upright: f32,
    /// Prominence, as a logarithm of power, beyond which there is a screen, and beyond which there are printed dots.
    screen: f32,
    dots: f32,
}

const FITTED: Params = Params {
    columns: [60, 330, 560],
    rows: [130, 300, 470, 610],
    most: 24.0,
    cycles: (270.0, 500.0),
    coarsest: 60.0,
    block_width: 1.6,
    upright: 8.0,
    screen: 5.6,
    dots: 6.8,
};

/// How free the card is of a screen's pixels and of a printer's dots, each 0 to 1; below 0.5 they are suspected.
pub fn grid_free(luma: &GrayImage, outline: &CardOutline) -> (f32, f32) {
    let places: Vec<(u32, u32)> = FITTED.rows.iter().flat_map(|y| FITTED.columns.map(|x| (x, *y))).collect();
    if luma.dimensions() != (CARD_WIDTH, CARD_HEIGHT) {
        return (1.0, 1.0);
    }
    let blocks = blocks(outline);
    let (mut coarse, mut screen, mut dots) = (0.0_f32, 0.0_f32, 0.0_f32);
    for (x, y, prominence) in Spectrum::of(luma, &places, FITTED.most).prominences() {
        let cycles = (x as f32).hypot(y as f32) * CARD_WIDTH as f32 / SIDE as f32;
        if !(FITTED.coarsest..FITTED.cycles.1).contains(&cycles) || is_block(x, y, blocks) {
            continue;
        }
        let turned = (y as f32).atan2(x as f32).to_degrees().rem_euclid(90.0);
        if cycles < FITTED.cycles.0 {
            coarse = coarse.max(prominence);
        } else if turned.min(90.0 - turned) <= FITTED.upright {
            screen = screen.max(prominence);
        } else {
            dots = dots.max(prominence);
        }
    }
    // The card's own pattern repeats itself in overtones, which are weaker than it.
    let free = |prominence: f32, most: f32| {
        if prominence > coarse { (1.0 - 0.5 * prominence / most).clamp(0.0, 1.0) } else { 1.0 }
    };
    let (screen, dots) = if screen > dots { (screen, 0.0) } else { (0.0, dots) };
    (free(screen, FITTED.screen), free(dots, FITTED.dots))
}

/// Cycles of the 8 px blocks of a JPEG over the card's width, across and down, in px of the flat card.
fn blocks(outline: &CardOutline) -> (f32, f32) {
    let [_, right, _, left] = outline.sides();
    let down = (right + left) / 2.0;
    (outline.width_px() / 8.0, down / 8.0 * CARD_WIDTH as f32 / CARD_HEIGHT as f32)
}

/// Whether a frequency is that of the blocks, or an overtone of theirs.
fn is_block(x: i32, y: i32, (across, down): (f32, f32)) -> bool {
    let near = |at: i32, blocks: f32| {
        let cycles = at.abs() as f32 * CARD_WIDTH as f32 / SIDE as f32;
        let order = (cycles / blocks.max(1.0)).round().max(1.0);
        (cycles - order * blocks).abs() < FITTED.block_width * CARD_WIDTH as f32 / SIDE as f32
    };
    (y.abs() <= 1 && near(x, across)) || (x.abs() <= 1 && near(y, down))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authenticity::synthetic::{Random, flat, whole};

    /// A flat card with light noise under this pattern.
    fn under(pattern: impl Fn(f32, f32) -> f32) -> (f32, f32) {
        let mut random = Random::new(5);
        let luma = flat(|x, y| pattern(x as f32, y as f32) + random.normal());
        grid_free(&luma, &whole())
    }

    fn wave(at: f32, cycles: f32) -> f32 {
        (std::f32::consts::TAU * at * cycles / CARD_WIDTH as f32).cos()
    }

    #[test]
    fn upright_pixels_are_a_screen() {
        let (screen, dots) = under(|x, y| 6.0 * wave(x, 420.0) + 3.0 * wave(y, 420.0));
        assert!(screen < 0.5 && dots > 0.5, "{screen} {dots}");
    }

    #[test]
    fn turned_dots_are_a_printed_copy() {
        let (sin, cos) = 45_f32.to_radians().sin_cos();
        let (screen, dots) =
            under(|x, y| 6.0 * (wave(x * cos + y * sin, 357.0) + wave(x * sin - y * cos, 357.0)));
        assert!(screen > 0.5 && dots < 0.5, "{screen} {dots}");
    }

    #[test]
    fn bent_lines_are_the_cards_own() {
        let (screen, dots) =
            under(|x, y| 20.0 * wave(y + 9.0 * (x / 14.0).sin() + 9.0 * (y / 30.0).cos(), 300.0));
        assert!(screen > 0.5 && dots > 0.5, "{screen} {dots}");
    }

    #[test]
    fn overtones_of_a_coarse_pattern_are_the_cards_own() {
        let (screen, dots) = under(|x, _| 12.0 * wave(x, 150.0) + 5.0 * wave(x, 300.0));
        assert!(screen > 0.5 && dots > 0.5, "{screen} {dots}");
    }

    #[test]
    fn the_blocks_of_a_jpeg_are_no_screen() {
        // The whole picture is 1200 px wide: 150 blocks, their first overtone at 300.
        let (screen, dots) = under(|x, y| 6.0 * wave(x, 300.0) + 6.0 * wave(y, 300.0));
        assert!(screen > 0.5 && dots > 0.5, "{screen} {dots}");
    }
}
