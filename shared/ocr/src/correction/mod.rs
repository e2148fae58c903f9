//! Corrects characters that recognisers confuse or lose, by the strokes in the picture.
//!
//! Owns the shapes of single characters in names, places and addresses; [`names`] and [`addresses`] apply them to a line.
//! It imports [`crate::page`] beside `text`: a recogniser's boxes are too coarse to compare strokes, so the ink of the
//! line's row is measured again. It must not know which card a line stands on.

pub(crate) mod address_abbreviations;
pub(crate) mod addresses;
pub(crate) mod d_or_o;
pub(crate) mod glyph;
pub(crate) mod names;
pub(crate) mod params;
pub(crate) mod roman_numerals;
pub(crate) mod words;
