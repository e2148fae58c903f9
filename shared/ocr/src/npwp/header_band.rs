//! The band at the top of a tax card: light print on a dark ground, which preprocessing takes out.
//!
//! Owns reading its lines. It must not know what they say.

use image::GrayImage;

use crate::npwp::params::PARAMS;
use crate::page::{Page, Span};
use crate::preprocess::normalise::normalise_luma;
use crate::recognition::engine::{Engine, EngineError, LineImage, TextClass};
use crate::text::line::Line;

/// More rows than this are no header.
const ROWS: usize = 3;

/// Reads the light print near the top of a card. `luma`: the card as it was photographed.
///
/// # Errors
/// The engine failed.
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
        bottom: at(PARAMS.header_bottom, gray.height()),
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
