//! Finds out the real type of an uploaded file: magic bytes, bounded header decode, PDF sanity.
//!
//! The upload asks [`inspect`] and the reader [`identify`], which judge alike, so that one takes what the other reads.
//!
//! Owns the limits on what is accepted and the three parsers that look at headers. Nothing is unpacked and nothing is
//! allocated: the input is read in place, once, so a hostile file costs no more than its own two megabytes. It must
//! know neither HTTP nor storage nor what is in the picture.

mod cursor;
mod error;
pub mod jpeg;
mod kind;
mod pdf;
mod png;

#[cfg(test)]
mod tests;

pub use error::MediaError;
pub use kind::FileKind;

/// The most bytes a file may have: 2 MiB.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;
/// The most pixels a picture may declare: 40 million, above what phones send by default.
pub const MAX_PIXELS: u64 = 40_000_000;
/// The longest side a picture may declare.
pub const MAX_SIDE: u32 = 16_384;

/// A file that is what it says it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inspected {
    /// By its content, whatever was declared.
    pub kind: FileKind,
    /// Declared by the header of a picture, before any EXIF rotation; a PDF has none.
    pub width: Option<u32>,
    /// See [`Inspected::width`].
    pub height: Option<u32>,
    /// Bytes before the file itself. Offsets in a PDF count from its header.
    pub begins_at: usize,
}

/// Looks at a file. Magic bytes, declared type and a header decode must agree.
///
/// `application/octet-stream` and its like, a wildcard, an empty type and none at all declare nothing.
///
/// # Errors
/// The first thing that is wrong; see [`MediaError`].
pub fn inspect(bytes: &[u8], declared_mime: Option<&str>) -> Result<Inspected, MediaError> {
    if bytes.len() > MAX_BYTES {
        return Err(MediaError::TooManyBytes);
    }
    if bytes.is_empty() {
        return Err(MediaError::Empty);
    }
    look(bytes, declared_mime)
}

/// Looks at a file by its content alone, whatever its size.
///
/// # Errors
/// As [`inspect`], but for size and declared type.
pub fn identify(bytes: &[u8]) -> Result<Inspected, MediaError> {
    look(bytes, None)
}

fn look(bytes: &[u8], declared_mime: Option<&str>) -> Result<Inspected, MediaError> {
    let (kind, begins_at) = FileKind::of_magic(bytes).ok_or(MediaError::UnknownKind)?;
    if !kind.agrees_with(declared_mime) {
        return Err(MediaError::TypeMismatch { content: kind });
    }
    let (width, height) = match kind {
        FileKind::Jpeg => bounded(jpeg::dimensions(bytes)?)?,
        FileKind::Png => bounded(png::dimensions(bytes)?)?,
        FileKind::Pdf => {
            pdf::check(bytes.get(begins_at..).unwrap_or_default())?;
            return Ok(Inspected { kind, width: None, height: None, begins_at });
        }
    };
    Ok(Inspected { kind, width: Some(width), height: Some(height), begins_at })
}

/// The same limits the decoder has, so that nothing is taken that can never be read.
fn bounded((width, height): (u32, u32)) -> Result<(u32, u32), MediaError> {
    if width == 0 || height == 0 {
        return Err(MediaError::NoPixels);
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(MediaError::TooManyPixels);
    }
    Ok((width, height))
}
