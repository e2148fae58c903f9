//! Finding the card in a picture.
//!
//! Owns the search for the outline and for its orientation. It must not know what is printed, but for the rows and columns
//! that the caller describes. A card here is a rectangle of the right proportions, seen in perspective, whose four sides
//! part two colours.
//!
//! 1. The picture is made small and print is closed away (`edge_map`), so that rows of text are no edges.
//! 2. Straight edges vote for lines (`hough_lines`); the picture's own borders take part, for cards that are cut off.
//! 3. Pairs of pairs of lines make quadrilaterals, ranked by how much of their sides lies on edges (`quads`).
//! 4. The best are moved onto the true edges and judged by what parts inside from outside (`edge_refinement`), first in the
//!    small picture, the winner then at full resolution to a fraction of a pixel.
//!
//! Where that gives nothing that can be read, the print itself is searched: dark components make lines of text, lines
//! blocks (`components`, `text_blocks`). A block whose rows and columns stand as a KTP's do gives the card's place
//! (`ktp_from_text`); edges that are there then give it exactly.

mod components;
mod edge_map;
mod edge_refinement;
mod hough_lines;
mod ktp_from_text;
mod params;
mod quads;
mod row_grid;
mod text_blocks;
mod text_line;
mod text_orientation;
mod union_find;

use image::RgbImage;

pub use crate::detection::row_grid::RowGrid;

use crate::detection::params::{PARAMS, Print, Search};
use crate::detection::quads::Proportions;
use crate::image::rectify::{CARD_ASPECT, CardOutline, Point, distance, warp};
use crate::image::resample::downscale_rgb;

const SEARCH: Search = PARAMS.search;
const PRINT: Print = PARAMS.print;
/// A picture with a shorter side, in pixels, shows no card.
const LEAST_SIDE: u32 = 64;

/// The card's outline, or `None` when nothing in the picture looks enough like a card; and what else could be one, best
/// first: whether it is a card shows only when it is read. The long sides are top and bottom; which of them is the top is
/// decided by [`orientation_candidates`].
pub fn find_cards(image: &RgbImage) -> (Option<CardOutline>, Vec<CardOutline>) {
    let mut others = search(image, Proportions::Card);
    let found = others.first().copied().filter(|outline| outline.score >= SEARCH.min_score);
    let cropped = cropped_to_card(image);
    let found = match (found, cropped) {
        // Something small and doubtful in a picture that has a card's shape: a portrait, a QR code.
        (Some(found), Some(cropped))
            if found.score < SEARCH.doubtful_score
                && found.area() < SEARCH.doubtful_area * cropped.area() =>
        {
            Some(cropped)
        }
        (found, cropped) => found.or(cropped),
    };
    others
        .retain(|other| other.score >= SEARCH.second_score && found.is_none_or(|found| apart(&found, other)));
    others.truncate(SEARCH.max_others);
    (found, others)
}

/// Whether a picture does not have the proportions that cameras, scanners and pages have. Upright pictures of 3:4 may be
/// either.
pub fn may_be_squeezed(image: &RgbImage) -> bool {
    const WIDE: [f32; 5] = [4.0 / 3.0, 1.5, 16.0 / 9.0, std::f32::consts::SQRT_2, CARD_ASPECT];
    const UPRIGHT: [f32; 3] = [2.0 / 3.0, 9.0 / 16.0, std::f32::consts::FRAC_1_SQRT_2];
    let aspect = image.width() as f32 / image.height().max(1) as f32;
    !WIDE.iter().chain(&UPRIGHT).any(|usual| (aspect / usual - 1.0).abs() < SEARCH.usual_proportions)
}

/// What could be a card in a picture whose width and height were scaled apart, as apps do that make every picture a square,
/// best first: outlines of any proportions, and the picture itself. Such pictures stand upright; one that is about square may
/// have lain on its side.
pub fn find_squeezed(image: &RgbImage) -> Vec<CardOutline> {
    let mut found = search(image, Proportions::Any);
    found.retain(|outline| outline.score >= SEARCH.min_score);
    found.truncate(SEARCH.max_squeezed);
    let (w, h) = (image.width() as f32, image.height() as f32);
    found
        .push(CardOutline { corners: [(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)], score: SEARCH.cropped_score });
    let ways = |outline: CardOutline| {
        let one = upright(outline);
        let [top, right, bottom, left] = one.sides();
        let on_side = (right + left) * SEARCH.squeezed_square > top + bottom;
        [Some(one), on_side.then(|| one.turned(1))]
    };
    found.into_iter().flat_map(ways).flatten().collect()
}

/// The outline with the corner first that is the picture's top left.
fn upright(outline: CardOutline) -> CardOutline {
    let (_, turn) = (0..4_u8)
        .map(|turn| {
            let [a, ..] = outline.turned(turn).corners;
            (a.0 + a.1, turn)
        })
        .fold((f32::MAX, 0), |least, one| if one.0 < least.0 { one } else { least });
    outline.turned(turn)
}

