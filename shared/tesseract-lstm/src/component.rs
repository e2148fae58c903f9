//! The parts of a model file.

use std::fmt;

/// A part of a `.traineddata` file that this engine reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Component {
    /// The file as a whole.
    Container,
    /// The network and what training left beside it.
    Lstm,
    /// Patterns of punctuation around words.
    PunctuationDawg,
    /// The words of the language.
    WordDawg,
    /// Patterns of numbers.
    NumberDawg,
    /// The characters and their properties.
    Unicharset,
    /// The outputs of the network that stand for each character.
    Recoder,
}

impl Component {
    /// Its place in the table: `TessdataType` in ccutil/tessdatamanager.h.
    pub(crate) fn slot(self) -> Option<usize> {
        match self {
            Self::Container => None,
            Self::Lstm => Some(17),
            Self::PunctuationDawg => Some(18),
            Self::WordDawg => Some(19),
            Self::NumberDawg => Some(20),
            Self::Unicharset => Some(21),
            Self::Recoder => Some(22),
        }
    }
}

impl fmt::Display for Component {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Container => "container",
            Self::Lstm => "LSTM network",
            Self::PunctuationDawg => "punctuation dictionary",
            Self::WordDawg => "word dictionary",
            Self::NumberDawg => "number dictionary",
            Self::Unicharset => "unicharset",
            Self::Recoder => "recoder",
        })
    }
}
