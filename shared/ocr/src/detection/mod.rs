//! Finding the card in a picture.
//!
//! Owns the search for the outline and for the way up. It must not know what is printed, but for the places of a KTP's
//! rows: a card here is a rectangle of the right proportions, seen in perspective, whose four sides part two colours.
//!
//! 1. The picture is made small and print is closed away (`field`), so that rows of text are no edges.
//! 2. Straight edges vote for lines (`lines`); the picture's own borders take part, for cards that are cut off.
//! 3. Pairs of pairs of lines make quadrilaterals, ranked by how much of their sides lies on edges (`quads`).
//! 4. The best are moved onto the true edges and judged by what parts inside from outside (`sides`), first in the
//!    small picture, the winner then at full resolution to a fraction of a pixel.
//!
//! Where that gives nothing that can be read, the print itself tells: dark marks make strings, strings blocks (`marks`,
//! `print`), and a block whose rows and columns stand as a KTP's do says where the card must be (`block`); edges that
//! are there then say it exactly.

mod components;
mod edge_map;
mod edge_refinement;
mod hough_lines;
mod ktp_from_text;
mod quads;
mod text_blocks;
mod text_orientation;

use image::RgbImage;

use crate::image::rectify::{CARD_ASPECT, CardOutline, Point, distance, warp};
use crate::image::resample::downscale_rgb;

/// Long side of the picture in which the outline is searched.
const SEARCH_SIDE: u32 = 512;
/// How many quadrilaterals are looked at closely.
const CLOSE_LOOKS: usize = 24;
/// How many of them are then moved onto their edges with care.
const FINALISTS: usize = 6;
/// From this score on an outline is taken for a card.
pub const MIN_SCORE: f32 = 0.42;
/// The score of a picture that has just the shape of a card and shows no outline: most likely it was cropped to it.
const CROPPED_SCORE: f32 = 0.43;
/// By how much such a picture's proportions may differ from a card's.
const CROPPED_TOLERANCE: f32 = 0.045;

/// The card's outline, or `None` when nothing in the picture looks enough like a card; and what else could be one, best
/// first: whether it is a card shows only when it is read. The long sides are top and bottom; which of them is the top is
/// decided by [`orientation_candidates`].
pub fn find_cards(image: &RgbImage) -> (Option<CardOutline>, Vec<CardOutline>) {
    let mut others = search(image);
    let found = others.first().copied().filter(|outline| outline.score >= MIN_SCORE);
    let cropped = cropped_to_card(image);
    let found = match (found, cropped) {
        // Something small and doubtful in a picture that has a card's shape: a portrait, a QR code.
        (Some(found), Some(cropped)) if found.score < 0.8 && found.area() < 0.4 * cropped.area() => {
            Some(cropped)
        }
        (found, cropped) => found.or(cropped),
    };
    others.retain(|other| other.score >= SECOND_SCORE && found.is_none_or(|found| apart(&found, other)));
    others.truncate(MAX_OTHERS);
    (found, others)
}

/// The print in a picture, looked for when nothing was read from the outlines that edges tell.
#[derive(Debug, Clone)]
pub struct Printed(Vec<text_blocks::Block>);

impl Printed {
    /// Looks for print.
    pub fn of(image: &RgbImage) -> Self {
        let large = image.width() >= 64 && image.height() >= 64;
        Self(if large { text_blocks::blocks(image) } else { Vec::new() })
    }

    /// Outlines of KTPs as their print tells: best first, each the way up that it is read.
    pub fn ktps(&self, image: &RgbImage) -> Vec<CardOutline> {
        let mut fits: Vec<ktp_from_text::Fit> = self
            .0
            .iter()
            .filter_map(ktp_from_text::ktp_outline)
            .filter(|fit| fit.points >= LEAST_POINTS)
            .collect();
        fits.sort_by(|a, b| b.points.total_cmp(&a.points));
        fits.truncate(MAX_BY_PRINT);
        if fits.is_empty() {
            return Vec::new();
        }
        let small = small_of(image);
        fits.iter().map(|fit| by_edges(image, &small, &fit.corners)).collect()
    }

    /// Whether an outline may be read this way up: not where print was found, but none within that runs along it.
    pub fn may_stand_on(&self, outline: &CardOutline) -> bool {
        let seen: f32 = self.0.iter().map(text_blocks::Block::characters).sum();
        seen < SEEN || text_orientation::characters_along(&self.0, outline) >= SOME
    }
}

/// So many characters in a picture mean that its print is seen.
const SEEN: f32 = 60.0;
/// What an outline that is worth reading then holds at least.
const SOME: f32 = 12.0;
/// From so many rows and columns in place on a block of print is taken for a KTP's.
const LEAST_POINTS: f32 = 22.0;
/// How many blocks are worth a look at what is printed there.
const MAX_BY_PRINT: usize = 2;
/// How far edges may lie from where print says they are, as a share of the card's width.
const PRINT_DOUBT: f32 = 0.05;
/// From this score on the edges are right rather than the print.
const EDGES_SCORE: f32 = 0.3;
/// The score of an outline that has no edges.
const PRINT_SCORE: f32 = 0.5;

