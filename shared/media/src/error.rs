//! Why a file is not accepted, in words that may be shown to whoever sent it.

use crate::FileKind;

/// Why a file is not accepted. The text is made of our own words only, never of the file's content.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// No content.
    #[error("The file is empty.")]
    Empty,
    /// More than [`crate::MAX_BYTES`].
    #[error("The file is larger than 2 MB.")]
    TooManyBytes,
    /// More than [`crate::MAX_PIXELS`], or a side above [`crate::MAX_SIDE`].
    #[error("The picture has more than 40 million pixels or a side above 16384 pixels.")]
    TooManyPixels,
    /// Zero width or height.
    #[error("The picture has no pixels.")]
    NoPixels,
    /// None of the accepted kinds.
    #[error("The file is neither a JPEG nor a PNG nor a PDF.")]
    UnknownKind,
    /// Declared as one thing, and in fact another.
    #[error("The file is a {content}, which is not the type it was sent as.")]
    TypeMismatch {
        /// The type by its magic bytes.
        content: FileKind,
    },
    /// The magic is right and what follows is not.
    #[error("The {0} is damaged or incomplete.")]
    Damaged(FileKind),
    /// Valid, in a variant that cannot be read.
    #[error("The {0} is of a variant that cannot be read.")]
    Unsupported(FileKind),
    /// A PDF that needs a password or a key.
    #[error("The PDF is encrypted. Please send it without a password.")]
    Encrypted,
}
