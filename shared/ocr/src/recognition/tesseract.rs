//! libtesseract as an [`Engine`]: the reference and the fallback of every other one.
//!
//! The model is loaded once per instance. The safe wrapper in the `tesseract` crate gives whole words only, so the symbol
//! iterator is reached through the C API that the crate re-exports; all `unsafe` of this crate is in this file.

use std::ffi::{CStr, CString, c_char, c_int};
use std::path::Path;
use std::ptr;

use image::GrayImage;
use tesseract::plumbing::tesseract_sys as sys;

use crate::image::resample::resized_gray;
use crate::recognition::engine::{Engine, EngineConfig, EngineError, LineImage, TextClass};
use crate::recognition::params::{self, PARAMS};
use crate::text::line::{Line, Symbol};

/// The name by which this engine is chosen.
pub const NAME: &str = "tesseract";

/// The cards' own language; a second model would double the time of every line.
const MODEL: &str = "ind";

/// A line longer or higher than this is no line of a card.
const MAX_WIDTH: u32 = 4000;
const MAX_HEIGHT: u32 = 400;
/// More symbols than any line holds.
const MAX_SYMBOLS: usize = 512;

/// Height of the lines that the model reads: an image of this height is not scaled again.
const MODEL_HEIGHT: u32 = 36;
const FITTED: params::Tesseract = PARAMS.tesseract;

/// The line as the model reads it: scaled here, once, and better than the library would.
fn as_read(line: &LineImage) -> GrayImage {
    // Numbers are short, and a slash between them is thin; a blood group is one letter and a sign; a name, which nothing
    // else can confirm, may have a word of one stroke.
    let (inner, share) = match line.class {
        TextClass::Digits | TextClass::BloodGroup | TextClass::Name => (MODEL_HEIGHT, 1.0),
        _ => (FITTED.words_height, FITTED.words_width),
    };
    let (width, height) = line.image.dimensions();
    let width = (width as f32 * share * inner as f32 / height.max(1) as f32).round() as u32;
    let scaled = resized_gray(&line.image, width.max(FITTED.least_width), inner);
    let mut framed = GrayImage::from_pixel(scaled.width(), MODEL_HEIGHT, image::Luma([255]));
    image::imageops::replace(&mut framed, &scaled, 0, i64::from((MODEL_HEIGHT - inner) / 2));
    framed
}

/// A loaded libtesseract.
pub struct Tesseract {
    handle: *mut sys::TessBaseAPI,
    class: Option<TextClass>,
}

// SAFETY: a TessBaseAPI has no thread affinity; it is only ever used through `&mut self`.
unsafe impl Send for Tesseract {}

impl Drop for Tesseract {
    fn drop(&mut self) {
        // SAFETY: `handle` came from TessBaseAPICreate and is deleted once.
        unsafe { sys::TessBaseAPIDelete(self.handle) }
    }
}

fn failed(what: &str) -> EngineError {
    EngineError::Failed(what.to_owned())
}

fn c_string(text: &str) -> Result<CString, EngineError> {
    CString::new(text).map_err(|_| failed("a setting holds a NUL byte"))
}

/// Directory of the models: the configured one, then `TESSDATA_PREFIX` (read by the library itself), then its default.
fn data_path(dir: Option<&Path>) -> Result<Option<CString>, EngineError> {
    dir.map(|dir| c_string(&dir.to_string_lossy())).transpose()
}