/// What print says of an outline, moved onto edges where there are any.
fn by_edges(image: &RgbImage, small: &RgbImage, corners: &[Point; 4]) -> CardOutline {
    let (sx, sy) = scales(image, small);
    let told = CardOutline { corners: *corners, score: PRINT_SCORE };
    let about = PRINT_DOUBT * told.width_px();
    let mut near = edge_refinement::settle(small, &corners.map(|(x, y)| (x / sx, y / sy)), about / sx, 2, 1);
    near = edge_refinement::settle(small, &near, (about / sx * 0.5).max(3.0), 1, 1);
    let score = edge_refinement::judge(small, &near);
    let corners = exact(image, near, (sx, sy));
    let moved = corners.iter().zip(told.corners).fold(0.0_f32, |most, (a, b)| most.max(distance(*a, b)));
    if score < EDGES_SCORE || moved > 2.0 * about {
        told
    } else {
        CardOutline { corners, score: PRINT_SCORE.max(score) }
    }
}

/// The picture in which outlines are searched.
fn small_of(image: &RgbImage) -> RgbImage {
    let scale = (image.width().max(image.height()) as f32 / SEARCH_SIDE as f32).max(1.0);
    let side = |s: u32| (s as f32 / scale).round().max(1.0) as u32;
    downscale_rgb(image, side(image.width()), side(image.height()))
}

/// By how much a picture is larger than its small copy.
fn scales(image: &RgbImage, small: &RgbImage) -> (f32, f32) {
    (image.width() as f32 / small.width() as f32, image.height() as f32 / small.height() as f32)
}

/// An outline found in the small picture, settled in the large one.
fn exact(image: &RgbImage, corners: [Point; 4], (sx, sy): (f32, f32)) -> [Point; 4] {
    let scale = sx.max(sy);
    let mut corners = corners.map(|(x, y)| (x * sx, y * sy));
    // Widely first: in the small picture a shadow beside the card may have looked as sharp as the card's edge.
    corners = edge_refinement::settle(image, &corners, (scale * 4.0).max(6.0), 2, 1);
    edge_refinement::settle(image, &corners, (scale * 1.5).clamp(2.0, 4.0), 2, 1)
}

/// From this score on an outline is worth a look at what is printed inside.
const SECOND_SCORE: f32 = 0.15;
/// How many others are worth one.
const MAX_OTHERS: usize = 3;

/// Whether two outlines are not nearly the same, whichever corner comes first.
fn apart(one: &CardOutline, other: &CardOutline) -> bool {
    let near = 0.06 * one.width_px().max(one.sides()[1]);
    !(0..4_u8).any(|turn| {
        let turned = other.turned(turn);
        one.corners.iter().zip(turned.corners).all(|(a, b)| distance(*a, b) < near)
    })
}

/// The best outlines, whatever their scores, no two nearly the same.
fn search(image: &RgbImage) -> Vec<CardOutline> {
    if image.width() < 64 || image.height() < 64 {
        return Vec::new();
    }
    let small = small_of(image);
    let mut candidates = Vec::with_capacity(2 * CLOSE_LOOKS);
    for field in [edge_map::Field::of(&small), edge_map::Field::of_strangeness(&small)] {
        let lines = hough_lines::strongest(&field);
        candidates.extend(quads::candidates(&field, &lines, CLOSE_LOOKS));
    }

    let judge =
        |corners: [Point; 4]| CardOutline { corners, score: edge_refinement::judge(&small, &corners) };
    let mut looks: Vec<CardOutline> =
        candidates.iter().map(|quad| judge(edge_refinement::settle(&small, quad, 5.0, 1, 3))).collect();
    looks.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut settled: Vec<CardOutline> = looks
        .iter()
        .take(FINALISTS)
        .map(|look| judge(edge_refinement::settle(&small, &look.corners, 4.0, 2, 2)))
        .collect();
    settled.sort_by(|a, b| b.score.total_cmp(&a.score));
    let mut best: Vec<CardOutline> = Vec::with_capacity(1 + MAX_OTHERS);
    for outline in settled {
        if best.len() <= MAX_OTHERS && best.iter().all(|kept| apart(kept, &outline)) {
            best.push(outline);
        }
    }
    let scales = scales(image, &small);
    let settled = |found: CardOutline| CardOutline {
        corners: clockwise_from_top_left(exact(image, found.corners, scales)),
        score: found.score,
    };
    best.into_iter().map(settled).collect()
}

/// A picture cut to the card shows no outline but has its shape.
fn cropped_to_card(image: &RgbImage) -> Option<CardOutline> {
    let (w, h) = (image.width() as f32, image.height() as f32);
    let aspect = w.max(h) / w.min(h).max(1.0);
    let (fits, large) = ((aspect / CARD_ASPECT - 1.0).abs() < CROPPED_TOLERANCE, w.max(h) >= 300.0);
    let corners = clockwise_from_top_left([(0.0, 0.0), (w, 0.0), (w, h), (0.0, h)]);
    (fits && large).then_some(CardOutline { corners, score: CROPPED_SCORE })
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

/// The same outline read each way that it may be up, the likeliest first: two for a found card (its long sides are
/// known), four when the whole picture stands in for one.
///
/// The likeliest way up has what differs from the card's ground at the right (portrait, QR code) and at the top
/// (header): a cue, not a proof.
pub fn orientation_candidates(image: &RgbImage, outline: &CardOutline) -> Vec<CardOutline> {
    let turns: &[u8] = if outline.score > 0.0 { &[0, 2] } else { &[0, 2, 1, 3] };
    let mut ways: Vec<(f32, CardOutline)> = turns
        .iter()
        .map(|&turn| {
            let way = outline.turned(turn);
            let sideways = if turn % 2 == 1 { 100.0 } else { 0.0 };
            (uprightness(image, &way) - sideways, way)
        })
        .collect();
    ways.sort_by(|a, b| b.0.total_cmp(&a.0));
    ways.into_iter().map(|(_, way)| way).collect()
}

/// How much this way up looks right; only the order of two ways means something.
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
