//! The committed lines with what libtesseract 5.3.0 made of them: `tests/oracle/lines.py fixtures` writes both.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use image::DynamicImage;
use serde::Deserialize;

use crate::forward::forward;
use crate::prepare::{Pixels, ScaledLine};
use crate::{Engine, LineImage, Model, PixelFormat, Recognizer};

/// Where Debian's packages put the models.
const TESSDATA: &str = "/usr/share/tesseract-ocr/5/tessdata";
/// All models with answers; `tiny` has sizes that fill no register, and a character of several outputs.
const MODELS: [&str; 3] = ["ind", "eng", "tiny"];

fn model(lang: &str) -> Model {
    let folder = if lang == "tiny" { fixtures() } else { PathBuf::from(TESSDATA) };
    Model::load(folder.join(format!("{lang}.traineddata"))).unwrap()
}

/// What libtesseract said of one line.
#[derive(Deserialize)]
struct Answer {
    lang: String,
    file: String,
    text: String,
    confidence: u8,
    /// For each language that was asked.
    runs: Vec<Run>,
}

/// What passed through its network.
#[derive(Deserialize)]
struct Run {
    pixels: usize,
    /// Checksum of the activations of the line as it is.
    input: String,
    steps: usize,
    classes: usize,
    /// Checksum of the probabilities of the better one of line and inverted line.
    softmax: String,
}

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn answers(lang: &str) -> Vec<Answer> {
    let text = fs::read_to_string(fixtures().join("answers.jsonl")).unwrap();
    let answers = text.lines().map(|line| serde_json::from_str::<Answer>(line).unwrap());
    let answers: Vec<_> = answers.filter(|answer| answer.lang == lang).collect();
    assert!(answers.len() > 50);
    answers
}

struct Picture {
    width: u32,
    height: u32,
    format: PixelFormat,
    pixels: Vec<u8>,
}

impl Picture {
    fn line(&self) -> LineImage<'_> {
        LineImage::new(self.width, self.height, self.format, &self.pixels).unwrap()
    }
}

fn pictures(answers: &[Answer]) -> Vec<Picture> {
    let picture = |answer: &Answer| {
        let path = fixtures().join("lines").join(&answer.file);
        let picture = image::ImageReader::open(path).unwrap().decode().unwrap();
        let (width, height) = (picture.width(), picture.height());
        let (format, pixels) = match picture {
            DynamicImage::ImageLuma8(grey) => (PixelFormat::Grey, grey.into_raw()),
            DynamicImage::ImageRgb8(rgb) => (PixelFormat::Rgb, rgb.into_raw()),
            other => panic!("{}: {:?}", answer.file, other.color()),
        };
        Picture { width, height, format, pixels }
    };
    answers.iter().map(picture).collect()
}

/// 64-bit FNV-1a, as the oracle prints it.
fn checksum(bytes: impl IntoIterator<Item = u8>) -> String {
    let hash = bytes
        .into_iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
    format!("{hash:016x}")
}

fn scaled(model: &Model, picture: &Picture) -> Option<ScaledLine> {
    ScaledLine::new(&picture.line(), model.plan.height, model.plan.pool_width)
}

#[test]
fn prepared_lines_are_those_of_libtesseract() {
    for lang in MODELS {
        let model = model(lang);
        let answers = answers(lang);
        for (answer, picture) in answers.iter().zip(&pictures(&answers)) {
            let pixels = scaled(&model, picture).and_then(|line| line.pixels(false));
            let found = pixels.map(|pixels| {
                (pixels.activations.len(), checksum(pixels.activations.into_iter().map(i8::cast_unsigned)))
            });
            let expected = answer.runs.first().map(|run| (run.pixels, run.input.clone()));
            assert_eq!(found, expected, "{lang} {}", answer.file);
        }
    }
}

#[test]
fn softmax_is_that_of_libtesseract_on_every_engine() {
    for lang in MODELS {
        let model = model(lang);
        let answers = answers(lang);
        let pictures = pictures(&answers);
        let lines: Vec<_> = pictures.iter().map(|picture| scaled(&model, picture)).collect();
        for engine in Engine::available() {
            let outputs = Recognizer::new(&[&model], engine).probabilities(&model, &lines);
            for (answer, outputs) in answers.iter().zip(&outputs) {
                let Some(run) = answer.runs.first() else {
                    assert!(outputs.probabilities.is_empty());
                    continue;
                };
                assert_eq!(outputs.steps().len(), run.steps, "{lang} {}", answer.file);
                assert_eq!(outputs.classes, run.classes);
                let found = checksum(outputs.probabilities.iter().flat_map(|value| value.to_le_bytes()));
                assert_eq!(found, run.softmax, "{} {lang} {}", engine.name(), answer.file);
            }
        }
    }
}

#[test]
fn text_and_confidence_are_those_of_libtesseract() {
    let models: BTreeMap<_, _> = MODELS.map(|lang| (lang, model(lang))).into();
    for lang in ["ind", "eng", "ind+eng", "tiny"] {
        let asked: Vec<&Model> = lang.split('+').map(|lang| &models[lang]).collect();
        let answers = answers(lang);
        let pictures = pictures(&answers);
        let lines: Vec<_> = pictures.iter().map(Picture::line).collect();
        for (answer, line) in answers.iter().zip(Recognizer::new(&asked, Engine::detect()).recognize(&lines))
        {
            let found = (line.text(), line.confidence());
            assert_eq!(found, (answer.text.clone(), answer.confidence), "{lang} {}", answer.file);
        }
    }
}

/// Lines of all widths, and more than fit into one tile of any kernel.
#[test]
fn a_line_is_read_the_same_alone_and_among_others() {
    let model = model("ind");
    let answers = answers("ind");
    let pictures = pictures(&answers);
    let pixels = |picture| scaled(&model, picture).and_then(|line| line.pixels(false));
    let lines: Vec<Pixels> = pictures.iter().filter_map(pixels).collect();
    for engine in Engine::available() {
        let together = forward(&model.plan, engine.kernels(), model.sample_iteration, &lines);
        for (line, among_others) in lines.iter().zip(&together).take(12) {
            let alone =
                forward(&model.plan, engine.kernels(), model.sample_iteration, std::slice::from_ref(line));
            assert!(alone[0].probabilities == among_others.probabilities, "{}", engine.name());
        }
    }
}
