//! Whether a picture is one of a card: signs of drawings, of photographed screens, of printed copies and of edited fields.
//!
//! Owns the signs. Each is measured by itself, from 1 (none) to 0, and is a reason below a half. It must not know what was read,
//! nor what is decided: only where fields stand.

mod edits;
mod flatness;
mod grids;
mod spectrum;

use filot_domain::{Quality, ReasonCode};
use image::RgbImage;

pub use crate::authenticity::edits::FieldBox;
use crate::image::jpeg_tables::Coding;
use crate::image::rectify::{CardOutline, RectifiedCard};

/// A measure below this is a sign.
const SUSPECTED_BELOW: f32 = 0.5;

/// The card in its picture.
pub struct Subject<'a> {
    /// The picture.
    pub image: &'a RgbImage,
    /// How its file was coded.
    pub coding: Coding,
    /// Where the card lies in it, in the orientation that was read.
    pub outline: &'a CardOutline,
    /// The flat card.
    pub card: &'a RectifiedCard,
    /// Where values stand on the flat card.
    pub fields: &'a [FieldBox],
}

/// Writes the measures into `quality` and gives a reason for each sign, in the order of the vocabulary.
pub fn assess(subject: &Subject<'_>, quality: &mut Quality) -> Vec<ReasonCode> {
    quality.drawing_free = flatness::drawing_free(subject.image, &subject.coding, subject.outline);
    (quality.screen_free, quality.copy_free) = grids::grid_free(&subject.card.luma, subject.outline);
    quality.edit_free = edits::edit_free(&subject.card.luma, subject.fields);
    let signs = [
        (quality.drawing_free, ReasonCode::DrawingSuspected),
        (quality.screen_free, ReasonCode::ScreenSuspected),
        (quality.copy_free, ReasonCode::CopySuspected),
        (quality.edit_free, ReasonCode::EditSuspected),
    ];
    signs.into_iter().filter(|(measure, _)| *measure < SUSPECTED_BELOW).map(|(_, reason)| reason).collect()
}

#[cfg(test)]
mod synthetic;
#[cfg(test)]
mod tests;
