//! What can be wrong with a model or an image.

use crate::component::Component;

/// Why a `.traineddata` file cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelError {
    /// The file cannot be read.
    #[error("the model cannot be read: {0}")]
    Io(#[from] std::io::Error),
    /// The table of components at the head of the file is not one.
    #[error("not a traineddata file: {0}")]
    Container(&'static str),
    /// The model has no such component; a model without [`Component::Lstm`] is for the legacy engine only.
    #[error("the model has no {0}")]
    Missing(Component),
    /// A component ends before what it announces, or says something impossible.
    #[error("the {component} is damaged: {what}")]
    Damaged {
        /// Where.
        component: Component,
        /// What is wrong there.
        what: &'static str,
    },
    /// A network that this engine does not run.
    #[error("the network needs what this engine does not have: {0}")]
    Unsupported(String),
}

/// Why pixels are no line image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Neither side may be zero or longer than [`crate::MAX_SIDE`].
    #[error("a line of {width} x {height} pixels cannot be read")]
    Size {
        /// In pixels.
        width: u32,
        /// In pixels.
        height: u32,
    },
    /// The buffer does not have as many bytes as the size says.
    #[error("{expected} bytes expected, {found} found")]
    Length {
        /// `width * height * channels`
        expected: usize,
        /// The length of the buffer.
        found: usize,
    },
}
