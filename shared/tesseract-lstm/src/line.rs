//! What was read of a line.

use std::ops::Range;

/// A line of text.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// From left to right; none if the image is too small or holds no text.
    pub words: Vec<Word>,
}

impl Line {
    /// Words with one space between them.
    #[must_use]
    pub fn text(&self) -> String {
        let words: Vec<String> = self.words.iter().map(Word::text).collect();
        words.join(" ")
    }

    /// The mean confidence of the words in percent, rounded down, like Tesseract's `MeanTextConf`; 0 without words.
    #[must_use]
    pub fn confidence(&self) -> u8 {
        let sum: usize = self.words.iter().map(|word| usize::from(word.confidence)).sum();
        u8::try_from(sum.checked_div(self.words.len()).unwrap_or(0)).unwrap_or(100)
    }
}

/// What stands between spaces.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    /// At least one.
    pub symbols: Vec<Symbol>,
    /// Percent, from the least certain symbol and the spaces beside the word.
    pub confidence: u8,
}

impl Word {
    /// The texts of the symbols.
    #[must_use]
    pub fn text(&self) -> String {
        self.symbols.iter().map(|symbol| symbol.text.as_str()).collect()
    }
}

/// A character, or a ligature.
#[derive(Debug, Clone, PartialEq)]
pub struct Symbol {
    /// In UTF-8.
    pub text: String,
    /// From 0 to 1: the lowest probability among its steps, lowered if it is in no word of the dictionary.
    pub confidence: f32,
    /// Where it stands, in steps along the line: three pixels each at the height of the network.
    pub steps: Range<usize>,
    /// What else the network held possible there, the most probable first.
    pub alternatives: Vec<Alternative>,
}

/// Another reading of a symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// In UTF-8.
    pub text: String,
    /// From 0 to 1: its highest probability at one step.
    pub probability: f32,
}