/// The print in a picture, searched when nothing could be read in the outlines that edges give.
#[derive(Debug, Clone)]
pub struct Printed(Vec<text_line::TextBlock>);

impl Printed {
    /// Searches for print.
    pub fn of(image: &RgbImage) -> Self {
        let large = image.width() >= LEAST_SIDE && image.height() >= LEAST_SIDE;
        Self(if large { text_blocks::blocks(image) } else { Vec::new() })
    }

    /// Outlines of KTPs, whose rows `grid` describes, by their print: best first, each in the orientation in which it is read.
    pub fn ktps(&self, image: &RgbImage, grid: &RowGrid) -> Vec<CardOutline> {
        let mut fits: Vec<ktp_from_text::Fit> = self
            .0
            .iter()
            .filter_map(|block| ktp_from_text::ktp_outline(block, grid))
            .filter(|fit| fit.points >= PRINT.least_points)
            .collect();
        fits.sort_by(|a, b| b.points.total_cmp(&a.points));
        fits.truncate(PRINT.most_ktps);
        if fits.is_empty() {
            return Vec::new();
        }
        let small = small_of(image);
        fits.iter().map(|fit| by_edges(image, &small, &fit.corners)).collect()
    }

    /// Whether an outline may be read in this orientation: not if the picture has print, and the outline none that runs
    /// along it.
    pub fn agrees_with(&self, outline: &CardOutline) -> bool {
        let seen: f32 = self.0.iter().map(text_line::TextBlock::characters).sum();
        seen < PRINT.seen_characters
            || text_orientation::characters_along(&self.0, outline) >= PRINT.least_characters
    }
}

/// What print says of an outline, moved onto edges where there are any.
fn by_edges(image: &RgbImage, small: &RgbImage, corners: &[Point; 4]) -> CardOutline {
    let (sx, sy) = scales(image, small);
    let by_print = CardOutline { corners: *corners, score: PRINT.score };
    let about = PRINT.edges_range * by_print.width_px();
    let mut near = edge_refinement::refine(small, &corners.map(|(x, y)| (x / sx, y / sy)), about / sx, 2, 1);
    near = edge_refinement::refine(small, &near, (about / sx * 0.5).max(PRINT.edges_near), 1, 1);
    let score = edge_refinement::judge(small, &near, Proportions::Card);
    let corners = exact(image, near, (sx, sy));
    let moved = corners.iter().zip(by_print.corners).fold(0.0_f32, |most, (a, b)| most.max(distance(*a, b)));
    if score < PRINT.edges_score || moved > 2.0 * about {
        by_print
    } else {
        CardOutline { corners, score: PRINT.score.max(score) }
    }
}

/// The picture in which outlines are searched.
fn small_of(image: &RgbImage) -> RgbImage {
    let scale = (image.width().max(image.height()) as f32 / SEARCH.side as f32).max(1.0);
    let side = |s: u32| (s as f32 / scale).round().max(1.0) as u32;
    downscale_rgb(image, side(image.width()), side(image.height()))
}

/// By how much a picture is larger than its small copy.
fn scales(image: &RgbImage, small: &RgbImage) -> (f32, f32) {
    (image.width() as f32 / small.width() as f32, image.height() as f32 / small.height() as f32)
}

/// An outline found in the small picture, moved onto its edges in the large one.
fn exact(image: &RgbImage, corners: [Point; 4], (sx, sy): (f32, f32)) -> [Point; 4] {
    let scale = sx.max(sy);
    let mut corners = corners.map(|(x, y)| (x * sx, y * sy));
    corners = edge_refinement::refine(
        image,
        &corners,
        (scale * SEARCH.exact_wide.0).max(SEARCH.exact_wide.1),
        2,
        1,
    );
    let (share, least, most) = SEARCH.exact_near;
    edge_refinement::refine(image, &corners, (scale * share).clamp(least, most), 2, 1)
}

/// Whether two outlines are not nearly the same, whichever corner comes first.
fn apart(one: &CardOutline, other: &CardOutline) -> bool {
    let near = SEARCH.same_outline * one.width_px().max(one.sides()[1]);
    !(0..4_u8).any(|turn| {
        let turned = other.turned(turn);
        one.corners.iter().zip(turned.corners).all(|(a, b)| distance(*a, b) < near)
    })
}

