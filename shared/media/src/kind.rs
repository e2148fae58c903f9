//! The kinds of file that are accepted, by content and by declared type.

use std::fmt;

/// Start of image, and the first byte of the marker that follows.
const JPEG_MAGIC: &[u8] = &[0xFF, 0xD8, 0xFF];
/// The first bytes of every PNG.
pub(crate) const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The first bytes of every PDF; its version follows.
pub(crate) const PDF_MAGIC: &[u8] = b"%PDF-";

/// A kind of file that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// JFIF or EXIF.
    Jpeg,
    /// Portable Network Graphics.
    Png,
    /// Portable Document Format.
    Pdf,
}

impl FileKind {
    /// The media type it is stored and served with.
    pub const fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
        }
    }

    /// By the first bytes alone.
    pub(crate) fn of_magic(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(JPEG_MAGIC) {
            Some(Self::Jpeg)
        } else if bytes.starts_with(PNG_SIGNATURE) {
            Some(Self::Png)
        } else if bytes.starts_with(PDF_MAGIC) {
            Some(Self::Pdf)
        } else {
            None
        }
    }

    /// Whether a declared type says this, or says nothing.
    pub(crate) fn agrees_with(self, declared_mime: Option<&str>) -> bool {
        let declared = declared_mime.unwrap_or_default();
        let essence = declared.split(';').next().unwrap_or_default().trim();
        let is = |name: &str| essence.eq_ignore_ascii_case(name);
        if essence.is_empty() || is("application/octet-stream") {
            return true;
        }
        // Not registered, but what some phones send.
        is(self.mime()) || (self == Self::Jpeg && is("image/jpg"))
    }
}

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Pdf => "PDF",
        })
    }
}
