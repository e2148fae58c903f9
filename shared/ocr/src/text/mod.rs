//! Characters and words without pictures.

pub(crate) mod lexicon;
pub(crate) mod line;
pub(crate) mod words;
