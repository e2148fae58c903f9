//! The band at the top of an NPWP card: light print on a dark ground, which evening the card takes out.

use image::GrayImage;

use crate::page::{Page, Span};
use crate::preprocess::normalise::normalise_luma;
use crate::recognition::engine::{Engine, EngineError, LineImage, TextClass};
use crate::text::line::Line;

/// The band ends above this share of the card.
const BOTTOM: f32 = 0.24;
/// More rows are no header.
const ROWS: usize = 3;

/// Reads what stands in light print near the top of a card. `luma` is the card as it was photographed.
pub fn read_head(luma: &GrayImage, engine: &mut dyn Engine) -> Result<Vec<Line>, EngineError> {
    let mut negative = luma.clone();
    for value in negative.iter_mut() {
        *value = 255 - *value;
    }
    let gray = normalise_luma(&negative);
    let at = |share: f32, of: u32| (share * of as f32) as u32;
    let area = crate::page::Area {
        left: at(0.02, gray.width()),
        top: at(0.01, gray.height()),
        right: at(0.98, gray.width()),
        bottom: at(BOTTOM, gray.height()),
    };
    let page = Page::new(gray, area);
    let images: Vec<LineImage> = page
        .rows(area)
        .into_iter()
        .filter_map(|row| {
            let spans = page.spans(row, area.left, area.right, row.height() * 3 / 2);
            let longest: Span = spans.into_iter().max_by_key(|span| span.right - span.left)?;
            let lettering = longest.right - longest.left > row.height() * 3;
            lettering.then(|| LineImage { image: page.crop(row, longest), class: TextClass::Any })
        })
        .take(ROWS)
        .collect();
    engine.recognise(&images)
}
