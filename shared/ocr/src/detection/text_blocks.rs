//! Print in a picture at any angle: components, lines of text, and blocks of parallel lines.
//!
//! Owns the way from pixels to blocks. It must not know which card a block may stand on.
//!
//! The light is evened, so that print in a shadow is as dark as print beside it. What is then dark and of a character's or
//! a word's size is a component. Components vote for the directions in which their nearest neighbours lie; along each of
//! the favourite directions they are joined to lines, and lines that run alongside each other to blocks.

use std::f32::consts::PI;

use image::{GrayImage, RgbImage};

use crate::detection::components::{ConnectedComponent, connected_components};
use crate::detection::params::{Blocks, PARAMS};
use crate::detection::text_line::{TextBlock, TextLine};
use crate::detection::union_find::DisjointSets;
use crate::image::rectify::Point;
use crate::image::resample::{downscale_rgb, luma};

const FITTED: Blocks = PARAMS.blocks;
/// Steps of the direction: two degrees.
const DIRECTIONS: usize = 90;

/// The blocks of print in a picture, those with most characters first, in the picture's own pixels.
pub(crate) fn blocks(image: &RgbImage) -> Vec<TextBlock> {
    let scale = (image.width().max(image.height()) as f32 / FITTED.side as f32).max(1.0);
    let side = |s: u32| (s as f32 / scale).round().max(1.0) as u32;
    let gray = luma(&downscale_rgb(image, side(image.width()), side(image.height())));
    blocks_of(&gray).into_iter().map(|block| block.scaled(scale)).collect()
}

fn blocks_of(gray: &GrayImage) -> Vec<TextBlock> {
    let components = connected_components(gray);
    let mut blocks: Vec<TextBlock> = Vec::new();
    for angle in directions(&components) {
        let along = (angle.cos(), angle.sin());
        for found in grouped(along, &strings(&components, along)) {
            blocks.push(found);
        }
    }
    blocks.sort_by(|a, b| b.characters().total_cmp(&a.characters()));
    // Neighbouring directions show the same block.
    let mut kept: Vec<TextBlock> = Vec::new();
    for block in blocks {
        let same = |other: &TextBlock| {
            let size = block.texts.iter().map(TextLine::length).fold(0.0, f32::max);
            (block.centre.0 - other.centre.0).hypot(block.centre.1 - other.centre.1)
                < FITTED.same_block * size
        };
        if kept.len() < FITTED.most_blocks && !kept.iter().any(same) {
            kept.push(block);
        }
    }
    kept
}

/// The directions, from 0 to π, in which most components have a neighbour.
fn directions(components: &[ConnectedComponent]) -> Vec<f32> {
    let mut votes = [0.0_f32; DIRECTIONS];
    let mut vote = |dx: f32, dy: f32, weight: f32| {
        let angle = dy.atan2(dx).rem_euclid(PI);
        if let Some(bin) = votes.get_mut((angle / PI * DIRECTIONS as f32) as usize % DIRECTIONS) {
            *bin += weight;
        }
    };
    for (i, component) in components.iter().enumerate() {
        let (long, short) = component.axes();
        if long > FITTED.word.0 * short {
            // A word run together points along its row itself.
            let angle = component.angle();
            vote(angle.cos(), angle.sin(), (long / short).min(FITTED.word.1));
            continue;
        }
        let (reach, alike) = (FITTED.neighbour.0 * component.size(), FITTED.neighbour.1);
        let (mut nearest, mut least) = (None, reach);
        // Components are in order of x.
        let before = components[..i].iter().rev().take_while(|other| component.x - other.x < reach);
        let after = components[i + 1..].iter().take_while(|other| other.x - component.x < reach);
        for other in before.chain(after) {
            let away = (other.x - component.x).hypot(other.y - component.y);
            let alike = other.size() < alike * component.size() && component.size() < alike * other.size();
            if alike && away < least {
                (nearest, least) = (Some(other), away);
            }
        }
        if let Some(other) = nearest {
            vote(other.x - component.x, other.y - component.y, 1.0);
        }
    }
    let wrapped = |i: usize, d: isize| votes[(i as isize + d).rem_euclid(DIRECTIONS as isize) as usize];
    let smooth: Vec<f32> = (0..DIRECTIONS)
        .map(|i| (-4..=4).map(|d: isize| wrapped(i, d) * (5 - d.abs()) as f32).sum())
        .collect();
    let mut peaks: Vec<usize> = (0..DIRECTIONS)
        .filter(|&i| {
            (1..=6).all(|d| {
                smooth[i] >= smooth[(i + d) % DIRECTIONS]
                    && smooth[i] > smooth[(i + DIRECTIONS - d) % DIRECTIONS]
            })
        })
        .collect();
    peaks.sort_by(|a, b| smooth[*b].total_cmp(&smooth[*a]));
    peaks.truncate(FITTED.directions_followed);
    peaks.into_iter().map(|i| (i as f32 + 0.5) * PI / DIRECTIONS as f32).collect()
}

/// A component in the frame of a direction.
#[derive(Clone, Copy)]
struct Piece {
    u: f32,
    v: f32,
    /// Half its extent along the direction.
    half: f32,
    /// Its extent across.
    height: f32,
}

