//! The seam between the card pipeline and whatever turns a picture of one text line into characters.
//!
//! An engine gets lines and gives text with a confidence per symbol. It must not know what a card is: which line means
//! what, and which repairs are allowed, is decided by the caller.

use std::path::PathBuf;

use image::GrayImage;

pub mod tesseract;

/// What kind of text a line is expected to hold. A hint that narrows the alphabet, never an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TextClass {
    /// Upper-case letters, digits and the punctuation of addresses: nearly every value on a card.
    Upper,
    /// Upper-case letters and the punctuation of names.
    Name,
    /// A blood group, perhaps with its label `Gol. Darah`.
    BloodGroup,
    /// Digits and the separators of dates and numbers.
    Digits,
    /// Anything: labels, headers, unknown pictures.
    Any,
}

/// One line to recognise: dark print on light ground, cropped with a small margin.
#[derive(Debug, Clone)]
pub struct LineImage {
    /// The pixels.
    pub image: GrayImage,
    /// What to expect.
    pub class: TextClass,
}

/// One recognised character.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Symbol {
    /// The character; a space between words is a symbol of its own.
    pub character: char,
    /// Probability that it is right, 0 to 1.
    pub confidence: f32,
    /// Left edge in the line image.
    pub left: u32,
    /// Right edge in the line image.
    pub right: u32,
}

/// One recognised line.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Line {
    /// The characters from left to right.
    pub symbols: Vec<Symbol>,
}

impl Line {
    /// The text of the line.
    pub fn text(&self) -> String {
        self.symbols.iter().map(|symbol| symbol.character).collect()
    }

    /// A text that needed no reading.
    pub fn certain(text: &str) -> Self {
        let symbol = |character| Symbol { character, confidence: 1.0, left: 0, right: 0 };
        Self { symbols: text.chars().map(symbol).collect() }
    }

    /// The lowest confidence and the geometric mean of all, spaces left out; zeros for an empty line.
    pub fn confidence(&self) -> LineConfidence {
        confidence_of(&self.symbols)
    }
}

/// How sure an engine is of several symbols.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LineConfidence {
    /// Of the least certain symbol.
    pub min: f32,
    /// Geometric mean.
    pub mean: f32,
}

/// The confidence of a run of symbols.
pub fn confidence_of(symbols: &[Symbol]) -> LineConfidence {
    let printed = symbols.iter().filter(|symbol| symbol.character != ' ');
    let (mut min, mut logs, mut count) = (1.0_f32, 0.0_f32, 0.0_f32);
    for symbol in printed {
        min = min.min(symbol.confidence);
        logs += symbol.confidence.max(1e-3).ln();
        count += 1.0;
    }
    if count == 0.0 { LineConfidence::default() } else { LineConfidence { min, mean: (logs / count).exp() } }
}

/// Why an engine cannot be had or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nobody has written an engine of this name.
    #[error("no engine is called {name:?}; there are: {}", NAMES.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
    },
    /// The engine's model could not be loaded.
    #[error("the model {model:?} could not be loaded: {cause}")]
    Model {
        /// Which model.
        model: String,
        /// What was wrong.
        cause: String,
    },
    /// The engine failed on a line.
    #[error("the engine failed: {0}")]
    Failed(String),
}

/// Turns lines into text. One instance belongs to one thread.
pub trait Engine: Send {
    /// The name by which it is chosen.
    fn name(&self) -> &'static str;

    /// Recognises every line; the answer has one entry per line, in order. A line without text gives an empty entry.
    fn recognise(&mut self, lines: &[LineImage]) -> Result<Vec<Line>, EngineError>;
}

/// The engines there are.
pub const NAMES: &[&str] = &[tesseract::NAME];

/// Where engines find their models.
#[derive(Debug, Clone, Default)]
pub struct EngineConfig {
    /// Directory of `*.traineddata`; `None`: `TESSDATA_PREFIX`, then the library's own default.
    pub tessdata_dir: Option<PathBuf>,
}

/// Makes the engine of this name and loads its model.
pub fn by_name(name: &str, config: &EngineConfig) -> Result<Box<dyn Engine>, EngineError> {
    match name {
        tesseract::NAME => Ok(Box::new(tesseract::Tesseract::load(config)?)),
        _ => Err(EngineError::Unknown { name: name.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_engine_is_refused_with_the_list() {
        let error = by_name("abacus", &EngineConfig::default()).err().map(|error| error.to_string());
        assert_eq!(error.as_deref(), Some("no engine is called \"abacus\"; there are: tesseract"));
    }

    #[test]
    fn spaces_do_not_count_towards_confidence() {
        let symbol = |character, confidence| Symbol { character, confidence, left: 0, right: 0 };
        let line = Line { symbols: vec![symbol('A', 0.9), symbol(' ', 0.0), symbol('B', 0.4)] };
        let confidence = line.confidence();
        assert!((confidence.min - 0.4).abs() < 1e-6);
        assert!((confidence.mean - 0.6).abs() < 1e-6);
        assert_eq!(Line::default().confidence(), LineConfidence::default());
    }
}