impl Tesseract {
    /// Loads the model.
    ///
    /// # Errors
    /// The model is in none of the directories, or there is no memory for it.
    pub fn load(config: &EngineConfig) -> Result<Self, EngineError> {
        keep_to_one_thread();
        let path = data_path(config.tessdata_dir.as_deref())?;
        let model = c_string(MODEL)?;
        // Names and addresses are not in the dictionary; its preferences would put words where there are none.
        let settings = [
            ("load_system_dawg", "0"),
            ("load_freq_dawg", "0"),
            ("debug_file", "/dev/null"),
            ("tessedit_do_invert", "0"),
        ];
        let names = settings.iter().map(|(name, _)| c_string(name)).collect::<Result<Vec<_>, _>>()?;
        let values = settings.iter().map(|(_, value)| c_string(value)).collect::<Result<Vec<_>, _>>()?;
        let mut name_pointers: Vec<*mut c_char> = names.iter().map(|s| s.as_ptr().cast_mut()).collect();
        let mut value_pointers: Vec<*mut c_char> = values.iter().map(|s| s.as_ptr().cast_mut()).collect();
        // SAFETY: no arguments.
        let engine = Self { handle: unsafe { sys::TessBaseAPICreate() }, class: None };
        if engine.handle.is_null() {
            return Err(failed("no memory for the engine"));
        }
        // SAFETY: every pointer outlives the call, and the library copies (it never writes through) the settings.
        let answer = unsafe {
            sys::TessBaseAPIInit4(
                engine.handle,
                path.as_deref().map_or(ptr::null(), CStr::as_ptr),
                model.as_ptr(),
                sys::TessOcrEngineMode_OEM_LSTM_ONLY,
                ptr::null_mut(),
                0,
                name_pointers.as_mut_ptr(),
                value_pointers.as_mut_ptr(),
                settings.len(),
                0,
            )
        };
        if answer != 0 {
            return Err(EngineError::Model {
                model: MODEL.to_owned(),
                cause: "not found in the directory configured, TESSDATA_PREFIX or the library's own"
                    .to_owned(),
            });
        }
        // A raw line is taken as it is: the rows were found before, better than the library finds them in a single line,
        // where a mark beside the print, or thin print, may pass for something else.
        // SAFETY: the handle is initialised.
        unsafe { sys::TessBaseAPISetPageSegMode(engine.handle, sys::TessPageSegMode_PSM_RAW_LINE) };
        // The library opens its debug file when it has its first message, which may be in the middle of a card and in a
        // process that may open nothing any more; then it would print to stderr. A configuration file that does not exist
        // is a message, so the file is open from here on.
        // SAFETY: the handle is initialised, the name is NUL-terminated.
        unsafe { sys::TessBaseAPIReadConfigFile(engine.handle, c"filot-has-no-such-file".as_ptr()) };
        Ok(engine)
    }

    fn set(&mut self, name: &CStr, value: &CStr) -> Result<(), EngineError> {
        // SAFETY: the handle is initialised, both strings are NUL-terminated and copied by the library.
        let known = unsafe { sys::TessBaseAPISetVariable(self.handle, name.as_ptr(), value.as_ptr()) };
        if known == 1 { Ok(()) } else { Err(failed("the library does not know a setting")) }
    }

    /// Narrows the alphabet.
    fn expect(&mut self, class: TextClass) -> Result<(), EngineError> {
        if self.class != Some(class) {
            let alphabet = match class {
                TextClass::Upper => c"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .,:;'-/()&+\"",
                TextClass::Name => c"ABCDEFGHIJKLMNOPQRSTUVWXYZ .,:;'-/",
                TextClass::BloodGroup => c"GolDarhABO.:+- ",
                TextClass::Digits => c"0123456789 .,:;-/",
                TextClass::Any => c"",
            };
            self.set(c"tessedit_char_whitelist", alphabet)?;
            self.class = Some(class);
        }
        Ok(())
    }

    fn line(&mut self, line: &LineImage) -> Result<Line, EngineError> {
        let (width, height) = line.image.dimensions();
        // The library answers nothing on slivers; beyond the upper bounds it would only cost time.
        if width < 8 || height < 8 || width > MAX_WIDTH || height > MAX_HEIGHT {
            return Ok(Line::default());
        }
        self.expect(line.class)?;
        let image = as_read(line);
        let own_scale = width as f32 / image.width() as f32;
        let (width, height) = (
            c_int::try_from(image.width()).unwrap_or_default(),
            c_int::try_from(image.height()).unwrap_or_default(),
        );
        // SAFETY: the pixels are `width * height` bytes, one per pixel, and the library copies them at once.
        unsafe {
            sys::TessBaseAPISetImage(self.handle, image.as_raw().as_ptr(), width, height, 1, width);
            sys::TessBaseAPISetSourceResolution(self.handle, 300);
        }
        // SAFETY: the handle is initialised and has an image; no monitor is passed.
        if unsafe { sys::TessBaseAPIRecognize(self.handle, ptr::null_mut()) } != 0 {
            return Err(failed("recognition gave up on a line"));
        }
        let symbols = self.symbols(own_scale);
        // SAFETY: the handle is initialised; results are not referred to any more.
        unsafe { sys::TessBaseAPIClear(self.handle) };
        Ok(Line { symbols })
    }