/// The best outlines, whatever their scores, no two nearly the same.
fn search(image: &RgbImage, proportions: Proportions) -> Vec<CardOutline> {
    if image.width() < LEAST_SIDE || image.height() < LEAST_SIDE {
        return Vec::new();
    }
    let small = small_of(image);
    let mut candidates = Vec::with_capacity(2 * SEARCH.close_looks);
    for edges in [edge_map::EdgeMap::color_edges(&small), edge_map::EdgeMap::color_saliency(&small)] {
        let lines = hough_lines::strongest(&edges);
        candidates.extend(quads::candidates(&edges, &lines, proportions, SEARCH.close_looks));
    }

    let judge = |corners: [Point; 4]| {
        let score = edge_refinement::judge(&small, &corners, proportions);
        CardOutline { corners, score }
    };
    let mut judged: Vec<CardOutline> = candidates
        .iter()
        .map(|quad| judge(edge_refinement::refine(&small, quad, SEARCH.look_range, 1, 3)))
        .collect();
    judged.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut refined: Vec<CardOutline> = judged
        .iter()
        .take(SEARCH.finalists)
        .map(|outline| judge(edge_refinement::refine(&small, &outline.corners, SEARCH.final_range, 2, 2)))
        .collect();
    refined.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut best: Vec<CardOutline> = Vec::with_capacity(1 + SEARCH.max_others);
    for outline in refined {
        if best.len() <= SEARCH.max_others && best.iter().all(|kept| apart(kept, &outline)) {
            best.push(outline);
        }
    }
    let scales = scales(image, &small);
    let exact_outline = |found: CardOutline| CardOutline {
        corners: clockwise_from_top_left(exact(image, found.corners, scales)),
        score: found.score,
    };
    best.into_iter().map(exact_outline).collect()
}

/// A picture cut to the card shows no outline but has its shape.
fn cropped_to_card(image: &RgbImage) -> Option<CardOutline> {
    let (w, h) = (image.width() as f32, image.height() as f32);
    let aspect = w.max(h) / w.min(h).max(1.0);
    let fits = (aspect / CARD_ASPECT - 1.0).abs() < SEARCH.cropped_tolerance;
    let large = w.max(h) >= SEARCH.cropped_side;
    let corners = clockwise_from_top_left([(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)]);
    (fits && large).then_some(CardOutline { corners, score: SEARCH.cropped_score })
}

/// Orders corners so that the long sides are top and bottom and the card is turned as little as possible.
fn clockwise_from_top_left(mut corners: [Point; 4]) -> [Point; 4] {
    let [a, b, c, d] = corners;
    if distance(a, b) + distance(c, d) < distance(b, c) + distance(d, a) {
        corners.rotate_left(1);
    }
    let [a, b, _, _] = corners;
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    // Of the two ways to read it, the one whose top side runs to the right, or down the picture's right edge.
    if dx < 0.0 && dx.abs() >= dy.abs() || dy < 0.0 && dy.abs() > dx.abs() {
        corners.rotate_left(2);
    }
    corners
}

/// The same outline in each orientation that it may have, the likeliest first: two for a found card (its long sides are
/// known), four when the whole picture stands in for one.
///
/// The likeliest orientation has what differs from the card's ground at the right (portrait, QR code) and at the top
/// (header): a cue, not a proof.
pub fn orientation_candidates(image: &RgbImage, outline: &CardOutline) -> Vec<CardOutline> {
    let turns: &[u8] = if outline.score > 0.0 { &[0, 2] } else { &[0, 2, 1, 3] };
    let mut oriented: Vec<(f32, CardOutline)> = turns
        .iter()
        .map(|&turn| {
            let turned = outline.turned(turn);
            let sideways = if turn % 2 == 1 { 100.0 } else { 0.0 };
            (uprightness(image, &turned) - sideways, turned)
        })
        .collect();
    oriented.sort_by(|a, b| b.0.total_cmp(&a.0));
    oriented.into_iter().map(|(_, outline)| outline).collect()
}

/// How much this orientation looks right; only the order of two of them means something.
fn uprightness(image: &RgbImage, outline: &CardOutline) -> f32 {
    const W: u32 = 160;
    const H: u32 = 100;
    let Some(card) = warp(image, outline, W, H) else { return 0.0 };
    // Coarse cells: thin print vanishes in them, a portrait or a band of colour does not.
    let cells = downscale_rgb(&card, 32, 20);
    let mut channels: [Vec<u8>; 3] = Default::default();
    for pixel in cells.pixels() {
        for (channel, v) in channels.iter_mut().zip(pixel.0) {
            channel.push(v);
        }
    }
    let ground = channels.map(|mut c| {
        c.sort_unstable();
        c.get(c.len() / 2).copied().unwrap_or(128)
    });
    let differs = |x: std::ops::Range<u32>, y: std::ops::Range<u32>| {
        let mut sum = 0.0;
        let count = (x.len() * y.len()) as f32;
        for cy in y {
            for cx in x.clone() {
                let d = cells.get_pixel(cx, cy).0.iter().zip(ground).map(|(&a, b)| a.abs_diff(b)).max();
                sum += f32::from(d.unwrap_or(0).min(80));
            }
        }
        sum / count
    };
    let sides = differs(22..31, 5..14) - differs(1..10, 6..15);
    let ends = differs(2..30, 1..4) - differs(2..30, 16..19);
    sides + ends
}

#[cfg(test)]
mod tests;
