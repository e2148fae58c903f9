//! Corrects characters that recognisers confuse or lose, by the strokes in the picture.

pub(crate) mod address_abbreviations;
pub(crate) mod d_or_o;
pub(crate) mod glyph;
pub(crate) mod roman_numerals;
pub(crate) mod strokes;