/// The strings that components make along a direction. Their places are those of the picture's own origin.
fn strings(components: &[ConnectedComponent], along: Point) -> Vec<TextLine> {
    let mut pieces: Vec<Piece> = components
        .iter()
        .map(|component| Piece {
            u: component.x * along.0 + component.y * along.1,
            v: component.y * along.0 - component.x * along.1,
            half: component.spread(along),
            height: 2.0 * component.spread((-along.1, along.0)),
        })
        .filter(|piece| piece.height > FITTED.heights.0 && piece.height < FITTED.heights.1)
        .collect();
    pieces.sort_by(|a, b| a.u.total_cmp(&b.u));
    let widest = pieces.iter().fold(0.0_f32, |most, piece| most.max(piece.half));
    let mut sets = DisjointSets::of(pieces.len());
    for (i, piece) in pieces.iter().enumerate() {
        let mut next: Option<(f32, usize)> = None;
        for (j, other) in pieces.iter().enumerate().skip(i + 1) {
            if other.u - piece.u > piece.half + widest + FITTED.reach * piece.height {
                break;
            }
            let (low, high) = (piece.height.min(other.height), piece.height.max(other.height));
            let gap = other.u - other.half - piece.u - piece.half;
            if (other.v - piece.v).abs() < FITTED.next_off * high
                && high < FITTED.next_height * low
                && gap > FITTED.next_gap.0 * low
                && gap < FITTED.next_gap.1 * high
                && next.is_none_or(|(least, _)| gap < least)
            {
                next = Some((gap, j));
            }
        }
        if let Some((_, j)) = next {
            sets.join(i, j);
        }
    }
    let mut members: Vec<Vec<Piece>> = vec![Vec::new(); pieces.len()];
    for (i, piece) in pieces.iter().enumerate() {
        members[sets.root(i)].push(*piece);
    }
    members.iter().filter_map(|pieces| text_of(pieces)).collect()
}

/// The line through the middles of pieces.
fn text_of(pieces: &[Piece]) -> Option<TextLine> {
    let mut heights: Vec<f32> = pieces.iter().map(|piece| piece.height).collect();
    heights.sort_by(f32::total_cmp);
    let height = *heights.get(heights.len() / 2)?;
    let from = pieces.iter().fold(f32::MAX, |least, piece| least.min(piece.u - piece.half));
    let to = pieces.iter().fold(f32::MIN, |most, piece| most.max(piece.u + piece.half));
    if to - from < FITTED.shortest.0 * height || (pieces.len() < 3 && to - from < FITTED.shortest.1 * height)
    {
        return None;
    }
    let (mut n, mut su, mut sv) = (0.0, 0.0, 0.0);
    for piece in pieces {
        n += piece.half;
        su += piece.half * piece.u;
        sv += piece.half * piece.v;
    }
    let (mu, mv) = (su / n.max(1e-3), sv / n.max(1e-3));
    let (mut uu, mut uv) = (0.0, 0.0);
    for piece in pieces {
        uu += piece.half * (piece.u - mu) * (piece.u - mu);
        uv += piece.half * (piece.u - mu) * (piece.v - mv);
    }
    let slope = uv / (uu + n * height * height * FITTED.stiffness);
    Some(TextLine { from, to, level: mv - slope * mu, slope, height })
}

/// Blocks of strings alongside each other, each in a frame about its own middle.
fn grouped(along: Point, texts: &[TextLine]) -> Vec<TextBlock> {
    let mut sets = DisjointSets::of(texts.len());
    for (i, one) in texts.iter().enumerate() {
        for (j, other) in texts.iter().enumerate().skip(i + 1) {
            let (low, high) = (one.height.min(other.height), one.height.max(other.height));
            let gap = one.from.max(other.from) - one.to.min(other.to);
            if high > FITTED.beside_height * low || gap > FITTED.beside_gap * high {
                continue;
            }
            // Where they lie side by side, or between them.
            let u = (one.from.max(other.from) + one.to.min(other.to)) / 2.0;
            let (beside, above) = FITTED.beside_off;
            if (one.at(u) - other.at(u)).abs() < if gap > 0.0 { beside } else { above } * high {
                sets.join(i, j);
            }
        }
    }
    let mut members: Vec<Vec<TextLine>> = vec![Vec::new(); texts.len()];
    for (i, text) in texts.iter().enumerate() {
        members[sets.root(i)].push(*text);
    }
    members
        .into_iter()
        .filter(|texts| texts.len() >= FITTED.least_lines)
        .map(|texts| centred(along, texts))
        .collect()
}

/// A block about the middle of its strings.
fn centred(along: Point, mut texts: Vec<TextLine>) -> TextBlock {
    let middle = |low: f32, high: f32| (low + high) / 2.0;
    let bounds = |of: &dyn Fn(&TextLine) -> (f32, f32)| {
        texts.iter().map(of).fold((f32::MAX, f32::MIN), |(low, high), (a, b)| (low.min(a), high.max(b)))
    };
    let (left, right) = bounds(&|text| (text.from, text.to));
    let (top, bottom) = bounds(&|text| {
        let v = text.at(middle(text.from, text.to));
        (v, v)
    });
    let (u, v) = (middle(left, right), middle(top, bottom));
    for text in &mut texts {
        text.level = text.at(u) - v;
        text.from -= u;
        text.to -= u;
    }
    let centre = (u * along.0 - v * along.1, u * along.1 + v * along.0);
    TextBlock { centre, along, texts }
}
