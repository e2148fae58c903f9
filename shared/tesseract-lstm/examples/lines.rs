//! Reads picture files as lines of text: `cargo run --release --example lines -- --lang ind FILE…`
//!
//! Text and confidence are those of `tesseract FILE stdout --psm 13 --oem 1 -l LANG`, version 5.3.0.

use std::error::Error;
use std::io::{self, BufRead, Write};
use std::path::{Path, PathBuf};

use clap::Parser;
use image::{DynamicImage, ImageReader};
use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;
use tesseract_lstm::{Engine, LineImage, Model, PixelFormat, Recognizer};

/// Files that are read together.
const BATCH: usize = 64;

#[derive(Parser)]
#[command(name = "lines", about = "Reads each picture as one line of text; prints one JSON object per file")]
struct Arguments {
    /// Models, the first one first: `ind`, `eng` or `ind+eng`.
    #[arg(long, default_value = "ind")]
    lang: String,
    /// Code that the networks run on; the fastest one of this machine if nothing is said.
    #[arg(long)]
    engine: Option<String>,
    /// Where the models are.
    #[arg(long, env = "TESSDATA_PREFIX", default_value = "/usr/share/tesseract-ocr/5/tessdata")]
    tessdata: PathBuf,
    /// Prints how many lines were read in how many seconds of processor time, files and models apart.
    #[arg(long)]
    time: bool,
    /// Pictures in PNG or JPEG; `-` for paths on the standard input, one a line.
    #[arg(required = true)]
    files: Vec<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments = Arguments::parse();
    let models = arguments
        .lang
        .split('+')
        .map(|lang| {
            let path = arguments.tessdata.join(format!("{lang}.traineddata"));
            Model::load(&path).map_err(|error| format!("{}: {error}", path.display()))
        })
        .collect::<Result<Vec<_>, _>>()?;
    let engine = match &arguments.engine {
        None => Engine::detect(),
        Some(name) => Engine::named(name).ok_or_else(|| {
            let names: Vec<_> = Engine::available().map(Engine::name).collect();
            format!("this machine has no engine {name}, but {}", names.join(", "))
        })?,
    };
    let recognizer = Recognizer::new(&models.iter().collect::<Vec<_>>(), engine);

    let files = match arguments.files.as_slice() {
        [only] if only == "-" => io::stdin().lock().lines().collect::<Result<Vec<_>, _>>()?,
        _ => arguments.files,
    };
    let mut stdout = io::stdout().lock();
    let mut seconds = 0.0;
    for files in files.chunks(BATCH) {
        let mut pictures = Vec::new();
        for file in files {
            pictures.push(Picture::read(Path::new(file)).map_err(|error| format!("{file}: {error}"))?);
        }
        let lines = pictures.iter().map(Picture::line).collect::<Result<Vec<_>, _>>()?;
        let started = processor_seconds()?;
        let read = recognizer.recognize(&lines);
        seconds += processor_seconds()? - started;
        if arguments.time {
            continue;
        }
        for (file, line) in files.iter().zip(read) {
            let object = json!({ "file": file, "text": line.text(), "confidence": line.confidence() });
            writeln!(stdout, "{object}")?;
        }
    }
    if arguments.time {
        writeln!(stdout, "{}", json!({ "lines": files.len(), "seconds": seconds }))?;
    }
    Ok(())
}

fn processor_seconds() -> nix::Result<f64> {
    let time = getrusage(UsageWho::RUSAGE_SELF)?.user_time();
    Ok(time.tv_sec() as f64 + time.tv_usec() as f64 * 1e-6)
}

struct Picture {
    width: u32,
    height: u32,
    format: PixelFormat,
    pixels: Vec<u8>,
}

impl Picture {
    /// Pixels as Tesseract's command line gets them from leptonica: grey stays grey, deep pixels lose their low bytes,
    /// and what is transparent lies on white.
    fn read(path: &Path) -> Result<Self, image::ImageError> {
        let picture = ImageReader::open(path)?.with_guessed_format()?.decode()?;
        let (width, height) = (picture.width(), picture.height());
        let (format, pixels) = match picture {
            DynamicImage::ImageLuma8(grey) => (PixelFormat::Grey, grey.into_raw()),
            DynamicImage::ImageLuma16(grey) => (PixelFormat::Grey, high_bytes(grey.as_raw())),
            DynamicImage::ImageRgb8(rgb) => (PixelFormat::Rgb, rgb.into_raw()),
            DynamicImage::ImageRgb16(rgb) => (PixelFormat::Rgb, high_bytes(rgb.as_raw())),
            other => (PixelFormat::Rgb, on_white(&other)),
        };
        Ok(Self { width, height, format, pixels })
    }

    fn line(&self) -> Result<LineImage<'_>, tesseract_lstm::ImageError> {
        LineImage::new(self.width, self.height, self.format, &self.pixels)
    }
}

fn high_bytes(values: &[u16]) -> Vec<u8> {
    values.iter().map(|value| (value >> 8) as u8).collect()
}

/// leptonica's `pixRemoveAlpha`: products in float and double, the sum cut off.
fn on_white(picture: &DynamicImage) -> Vec<u8> {
    let blend = |color: u8, alpha: u8| {
        let share = (f64::from(alpha) / 255.0) as f32;
        ((1.0 - f64::from(share)) * 255.0 + f64::from(share * f32::from(color))) as u8
    };
    let rgba = picture.to_rgba8();
    rgba.pixels().flat_map(|pixel| [0, 1, 2].map(|channel| blend(pixel.0[channel], pixel.0[3]))).collect()
}
