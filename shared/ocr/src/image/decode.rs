//! Bytes of a JPEG, a PNG or a one-page PDF in, an upright RGB picture of bounded size out.
//!
//! Owns every limit on what a file may unpack to. The header is asked first; nothing is decoded that would exceed
//! [`MAX_PIXELS`] or [`MAX_ALLOC_BYTES`]. It must not know what is in the picture.

use std::fmt;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use filot_domain::reason::ReasonCode;
use filot_media::{MAX_PIXELS, MAX_SIDE};
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::{DynamicImage, ImageDecoder, Limits, RgbImage};

use crate::error::ReadError;
use crate::image::resample::downscale_rgb;

/// The most bytes that decoding may hold at once.
pub const MAX_ALLOC_BYTES: u64 = 256 * 1024 * 1024;
/// The longest side of the picture that the rest of the pipeline works on.
pub const WORKING_SIDE: u32 = 2400;

/// What the file was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SourceKind {
    /// JFIF or EXIF.
    Jpeg,
    /// Any colour type and depth.
    Png,
    /// The only page of a PDF.
    Pdf,
}

/// A picture ready for the rest of the pipeline.
#[derive(Clone)]
pub struct Decoded {
    /// Upright by its EXIF orientation, alpha laid on white, long side at most [`WORKING_SIDE`].
    pub image: RgbImage,
    /// What the file was.
    pub kind: SourceKind,
    /// Pixels of the upright source per pixel of `image`, 1 or more.
    pub reduction: f32,
}

/// Without the pixels: they are identity data.
impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded")
            .field("size", &self.image.dimensions())
            .field("kind", &self.kind)
            .field("reduction", &self.reduction)
            .finish_non_exhaustive()
    }
}

/// Decodes a file by its magic bytes, whatever it was declared to be. A decoder that panics has found a damaged file: the
/// reader goes on to the next one.
///
/// # Errors
/// `file_unreadable` for what is damaged or of no known kind, `image_too_large` for what exceeds the limits,
/// `pdf_unsupported` for a PDF that is encrypted, has not exactly one page or cannot be rendered.
pub fn decode(bytes: &[u8]) -> Result<Decoded, ReadError> {
    catch_unwind(AssertUnwindSafe(|| decode_by_magic(bytes))).unwrap_or_else(|_| {
        Err(if bytes.starts_with(PDF_MAGIC) {
            ReadError::new(ReasonCode::PdfUnsupported, "the PDF cannot be rendered")
        } else {
            damaged("picture")
        })
    })
}

const PDF_MAGIC: &[u8] = b"%PDF-";
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

fn decode_by_magic(bytes: &[u8]) -> Result<Decoded, ReadError> {
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        let decoder = JpegDecoder::new(Cursor::new(bytes)).map_err(|_| damaged("JPEG"))?;
        Ok(finish(decode_raster(decoder, "JPEG")?, SourceKind::Jpeg))
    } else if bytes.starts_with(PNG_SIGNATURE) {
        let bytes = &without_extras(bytes);
        let decoder =
            PngDecoder::with_limits(Cursor::new(bytes), limits()).map_err(|e| refused(&e, "PNG"))?;
        Ok(finish(decode_raster(decoder, "PNG")?, SourceKind::Png))
    } else if bytes.starts_with(PDF_MAGIC) {
        Ok(finish(crate::image::pdf::render_only_page(bytes)?, SourceKind::Pdf))
    } else {
        Err(ReadError::new(ReasonCode::FileUnreadable, "the file is neither a JPEG nor a PNG nor a PDF"))
    }
}

/// The PNG without profiles, comments and animations: nobody looks at them, and a decoder unpacks them.
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

fn too_large() -> ReadError {
    ReadError::new(ReasonCode::ImageTooLarge, "the picture has more pixels than are read")
}

fn refused(error: &image::ImageError, what: &str) -> ReadError {
    if matches!(error, image::ImageError::Limits(_)) { too_large() } else { damaged(what) }
}

/// Whether a declared size may be decoded at all.
pub(crate) fn check_size(width: u32, height: u32) -> Result<(), ReadError> {
    if width == 0 || height == 0 {
        return Err(ReadError::new(ReasonCode::FileUnreadable, "the picture has no pixels"));
    }
    if width > MAX_SIDE || height > MAX_SIDE || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(too_large());
    }
    Ok(())
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
    let over = |c: u8, a: u8| {
        let sum = u32::from(c) * u32::from(a) + 255 * (255 - u32::from(a));
        u8::try_from((sum + 127) / 255).unwrap_or(u8::MAX)
    };
    let mut rgb = RgbImage::new(width, height);
    for (to, from) in rgb.pixels_mut().zip(rgba.pixels()) {
        let [r, g, b, a] = from.0;
        to.0 = [over(r, a), over(g, a), over(b, a)];
    }
    rgb
}

fn finish(image: RgbImage, kind: SourceKind) -> Decoded {
    let long = image.width().max(image.height());
    if long <= WORKING_SIDE {
        return Decoded { image, kind, reduction: 1.0 };
    }
    let reduction = f64::from(long) / f64::from(WORKING_SIDE);
    let side = |s: u32| ((f64::from(s) / reduction).round() as u32).max(1);
    let (width, height) = (side(image.width()), side(image.height()));
    Decoded { image: downscale_rgb(&image, width, height), kind, reduction: reduction as f32 }
}

#[cfg(test)]
mod tests;
