//! Print in a picture at any angle: characters, strings of them, and blocks of parallel strings.
//!
//! Owns the way from pixels to blocks; what card a block may stand on is the business of [`crate::detection::ktp_from_text`].
//!
//! The light is evened, so that print in a shadow is as dark as print beside it. What is then dark and of a character's
//! or a word's size is a mark. Marks vote for the directions in which their nearest neighbours lie; along each of the
//! favourite directions they are joined to strings, and strings that run alongside each other to blocks.

use std::f32::consts::PI;

use image::{GrayImage, RgbImage};

use crate::detection::components::{Mark, marks};
use crate::image::rectify::Point;
use crate::image::resample::{downscale_rgb, luma};

/// Long side of the picture in which print is looked for: the smallest print of a card that fills half of it has
/// strokes of one pixel.
const PRINT_SIDE: u32 = 1024;
/// Steps of the direction: two degrees.
const DIRECTIONS: usize = 90;
/// How many directions are followed.
const FOLLOWED: usize = 4;
/// Strings of a block: fewer are no card.
const LEAST_STRINGS: usize = 5;
/// How many blocks are kept.
const MAX_BLOCKS: usize = 8;

/// A string of print in the frame of its block: rows run about along `u`, `v` points a quarter turn clockwise of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Text {
    /// Where it begins and ends along `u`.
    pub from: f32,
    pub to: f32,
    /// Where its middle line crosses `u = 0`, and by how much that line rises with `u`.
    pub level: f32,
    pub slope: f32,
    /// Height of its characters.
    pub height: f32,
}

impl Text {
    /// The middle line at a place along it.
    pub fn at(&self, u: f32) -> f32 {
        self.level + self.slope * u
    }

    pub fn length(&self) -> f32 {
        self.to - self.from
    }
}

/// Strings that run alongside each other.
#[derive(Debug, Clone)]
pub(crate) struct Block {
    /// The picture's point at `u = v = 0`.
    pub centre: Point,
    /// The direction of `u` in the picture.
    pub along: Point,
    pub texts: Vec<Text>,
}

impl Block {
    /// The picture's point at a place in the block's frame.
    pub fn in_picture(&self, (u, v): Point) -> Point {
        let (x, y) = self.along;
        (self.centre.0 + u * x - v * y, self.centre.1 + u * y + v * x)
    }

    /// The same block seen by someone on the other side of the table.
    pub fn upside_down(&self) -> Self {
        let turned = |text: &Text| Text { from: -text.to, to: -text.from, level: -text.level, ..*text };
        Self {
            centre: self.centre,
            along: (-self.along.0, -self.along.1),
            texts: self.texts.iter().map(turned).collect(),
        }
    }

    /// How many characters there are, about.
    pub fn characters(&self) -> f32 {
        self.texts.iter().map(|text| text.length() / text.height.max(1.0)).sum()
    }

    fn scaled(mut self, by: f32) -> Self {
        self.centre = (self.centre.0 * by, self.centre.1 * by);
        for text in &mut self.texts {
            text.from *= by;
            text.to *= by;
            text.level *= by;
            text.height *= by;
        }
        self
    }
}

/// The blocks of print in a picture, those with most characters first, in the picture's own pixels.
pub(crate) fn blocks(image: &RgbImage) -> Vec<Block> {
    let scale = (image.width().max(image.height()) as f32 / PRINT_SIDE as f32).max(1.0);
    let side = |s: u32| (s as f32 / scale).round().max(1.0) as u32;
    let gray = luma(&downscale_rgb(image, side(image.width()), side(image.height())));
    blocks_of(&gray).into_iter().map(|block| block.scaled(scale)).collect()
}

fn blocks_of(gray: &GrayImage) -> Vec<Block> {
    let marks = marks(gray);
    let mut blocks: Vec<Block> = Vec::new();
    for angle in directions(&marks) {
        let along = (angle.cos(), angle.sin());
        for found in grouped(along, &strings(&marks, along)) {
            blocks.push(found);
        }
    }
    blocks.sort_by(|a, b| b.characters().total_cmp(&a.characters()));
    // Neighbouring directions show the same block.
    let mut kept: Vec<Block> = Vec::new();
    for block in blocks {
        let same = |other: &Block| {
            let size = block.texts.iter().map(Text::length).fold(0.0, f32::max);
            (block.centre.0 - other.centre.0).hypot(block.centre.1 - other.centre.1) < 0.3 * size
        };
        if kept.len() < MAX_BLOCKS && !kept.iter().any(same) {
            kept.push(block);
        }
    }
    kept
}

