//! Where a card and its print were seen, for pictures that show a person how a card was read (`filot-read --debug-image`).
//!
//! Owns the way from a place on the levelled card back to the picture. It never changes what is read.

use filot_domain::FieldName;

use crate::image::rectify::Homography;
pub use crate::image::rectify::{CardOutline, Point};
use crate::page::{Page, Row, Span};

/// A piece of print that was read, on the levelled card.
#[derive(Debug, Clone, PartialEq)]
pub struct Place {
    /// The fields that it gave; none for a label.
    pub fields: Vec<FieldName>,
    /// Left, top, right, bottom in pixels.
    pub area: [f32; 4],
}

impl Place {
    /// A part of a row.
    pub fn new(row: Row, span: Span, fields: &[FieldName]) -> Self {
        let area = [span.left as f32, row.top as f32, span.right as f32, row.bottom as f32];
        Self { fields: fields.to_vec(), area }
    }
}

/// A piece of print that was read, in the picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// The fields that it gave; none for a label.
    pub fields: Vec<FieldName>,
    /// Clockwise from the top left of the print.
    pub corners: [Point; 4],
}

/// Where a card and its print were seen.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The card, in the orientation that was read.
    pub outline: CardOutline,
    /// What was read on it.
    pub marks: Vec<Mark>,
}

impl Trace {
    /// An outline on which nothing was read.
    pub const fn of(outline: CardOutline) -> Self {
        Self { outline, marks: Vec::new() }
    }

    /// The places of a page that shows this outline.
    pub fn with(outline: CardOutline, page: &Page, places: &[Place]) -> Self {
        let (width, height) = (f64::from(page.width()), f64::from(page.height()));
        let Some(map) = Homography::from_rectangle(width, height, &outline.corners) else {
            return Self::of(outline);
        };
        let marks = places.iter().map(|place| {
            let [left, top, right, bottom] = place.area;
            let corners = [(left, top), (right, top), (right, bottom), (left, bottom)].map(|(x, y)| {
                let (x, y) = map.apply(f64::from(x), f64::from(page.on_card(x, y)));
                (x as f32, y as f32)
            });
            Mark { fields: place.fields.clone(), corners }
        });
        Self { outline, marks: marks.collect() }
    }
}
