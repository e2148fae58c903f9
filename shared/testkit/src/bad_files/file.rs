//! One file of the corpus, and what its generators share.

/// The seed of everything that is drawn at random.
pub const SEED: u64 = 0x0F11_0720;
/// The most bytes an upload may have; the corpus goes up to it and one beyond.
pub const FULL: usize = 2 * 1024 * 1024;

/// An invented KTP, photographed.
pub const KTP: &[u8] = include_bytes!("../../../ocr/tests/fixtures/ktp-photo.jpg");
/// An invented NPWP card, photographed.
pub const NPWP: &[u8] = include_bytes!("../../../ocr/tests/fixtures/npwp-old-photo.jpg");

/// A file of the corpus.
#[derive(Clone)]
pub struct BadFile {
    /// What is wrong with it, and where.
    pub name: String,
    /// Files of one class are bad in one way.
    pub class: &'static str,
    /// The type it is sent as.
    pub mime: &'static str,
    /// Its content.
    pub bytes: Vec<u8>,
}

impl BadFile {
    pub(super) fn new(
        class: &'static str,
        what: impl Into<String>,
        mime: &'static str,
        bytes: Vec<u8>,
    ) -> Self {
        Self { name: format!("{class}: {}", what.into()), class, mime, bytes }
    }
}

pub(super) const JPEG: &str = "image/jpeg";
pub(super) const PNG: &str = "image/png";
pub(super) const PDF: &str = "application/pdf";
