//! The seam between the card pipeline and whatever turns a picture of one text line into characters.
//!
//! Owns what an engine is asked and what it answers: lines in, text with a confidence per symbol out. It must not know
//! which engines there are, nor what a card is: the caller decides what a line means and which repairs are allowed.

use std::path::PathBuf;

use image::GrayImage;

use crate::text::line::Line;

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

/// Why an engine cannot be had or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// Nobody has written an engine of this name.
    #[error("no engine is called {name:?}; there are: {}", known.join(", "))]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names that there are.
        known: &'static [&'static str],
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
    ///
    /// # Errors
    /// The engine failed; nothing is known of any line.
    fn recognise(&mut self, lines: &[LineImage]) -> Result<Vec<Line>, EngineError>;
}

/// Where engines find their models.
#[derive(Debug, Clone, Default)]
pub struct EngineConfig {
    /// Directory of `*.traineddata`; `None`: `TESSDATA_PREFIX`, then the library's own default.
    pub tessdata_dir: Option<PathBuf>,
}
