//! How good a picture of a card is, and what a new one should do better.
//!
//! Owns the measures and their thresholds. It must not know what was read.

use filot_domain::{Quality, ReasonCode};
use image::RgbImage;

use crate::rectify::{CardOutline, RectifiedCard};

/// What the measures say.
#[derive(Debug, Clone, PartialEq)]
pub struct QualityReport {
    /// The measures.
    pub quality: Quality,
    /// The complaints, each once, in the order of the vocabulary.
    pub reasons: Vec<ReasonCode>,
}

/// Measures a picture. `found` is the outline that [`crate::find::find_card`] gave, if any; `card` what was rectified from it or from
/// the whole picture.
pub fn assess(image: &RgbImage, found: Option<&CardOutline>, card: &RectifiedCard) -> QualityReport {
    let _ = (image, card);
    QualityReport { quality: Quality { card_found: found.is_some(), ..Quality::default() }, reasons: Vec::new() }
}
