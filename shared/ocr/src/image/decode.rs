//! Bytes of a JPEG, a PNG or a one-page PDF in, an upright RGB picture of bounded size out.
//!
//! Owns the formats of picture files. The header is read first; nothing is decoded that would exceed the limits of
//! [`crate::image::limits`]. It must not know what is in the picture.

use std::fmt;
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use filot_domain::reason::ReasonCode;
use filot_media::MAX_SIDE;
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::{DynamicImage, ImageDecoder, Limits, RgbImage};

use crate::error::ReadError;
use crate::image::limits::{MAX_ALLOC_BYTES, WORKING_SIDE, check_size, too_large};
use crate::image::pdf::render_only_page;
use crate::image::resample::downscale_rgb;

/// A picture ready for the rest of the pipeline.
#[derive(Clone)]
pub struct Decoded {
    /// Upright by its EXIF orientation, alpha laid on white, long side at most [`WORKING_SIDE`].
    pub image: RgbImage,
}

/// Without the pixels: they are identity data.
impl fmt::Debug for Decoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded").field("size", &self.image.dimensions()).finish_non_exhaustive()
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
        Ok(finish(decode_raster(decoder, "JPEG")?))
    } else if bytes.starts_with(PNG_SIGNATURE) {
        let bytes = &without_extras(bytes);
        let decoder =
            PngDecoder::with_limits(Cursor::new(bytes), limits()).map_err(|e| refused(&e, "PNG"))?;
        Ok(finish(decode_raster(decoder, "PNG")?))
    } else if bytes.starts_with(PDF_MAGIC) {
        Ok(finish(render_only_page(bytes)?))
    } else {
        Err(ReadError::new(ReasonCode::FileUnreadable, "the file is neither a JPEG nor a PNG nor a PDF"))
    }
}

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

/// Makes the picture no larger than the reader works on.
fn finish(image: RgbImage) -> Decoded {
    let long = image.width().max(image.height());
    if long <= WORKING_SIDE {
        return Decoded { image };
    }
    let reduction = f64::from(long) / f64::from(WORKING_SIDE);
    let side = |s: u32| ((f64::from(s) / reduction).round() as u32).max(1);
    let (width, height) = (side(image.width()), side(image.height()));
    Decoded { image: downscale_rgb(&image, width, height) }
}

#[cfg(test)]
mod tests;
