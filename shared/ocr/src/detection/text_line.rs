//! A line of print that was found in a picture, and blocks of parallel ones, in pixels of the picture.
//!
//! Owns their geometry. It must not know how they were found nor what card they may stand on.

use crate::image::rectify::Point;

/// A string of print in the frame of its block: rows run about along `u`, `v` points a quarter turn clockwise of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TextLine {
    /// Where it begins along `u`.
    pub from: f32,
    /// Where it ends along `u`.
    pub to: f32,
    /// Where its middle line crosses `u = 0`.
    pub level: f32,
    /// By how much that line rises with `u`.
    pub slope: f32,
    /// Height of its characters.
    pub height: f32,
}

impl TextLine {
    /// The middle line at a place along it.
    pub fn at(&self, u: f32) -> f32 {
        self.level + self.slope * u
    }

    /// Its extent along `u`.
    pub fn length(&self) -> f32 {
        self.to - self.from
    }
}

/// Strings that run alongside each other.
#[derive(Debug, Clone)]
pub struct TextBlock {
    /// The picture's point at `u = v = 0`.
    pub centre: Point,
    /// The direction of `u` in the picture.
    pub along: Point,
    /// In no order.
    pub texts: Vec<TextLine>,
}

impl TextBlock {
    /// The picture's point at a place in the block's frame.
    pub fn in_picture(&self, (u, v): Point) -> Point {
        let (x, y) = self.along;
        (self.centre.0 + u * x - v * y, self.centre.1 + u * y + v * x)
    }

    /// The same block seen by someone on the other side of the table.
    pub fn upside_down(&self) -> Self {
        let turned =
            |text: &TextLine| TextLine { from: -text.to, to: -text.from, level: -text.level, ..*text };
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

    /// The same block in a picture that is larger by this factor.
    pub fn scaled(mut self, by: f32) -> Self {
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
