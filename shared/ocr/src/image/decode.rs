//! Bytes of a JPEG, a PNG or a PDF in, upright RGB pictures of bounded size out.
//!
//! Owns the formats of picture files. What a file is, [`filot_media::identify`] says, as it does for the upload; nothing is
//! decoded that would exceed the limits of [`crate::image::limits`]. It must not know what is in the picture.

use std::fmt;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use filot_domain::reason::ReasonCode;
use filot_media::{FileKind, MAX_SIDE, MediaError};
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::{DynamicImage, ImageDecoder, Limits, RgbImage};

use crate::error::ReadError;
use crate::image::jpeg::{JpegError, read_through};
use crate::image::limits::{MAX_ALLOC_BYTES, WORKING_SIDE, check_size, too_large};
use crate::image::pdf::PdfFile;
use crate::image::resample::downscale_rgb;

/// A picture ready for the rest of the pipeline.
#[derive(Clone)]
pub struct Decoded {
    /// Upright by its EXIF orientation, alpha laid on white, long side at most [`WORKING_SIDE`].
    pub image: RgbImage,
    /// Share of the picture's rows that the file holds, 0 to 1. What is missing is grey or white.
    pub share: f32,
    /// Whether something on the page could not be decoded, and is not there.
    pub lacks_a_picture: bool,
}

/// Without the pixels: they are identity data.
impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded")
            .field("size", &self.image.dimensions())
            .field("share", &self.share)
            .finish_non_exhaustive()
    }
}

impl Decoded {
    fn of(image: RgbImage, share: f32) -> Self {
        Self { image: reduced(image), share, lacks_a_picture: false }
    }

    /// Whether the file holds every row of it, and nothing is left out.
    pub fn is_complete(&self) -> bool {
        self.share >= 1.0 && !self.lacks_a_picture
    }

    /// Whether there is nothing to see: every pixel is white.
    pub fn is_blank(&self) -> bool {
        self.image.as_raw().iter().all(|value| *value >= BLANK_FROM)
    }
}

/// From this value on a channel counts as white.
const BLANK_FROM: u8 = 250;

/// A file that was opened.
pub enum PictureFile<'a> {
    /// One picture.
    Jpeg(&'a [u8]),
    /// One picture.
    Png(&'a [u8]),
    /// A picture for each page.
    Pdf(Box<PdfFile>),
}

impl<'a> PictureFile<'a> {
    /// Opens a file by its content, whatever it was declared to be. What the upload refuses is refused here.
    ///
    /// # Errors
    /// `file_unreadable` for what is damaged or of no known kind, `image_too_large` for what exceeds the limits,
    /// `pdf_unsupported` for a PDF that is encrypted, has no page or cannot be rendered.
    pub fn open(bytes: &'a [u8]) -> Result<Self, ReadError> {
        let found = filot_media::identify(bytes).map_err(refusal)?;
        Ok(match found.kind {
            FileKind::Jpeg => Self::Jpeg(bytes),
            FileKind::Png => Self::Png(bytes),
            FileKind::Pdf => {
                let body = bytes.get(found.begins_at..).unwrap_or_default();
                Self::Pdf(Box::new(guarded(FileKind::Pdf, || PdfFile::open(body))?))
            }
        })
    }

    /// How many pictures it has, at least one.
    pub fn pages(&self) -> usize {
        match self {
            Self::Jpeg(_) | Self::Png(_) => 1,
            Self::Pdf(pdf) => pdf.pages(),
        }
    }

    /// Decodes a picture. A decoder that panics has found a damaged file: the reader goes on to the next one.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn picture(&self, page: usize) -> Result<Decoded, ReadError> {
        match self {
            Self::Jpeg(bytes) => guarded(FileKind::Jpeg, || decode_jpeg(bytes)),
            Self::Png(bytes) => guarded(FileKind::Png, || decode_png(bytes)),
            Self::Pdf(pdf) => guarded(FileKind::Pdf, || {
                let page = pdf.render(page)?;
                let share = if page.is_complete { 1.0 } else { 0.0 };
                Ok(Decoded { lacks_a_picture: page.lacks_a_picture, ..Decoded::of(page.image, share) })
            }),
        }
    }
}

/// Runs a decoder that may panic.
fn guarded<T>(kind: FileKind, work: impl FnOnce() -> Result<T, ReadError>) -> Result<T, ReadError> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        Err(match kind {
            FileKind::Pdf => ReadError::new(ReasonCode::PdfUnsupported, "the PDF cannot be rendered"),
            _ => damaged("picture"),
        })
    })
}

/// The reason for what the upload would refuse.
fn refusal(error: MediaError) -> ReadError {
    let reason = match error {
        MediaError::TooManyPixels => ReasonCode::ImageTooLarge,
        MediaError::Damaged(FileKind::Pdf)
        | MediaError::Unsupported(FileKind::Pdf)
        | MediaError::Encrypted => ReasonCode::PdfUnsupported,
        _ => ReasonCode::FileUnreadable,
    };
    ReadError::new(reason, error.to_string())
}