/// The directions, from 0 to π, in which most marks have a neighbour.
fn directions(marks: &[Mark]) -> Vec<f32> {
    let mut votes = [0.0_f32; DIRECTIONS];
    let mut vote = |dx: f32, dy: f32, weight: f32| {
        let angle = dy.atan2(dx).rem_euclid(PI);
        if let Some(bin) = votes.get_mut((angle / PI * DIRECTIONS as f32) as usize % DIRECTIONS) {
            *bin += weight;
        }
    };
    for (i, mark) in marks.iter().enumerate() {
        let (long, short) = mark.axes();
        if long > 2.2 * short {
            // A word run together points along its row itself.
            let angle = mark.angle();
            vote(angle.cos(), angle.sin(), (long / short).min(6.0));
            continue;
        }
        let reach = 2.2 * mark.size();
        let (mut nearest, mut least) = (None, reach);
        // Marks are in order of x.
        let before = marks[..i].iter().rev().take_while(|other| mark.x - other.x < reach);
        let after = marks[i + 1..].iter().take_while(|other| other.x - mark.x < reach);
        for other in before.chain(after) {
            let away = (other.x - mark.x).hypot(other.y - mark.y);
            let alike = other.size() < 2.0 * mark.size() && mark.size() < 2.0 * other.size();
            if alike && away < least {
                (nearest, least) = (Some(other), away);
            }
        }
        if let Some(other) = nearest {
            vote(other.x - mark.x, other.y - mark.y, 1.0);
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
    peaks.truncate(FOLLOWED);
    peaks.into_iter().map(|i| (i as f32 + 0.5) * PI / DIRECTIONS as f32).collect()
}

/// A mark in the frame of a direction.
#[derive(Clone, Copy)]
struct Piece {
    u: f32,
    v: f32,
    /// Half its extent along the direction.
    half: f32,
    /// Its extent across.
    height: f32,
}

/// The strings that marks make along a direction. Their places are those of the picture's own origin.
fn strings(marks: &[Mark], along: Point) -> Vec<Text> {
    let mut pieces: Vec<Piece> = marks
        .iter()
        .map(|mark| Piece {
            u: mark.x * along.0 + mark.y * along.1,
            v: mark.y * along.0 - mark.x * along.1,
            half: mark.spread(along),
            height: 2.0 * mark.spread((-along.1, along.0)),
        })
        .filter(|piece| piece.height > 3.0 && piece.height < 48.0)
        .collect();
    pieces.sort_by(|a, b| a.u.total_cmp(&b.u));
    let widest = pieces.iter().fold(0.0_f32, |most, piece| most.max(piece.half));
    let mut sets = Sets::of(pieces.len());
    for (i, piece) in pieces.iter().enumerate() {
        let mut next: Option<(f32, usize)> = None;
        for (j, other) in pieces.iter().enumerate().skip(i + 1) {
            if other.u - piece.u > piece.half + widest + 1.6 * piece.height {
                break;
            }
            let (low, high) = (piece.height.min(other.height), piece.height.max(other.height));
            let gap = other.u - other.half - piece.u - piece.half;
            if (other.v - piece.v).abs() < 0.3 * high
                && high < 2.4 * low
                && gap > -0.5 * low
                && gap < 1.1 * high
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
fn text_of(pieces: &[Piece]) -> Option<Text> {
    let mut heights: Vec<f32> = pieces.iter().map(|piece| piece.height).collect();
    heights.sort_by(f32::total_cmp);
    let height = *heights.get(heights.len() / 2)?;
    let from = pieces.iter().fold(f32::MAX, |least, piece| least.min(piece.u - piece.half));
    let to = pieces.iter().fold(f32::MIN, |most, piece| most.max(piece.u + piece.half));
    if to - from < 2.2 * height || (pieces.len() < 3 && to - from < 4.0 * height) {
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
    // A short string has no direction of its own.
    let slope = uv / (uu + n * height * height * 4.0);
    Some(Text { from, to, level: mv - slope * mu, slope, height })
}

/// Blocks of strings alongside each other, each in a frame about its own middle.
fn grouped(along: Point, texts: &[Text]) -> Vec<Block> {
    let mut sets = Sets::of(texts.len());
    for (i, one) in texts.iter().enumerate() {
        for (j, other) in texts.iter().enumerate().skip(i + 1) {
            let (low, high) = (one.height.min(other.height), one.height.max(other.height));
            let gap = one.from.max(other.from) - one.to.min(other.to);
            if high > 2.2 * low || gap > 6.0 * high {
                continue;
            }
            // Where they lie side by side, or between them.
            let u = (one.from.max(other.from) + one.to.min(other.to)) / 2.0;
            if (one.at(u) - other.at(u)).abs() < if gap > 0.0 { 1.2 } else { 3.4 } * high {
                sets.join(i, j);
            }
        }
    }
    let mut members: Vec<Vec<Text>> = vec![Vec::new(); texts.len()];
    for (i, text) in texts.iter().enumerate() {
        members[sets.root(i)].push(*text);
    }
    members
        .into_iter()
        .filter(|texts| texts.len() >= LEAST_STRINGS)
        .map(|texts| centred(along, texts))
        .collect()
}

/// A block about the middle of its strings.
fn centred(along: Point, mut texts: Vec<Text>) -> Block {
    let middle = |low: f32, high: f32| (low + high) / 2.0;
    let bounds = |of: &dyn Fn(&Text) -> (f32, f32)| {
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
    Block { centre, along, texts }
}

/// Disjoint sets.
pub(crate) struct Sets(Vec<usize>);

impl Sets {
    pub fn of(count: usize) -> Self {
        Self((0..count).collect())
    }

    pub fn root(&mut self, mut i: usize) -> usize {
        while self.0[i] != i {
            self.0[i] = self.0[self.0[i]];
            i = self.0[i];
        }
        i
    }

    pub fn join(&mut self, i: usize, j: usize) {
        let (a, b) = (self.root(i), self.root(j));
        self.0[a.max(b)] = a.min(b);
    }

    pub fn add(&mut self) -> usize {
        self.0.push(self.0.len());
        self.0.len() - 1
    }
}
