//! The only page of a PDF as a picture.
//!
//! Owns what a PDF may hold. The renderer is pure Rust and forbids unsafe code, and is bounded all the same: file size,
//! number of objects, declared image sizes and the output are checked before it starts. A panic inside it is caught by
//! [`crate::image::decode`]; time is bounded by whoever runs the reader.

use filot_domain::reason::ReasonCode;
use hayro::hayro_interpret::InterpreterSettings;
use hayro::hayro_syntax::object::{Object, dict::keys};
use hayro::hayro_syntax::{LoadPdfError, Pdf};
use hayro::vello_cpu::color::palette::css::WHITE;
use hayro::{PixmapSettings, RenderCache, RenderSettings};
use image::RgbImage;

use crate::error::ReadError;
use crate::image::limits::{WORKING_SIDE, check_size};

/// The longest side of the rendered page in pixels: an A4 page at about 205 dots per inch.
const RENDER_SIDE: f32 = WORKING_SIDE as f32;
/// The shortest side that could show a card.
const MIN_SIDE: f32 = 64.0;
/// The most objects a PDF with one page may have.
const MAX_OBJECTS: usize = 5_000;
/// How deep a program in a PDF may be nested; real ones have a handful of levels.
const MAX_PROGRAM_DEPTH: usize = 64;
/// The most bytes of PDF that are parsed; uploads are smaller.
const MAX_BYTES: usize = 8 * 1024 * 1024;

fn unsupported(message: &str) -> ReadError {
    ReadError::new(ReasonCode::PdfUnsupported, message)
}

/// Renders the page, long side [`RENDER_SIDE`] pixels, on white.
///
/// # Errors
/// `pdf_unsupported` for a file that is encrypted, damaged or too large, or has not exactly one page;
/// `image_too_large` for one that holds a picture beyond the limits.
pub fn render_only_page(bytes: &[u8]) -> Result<RgbImage, ReadError> {
    if bytes.len() > MAX_BYTES {
        return Err(unsupported("the PDF is too large"));
    }
    if declares_encryption(bytes) {
        return Err(unsupported("the PDF is encrypted"));
    }
    render(bytes)
}

/// Whether a trailer names an encryption dictionary. The name is always in clear, whatever else is not; even a PDF
/// that opens with an empty password is refused: the API says that encrypted files are.
fn declares_encryption(bytes: &[u8]) -> bool {
    const NAME: &[u8] = b"/Encrypt";
    bytes.windows(NAME.len() + 1).any(|w| {
        w.starts_with(NAME)
            && w.last().is_some_and(|next| next.is_ascii_whitespace() || b"<[/".contains(next))
    })
}

fn render(bytes: &[u8]) -> Result<RgbImage, ReadError> {
    let pdf = Pdf::new(bytes.to_vec()).map_err(|error| match error {
        LoadPdfError::Decryption(_) => unsupported("the PDF is encrypted"),
        LoadPdfError::Invalid => unsupported("the PDF is damaged"),
    })?;
    if pdf.len() > MAX_OBJECTS {
        return Err(unsupported("the PDF has too many objects"));
    }
    let page = match &**pdf.pages() {
        [page] => page,
        [] => return Err(unsupported("the PDF has no page")),
        _ => return Err(unsupported("the PDF has more than one page")),
    };
    check_streams(&pdf)?;

    let (width, height) = page.render_dimensions();
    let long = width.max(height);
    if !(long.is_finite() && long > 0.0) {
        return Err(unsupported("the PDF's page has no area"));
    }
    let scale = RENDER_SIDE / long;
    if width.min(height) * scale < MIN_SIDE {
        return Err(unsupported("the PDF's page is a mere strip"));
    }
    let pixmap = hayro::render(
        page,
        &RenderCache::new(),
        &InterpreterSettings::default(),
        &RenderSettings::default(),
        &PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE },
    );
    let mut rgb = RgbImage::new(u32::from(pixmap.width()), u32::from(pixmap.height()));
    // The ground is opaque white, so premultiplied and plain colour are the same.
    for (to, from) in rgb.pixels_mut().zip(pixmap.data()) {
        to.0 = [from.r, from.g, from.b];
    }
    Ok(rgb)
}

/// An embedded image unpacks to what it declares: it is held to the same limits as a picture file. A program is parsed by
/// descent, and too many levels of it would end the process for want of stack, which nothing can catch.
fn check_streams(pdf: &Pdf) -> Result<(), ReadError> {
    for object in pdf.objects() {
        let Object::Stream(stream) = object else { continue };
        let dict = stream.dict();
        if let (Some(width), Some(height)) = (dict.get::<u32>(keys::WIDTH), dict.get::<u32>(keys::HEIGHT)) {
            if width == 0 || height == 0 {
                return Err(unsupported("the PDF holds a picture that has no pixels"));
            }
            check_size(width, height)?;
        }
        if dict.get::<u32>(keys::FUNCTION_TYPE) == Some(4)
            && stream.decoded_data().is_ok_and(|program| depth(&program) > MAX_PROGRAM_DEPTH)
        {
            return Err(unsupported("the PDF holds a program that is nested too deeply"));
        }
    }
    Ok(())
}

/// The most braces that are open at once. What stands in a comment opens and closes nothing.
fn depth(program: &[u8]) -> usize {
    let (mut open, mut most, mut is_comment) = (0_usize, 0, false);
    for byte in program {
        match byte {
            b'\r' | b'\n' => is_comment = false,
            _ if is_comment => {}
            b'%' => is_comment = true,
            b'{' => open += 1,
            b'}' => open = open.saturating_sub(1),
            _ => {}
        }
        most = most.max(open);
    }
    most
}