fn decode_jpeg(bytes: &[u8]) -> Result<Decoded, ReadError> {
    let read = read_through(bytes).map_err(|error| match error {
        JpegError::Damaged => damaged("JPEG"),
        JpegError::TooLarge => too_large(),
    })?;
    let decoder = JpegDecoder::new(Cursor::new(&read.file)).map_err(|_| damaged("JPEG"))?;
    let share = read.rows as f32 / read.height as f32;
    Ok(Decoded::of(decode_raster(decoder, "JPEG")?, share))
}

fn decode_png(bytes: &[u8]) -> Result<Decoded, ReadError> {
    let bytes = &without_extras(bytes);
    let decoder = PngDecoder::with_limits(Cursor::new(bytes), limits()).map_err(|e| refused(&e, "PNG"))?;
    match decode_raster(decoder, "PNG") {
        Ok(image) => Ok(Decoded::of(image, 1.0)),
        Err(error) if error.reason == ReasonCode::FileUnreadable => png_rows(bytes).ok_or(error),
        Err(error) => Err(error),
    }
}

/// The rows of a PNG up to where it breaks off, on white; `None` without any, and for an interlaced one.
fn png_rows(bytes: &[u8]) -> Option<Decoded> {
    let limits = png::Limits { bytes: usize::try_from(MAX_ALLOC_BYTES).ok()? };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = reader.info().size();
    if reader.info().interlaced || check_size(width, height).is_err() {
        return None;
    }
    let (colour, _) = reader.output_color_type();
    let mut image = RgbImage::from_pixel(width, height, image::Rgb([u8::MAX; 3]));
    let mut rows = 0;
    for to in image.rows_mut() {
        let Ok(Some(row)) = reader.next_row() else { break };
        for (to, from) in to.zip(row.data().chunks_exact(colour.samples())) {
            to.0 = match *from {
                [v] => [v; 3],
                [v, a] => [over_white(v, a); 3],
                [r, g, b] => [r, g, b],
                [r, g, b, a] => [over_white(r, a), over_white(g, a), over_white(b, a)],
                _ => return None,
            };
        }
        rows += 1;
    }
    (rows > 0).then(|| Decoded::of(image, rows as f32 / height as f32))
}

const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

/// The PNG without profiles, comments and animations: nothing uses them, and a decoder unpacks them.
fn without_extras(png: &[u8]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(png.len());
    let (signature, mut rest) = png.split_at(PNG_SIGNATURE.len().min(png.len()));
    kept.extend_from_slice(signature);
    while let Some(&[a, b, c, d, name @ ..]) = rest.first_chunk::<8>() {
        // Length, name, data, checksum; what is cut short is the decoder's to judge.
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let (chunk, behind) = rest.split_at(length.saturating_add(12).min(rest.len()));
        // A small first letter marks what a decoder may leave out.
        if name[0].is_ascii_uppercase() || matches!(&name, b"tRNS" | b"eXIf") {
            kept.extend_from_slice(chunk);
        }
        rest = behind;
    }
    kept.extend_from_slice(rest);
    kept
}

fn limits() -> Limits {
    let mut limits = Limits::default();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_ALLOC_BYTES);
    limits
}

fn damaged(what: &str) -> ReadError {
    ReadError::new(ReasonCode::FileUnreadable, format!("the {what} is damaged"))
}

fn refused(error: &image::ImageError, what: &str) -> ReadError {
    if matches!(error, image::ImageError::Limits(_)) { too_large() } else { damaged(what) }
}

fn decode_raster(mut decoder: impl ImageDecoder, what: &str) -> Result<RgbImage, ReadError> {
    let (width, height) = decoder.dimensions();
    check_size(width, height)?;
    if decoder.total_bytes() > MAX_ALLOC_BYTES {
        return Err(too_large());
    }
    decoder.set_limits(limits()).map_err(|e| refused(&e, what))?;
    // A damaged EXIF block is no reason to refuse the picture.
    let orientation = decoder.orientation().unwrap_or(image::metadata::Orientation::NoTransforms);
    let decoded = DynamicImage::from_decoder(decoder).map_err(|e| refused(&e, what))?;
    let mut upright = DynamicImage::ImageRgb8(on_white(decoded));
    upright.apply_orientation(orientation);
    Ok(upright.into_rgb8())
}

/// Drops alpha by laying the picture on white, as paper would show it.
fn on_white(image: DynamicImage) -> RgbImage {
    if !image.color().has_alpha() {
        return image.into_rgb8();
    }
    let rgba = image.into_rgba8();
    let (width, height) = rgba.dimensions();
    let mut rgb = RgbImage::new(width, height);
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, a] = from.0;
        to.0 = [over_white(r, a), over_white(g, a), over_white(b, a)];
    }
    rgb
}

/// A value of this opacity on white.
fn over_white(value: u8, alpha: u8) -> u8 {
    let sum = u32::from(value) * u32::from(alpha) + 255 * (255 - u32::from(alpha));
    u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
}

/// The picture no larger than the reader works on.
fn reduced(image: RgbImage) -> RgbImage {
    let long = image.width().max(image.height());
    if long <= WORKING_SIDE {
        return image;
    }
    let reduction = f64::from(long) / f64::from(WORKING_SIDE);
    let side = |s: u32| ((f64::from(s) / reduction).round() as u32).max(1);
    let (width, height) = (side(image.width()), side(image.height()));
    downscale_rgb(&image, width, height)
}

#[cfg(test)]
mod tests;
