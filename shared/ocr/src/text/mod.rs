//! Characters, lines and words without pictures: what the stages after recognition share.
//!
//! Owns how texts are normalised, compared and trusted. It must not know a card, nor where on one a text stood.

pub(crate) mod address_words;
pub(crate) mod confidence;
pub(crate) mod field_text;
pub(crate) mod lexicon;
pub(crate) mod line;
pub(crate) mod normalise;
pub(crate) mod similarity;
