//! The kinds of file that are accepted, by content and by declared type.

use std::fmt;

/// Start of image. Some cameras leave bytes between it and the next marker.
const JPEG_MAGIC: &[u8] = &[0xFF, 0xD8];
/// The first bytes of every PNG.
pub(crate) const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The first bytes of every PDF; its version follows.
pub(crate) const PDF_MAGIC: &[u8] = b"%PDF-";
/// The header of a PDF stands in the first so many bytes: mail programs and portals put lines before it.
const PDF_HEADER_WINDOW: usize = 1024;

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

    /// By the first bytes alone, and where the file itself begins: a picture with the first byte, a PDF at its header.
    pub(crate) fn of_magic(bytes: &[u8]) -> Option<(Self, usize)> {
        if bytes.starts_with(JPEG_MAGIC) {
            Some((Self::Jpeg, 0))
        } else if bytes.starts_with(PNG_SIGNATURE) {
            Some((Self::Png, 0))
        } else {
            let window = bytes.get(..PDF_HEADER_WINDOW).unwrap_or(bytes);
            let at = window.windows(PDF_MAGIC.len()).position(|found| found == PDF_MAGIC)?;
            Some((Self::Pdf, at))
        }
    }

    /// Whether a declared type says this, or says nothing.
    pub(crate) fn agrees_with(self, declared_mime: Option<&str>) -> bool {
        let declared = declared_mime.unwrap_or_default();
        let essence = declared.split(';').next().unwrap_or_default().trim();
        let is = |name: &&str| essence.eq_ignore_ascii_case(name);
        // Without a slash (`undefined`, `jpg`) or with a wildcard it names no type.
        let names_none = !essence.contains('/') || essence.contains('*') || SAYS_NOTHING.iter().any(&is);
        names_none || is(&self.mime()) || self.other_names().iter().any(is)
    }

    /// Names that are not registered, and that phones, browsers and scanners send.
    const fn other_names(self) -> &'static [&'static str] {
        match self {
            Self::Jpeg => &["image/jpg", "image/pjpeg", "image/jfif", "image/x-jpeg", "image/x-citrix-jpeg"],
            Self::Png => &["image/x-png", "image/x-citrix-png"],
            Self::Pdf => &["application/x-pdf"],
        }
    }
}

/// Types that HTTP clients set where they do not know the file's.
const SAYS_NOTHING: [&str; 8] = [
    "application/octet-stream",
    "binary/octet-stream",
    "application/binary",
    "application/unknown",
    "content/unknown",
    "application/force-download",
    "application/x-download",
    // The form's own type, set on its part.
    "multipart/form-data",
];

impl fmt::Display for FileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Pdf => "PDF",
        })
    }
}
