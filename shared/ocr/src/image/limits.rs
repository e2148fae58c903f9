//! What a file may unpack to, whatever its kind.
//!
//! Owns the limits and the errors that name them. It must not know a file format.

use filot_domain::reason::ReasonCode;
use filot_media::{MAX_PIXELS, MAX_SIDE};

use crate::error::ReadError;

/// The most bytes that decoding may hold at once.
pub const MAX_ALLOC_BYTES: u64 = 256 * 1024 * 1024;
/// The longest side, in pixels, of the picture that the reader works on.
pub const WORKING_SIDE: u32 = 2400;

/// Whether a picture of this declared size may be decoded at all.
///
/// # Errors
/// `file_unreadable` for a picture without pixels, `image_too_large` beyond [`MAX_SIDE`] or [`MAX_PIXELS`].
pub fn check_size(width: u32, height: u32) -> Result<(), ReadError> {
    if width == 0 || height == 0 {
        return Err(ReadError::new(ReasonCode::FileUnreadable, "the picture has no pixels"));
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_large());
    }
    Ok(())
}

/// The error for what would unpack to more than the limits.
pub fn too_large() -> ReadError {
    ReadError::new(ReasonCode::ImageTooLarge, "the picture has more pixels than are read")
}
