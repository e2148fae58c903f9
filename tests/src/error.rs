//! The one error type of this package.

/// What goes wrong in a local stack; read by a person, never matched on.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// Result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
