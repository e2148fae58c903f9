//! The pages of a PDF as pictures.
//!
//! Owns what a PDF may hold. The renderer is pure Rust and forbids unsafe code, and is bounded all the same: file size,
//! number of objects, declared image sizes and the output are checked before it starts. It leaves out what it cannot read;
//! here that is an error, or said. A panic inside it is caught by [`crate::image::decode`]; time is bounded by whoever runs
//! the reader.

mod pictures;

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use filot_domain::reason::ReasonCode;
use hayro::hayro_interpret::{InterpreterSettings, InterpreterWarning};
use hayro::hayro_syntax::content::ops::TypedInstruction;
use hayro::hayro_syntax::object::{Object, dict::keys};
use hayro::hayro_syntax::page::Page;
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
/// The most objects a PDF of a few pages may have.
const MAX_OBJECTS: usize = 5_000;
/// How deep a program in a PDF may be nested; real ones have a handful of levels.
const MAX_PROGRAM_DEPTH: usize = 64;
/// The most pictures of a PDF that are written anew.
const MAX_CHANGED: usize = 8;
/// The most bytes of PDF that are parsed; uploads are smaller.
const MAX_BYTES: usize = 8 * 1024 * 1024;

fn unsupported(message: &str) -> ReadError {
    ReadError::new(ReasonCode::PdfUnsupported, message)
}

/// A PDF that can be rendered.
pub struct PdfFile {
    pdf: Pdf,
}

/// A page as a picture.
pub struct RenderedPage {
    /// Long side [`RENDER_SIDE`] pixels, on white.
    pub image: RgbImage,
    /// Whether a picture that belongs on it could not be decoded, and is missing.
    pub lacks_a_picture: bool,
    /// Whether the data of its pictures hold every row of them.
    pub is_complete: bool,
}

impl PdfFile {
    /// Opens a file that begins with its header.
    ///
    /// # Errors
    /// `pdf_unsupported` for a file that is encrypted, damaged or too large, or has no page; `image_too_large` for one that
    /// holds a picture beyond the limits.
    pub fn open(bytes: &[u8]) -> Result<Self, ReadError> {
        if bytes.len() > MAX_BYTES {
            return Err(unsupported("the PDF is too large"));
        }
        let mut bytes = bytes.to_vec();
        pictures::without_jbig2_headers(&mut bytes);
        let mut pdf = load(bytes)?;
        if pdf.len() > MAX_OBJECTS {
            return Err(unsupported("the PDF has too many objects"));
        }
        if pdf.pages().is_empty() {
            return Err(unsupported("the PDF has no page"));
        }
        check_streams(&pdf)?;
        if let Some(changed) = with_pictures_in_one_scan(&pdf)? {
            pdf = load(changed)?;
        }
        Ok(Self { pdf })
    }

    /// How many pages it has.
    pub fn pages(&self) -> usize {
        self.pdf.pages().len()
    }

    /// Renders a page.
    ///
    /// # Errors
    /// `pdf_unsupported` for a page without area.
    pub fn render(&self, page: usize) -> Result<RenderedPage, ReadError> {
        let page = self.pdf.pages().get(page).ok_or_else(|| unsupported("the PDF has no such page"))?;
        let (width, height) = page.render_dimensions();
        let long = width.max(height);
        if !(long.is_finite() && long > 0.0) {
            return Err(unsupported("the PDF's page has no area"));
        }
        let scale = RENDER_SIDE / long;
        if width.min(height) * scale < MIN_SIDE {
            return Err(unsupported("the PDF's page is a mere strip"));
        }
        let undecoded = Arc::new(AtomicBool::new(false));
        let sink = Arc::clone(&undecoded);
        let settings = InterpreterSettings {
            warning_sink: Arc::new(move |warning| {
                if matches!(warning, InterpreterWarning::ImageDecodeFailure) {
                    sink.store(true, Ordering::Relaxed);
                }
            }),
            ..InterpreterSettings::default()
        };
        let pixmap = hayro::render(
            page,
            &RenderCache::new(),
            &settings,
            &RenderSettings::default(),
            &PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE },
        );
        let mut image = RgbImage::new(u32::from(pixmap.width()), u32::from(pixmap.height()));
        // The ground is opaque white, so premultiplied and plain colour are the same.
        for (to, from) in image.pixels_mut().zip(pixmap.data()) {
            to.0 = [from.r, from.g, from.b];
        }
        let pictures = pictures::pictures(page.resources());
        let lacks_a_picture = undecoded.load(Ordering::Relaxed)
            || names_what_is_missing(page)
            || !pictures.iter().all(pictures::has_known_filters);
        let is_complete = pictures.iter().all(pictures::is_complete);
        Ok(RenderedPage { image, lacks_a_picture, is_complete })
    }
}