    /// The symbols of the last recognition. `scale`: columns of the line image per column of what was recognised.
    fn symbols(&mut self, scale: f32) -> Vec<Symbol> {
        let level = sys::TessPageIteratorLevel_RIL_SYMBOL;
        let mut symbols = Vec::new();
        // SAFETY: recognition is done. The iterator may be null when there is no text.
        let at = unsafe { sys::TessBaseAPIGetIterator(self.handle) };
        if at.is_null() {
            return symbols;
        }
        for _ in 0..MAX_SYMBOLS {
            let (mut left, mut top, mut right, mut bottom) = (0, 0, 0, 0);
            // SAFETY: `at` is a live iterator; the page view of it borrows from it and is used here only; the text is
            // a new NUL-terminated string that is freed below.
            let (text, confidence, new_word) = unsafe {
                let page = sys::TessResultIteratorGetPageIteratorConst(at);
                sys::TessPageIteratorBoundingBox(page, level, &mut left, &mut top, &mut right, &mut bottom);
                (
                    sys::TessResultIteratorGetUTF8Text(at, level),
                    sys::TessResultIteratorConfidence(at, level),
                    sys::TessPageIteratorIsAtBeginningOf(page, sys::TessPageIteratorLevel_RIL_WORD) == 1,
                )
            };
            if !text.is_null() {
                let edge = |x: c_int| (x.max(0) as f32 * scale).round() as u32;
                if new_word && !symbols.is_empty() {
                    symbols.push(Symbol {
                        character: ' ',
                        confidence: 1.0,
                        left: edge(left),
                        right: edge(left),
                    });
                }
                // SAFETY: not null, NUL-terminated, freed right after its content was copied.
                let characters = unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned();
                // SAFETY: allocated by the library for the caller to free this way.
                unsafe { sys::TessDeleteText(text) };
                for character in characters.chars() {
                    symbols.push(Symbol {
                        character,
                        confidence: (confidence / 100.0).clamp(0.0, 1.0),
                        left: edge(left),
                        right: edge(right),
                    });
                }
            }
            // SAFETY: `at` is a live iterator.
            if unsafe { sys::TessResultIteratorNext(at, level) } == 0 {
                break;
            }
        }
        // SAFETY: `at` came from TessBaseAPIGetIterator and is deleted once.
        unsafe { sys::TessResultIteratorDelete(at) };
        symbols
    }
}

impl Engine for Tesseract {
    fn name(&self) -> &'static str {
        NAME
    }

    fn recognise(&mut self, lines: &[LineImage]) -> Result<Vec<Line>, EngineError> {
        // The limit belongs to the calling thread, and the reader may have moved to another one.
        keep_to_one_thread();
        lines.iter().map(|line| self.line(line)).collect()
    }
}

/// Keeps libtesseract from opening an OpenMP team for each matrix product, which costs several times the work itself.
///
/// `OMP_THREAD_LIMIT` would do it, but is read before `main`. Lines are small: a document is one thread's work.
fn keep_to_one_thread() {
    // SAFETY: the name is NUL-terminated, and the symbol, if a library in this process has it, is the OpenMP function
    // `void omp_set_max_active_levels(int)`, which may be called at any time outside a parallel region.
    unsafe {
        let symbol = libc::dlsym(libc::RTLD_DEFAULT, c"omp_set_max_active_levels".as_ptr());
        if !symbol.is_null() {
            let set: extern "C" fn(c_int) = std::mem::transmute(symbol);
            set(0);
        }
    }
}
