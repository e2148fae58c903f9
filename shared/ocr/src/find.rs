//! Finding the card in a picture.
//!
//! Owns the search for the outline and for the way up. It must not know what is printed.

use image::RgbImage;

use crate::rectify::CardOutline;

/// The card's outline, or `None` when nothing in the picture looks enough like a card. The long sides are top and
/// bottom; which of them is the top is the business of [`orientation_candidates`].
pub fn find_card(image: &RgbImage) -> Option<CardOutline> {
    let _ = image;
    None
}

/// The same outline read each way that it may be up, the likeliest first: two for a found card (its long sides are
/// known), four when the whole picture stands in for one.
pub fn orientation_candidates(image: &RgbImage, outline: &CardOutline) -> Vec<CardOutline> {
    let _ = image;
    vec![*outline, outline.turned(2), outline.turned(1), outline.turned(3)]
}