fn load(bytes: Vec<u8>) -> Result<Pdf, ReadError> {
    Pdf::new(bytes).map_err(|error| match error {
        LoadPdfError::Decryption(_) => unsupported("the PDF is encrypted"),
        LoadPdfError::Invalid => unsupported("the PDF is damaged"),
    })
}

/// Whether the page draws something that is not in the file.
fn names_what_is_missing(page: &Page<'_>) -> bool {
    let mut operations = page.typed_operations();
    std::iter::from_fn(|| match operations.next()? {
        TypedInstruction::XObject(named) => Some(page.resources().get_x_object(named.0).is_none()),
        _ => Some(false),
    })
    .any(|is_missing| is_missing)
}

/// The file with its JPEGs of several scans replaced, as an editor would do it: changed objects behind the end, and a table
/// of them. `None` if there are no such JPEGs; an error if there are too many.
fn with_pictures_in_one_scan(pdf: &Pdf) -> Result<Option<Vec<u8>>, ReadError> {
    let mut out: Vec<u8> = Vec::new();
    let mut table = String::new();
    let mut count = 0;
    for object in pdf.objects() {
        let Object::Stream(stream) = object else { continue };
        if !pictures::is_picture(&stream) {
            continue;
        }
        let Some(jpeg) = pictures::in_one_scan(&stream) else { continue };
        count += 1;
        if count > MAX_CHANGED {
            return Err(unsupported("the PDF has too many pictures in several scans"));
        }
        if out.is_empty() {
            out.extend_from_slice(pdf.data().as_ref());
            out.push(b'\n');
        }
        let id = stream.obj_id();
        let _ = write!(table, "{} 1\n{:010} {:05} n \n", id.obj_number, out.len(), id.gen_number);
        out.extend_from_slice(format!("{} {} obj\n", id.obj_number, id.gen_number).as_bytes());
        out.extend_from_slice(stream.dict().data());
        out.extend_from_slice(b"\nstream\n");
        out.extend_from_slice(&jpeg);
        out.extend_from_slice(b"\nendstream\nendobj\n");
    }
    if out.is_empty() {
        return Ok(None);
    }
    let (root, at) = (pdf.xref().root_id(), out.len());
    let before = last_table(pdf.data().as_ref()).map(|at| format!("/Prev {at}")).unwrap_or_default();
    let trailer = format!(
        "xref\n{table}trailer\n<< /Size {} /Root {} {} R {before} >>\nstartxref\n{at}\n%%EOF\n",
        MAX_OBJECTS, root.obj_number, root.gen_number
    );
    out.extend_from_slice(trailer.as_bytes());
    Ok(Some(out))
}

/// Where the file says that its own table of objects is.
fn last_table(bytes: &[u8]) -> Option<usize> {
    const MARK: &[u8] = b"startxref";
    let at = bytes.windows(MARK.len()).rposition(|found| found == MARK)?;
    let digits = bytes.get(at + MARK.len()..)?.trim_ascii_start();
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    std::str::from_utf8(digits.get(..length)?).ok()?.parse().ok()
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
