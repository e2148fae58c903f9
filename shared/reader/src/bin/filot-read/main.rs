//! Reads card images without the stack: `./dev read [--type KTP|NPWP|auto] [--engine NAME] [--debug-image OUT.png] FILE…`.
//!
//! Prints one JSON object per file and line on stdout; progress goes to stderr. Exit status: 0 when every file could be
//! read (whatever was on it), 1 when at least one could not, 2 when nothing could be started (unknown engine, no model,
//! wrong arguments).

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use clap::{Parser, ValueEnum};
use filot_domain::card::{CardKind, CardReading, DocumentType};
use filot_domain::reason::ReasonCode;
use filot_domain::scoring::{self, Thresholds};
use filot_ocr::engine::{self, EngineConfig};
use filot_ocr::error::ReadError;
use filot_ocr::pipeline::decode_picture;
use filot_ocr::{ReadOutput, Reader};
use serde_json::{Map, Value, json};

mod draw;
mod record;

/// Read identity cards and print what they say.
#[derive(Parser)]
#[command(name = "filot-read")]
struct Arguments {
    /// What the documents are said to be; `auto` scores each as the card that is seen.
    #[arg(long = "type", value_enum, ignore_case = true, default_value = "auto")]
    claimed: Claimed,
    /// The line engine.
    #[arg(long, env = "OCR_ENGINE_LINES", default_value = "tesseract")]
    engine: String,
    /// Directory of the engine's models.
    #[arg(long, env = "TESSDATA_PREFIX")]
    tessdata: Option<PathBuf>,
    /// Draws the card's outline, the boxes of its fields, text and confidence on the picture, and writes it here as
    /// PNG; with several files, of the first. It shows identity data.
    #[arg(long, value_name = "OUT.png")]
    debug_image: Option<PathBuf>,
    /// Writes every line that the engine is shown into this folder as PNG, and what it read into `lines.jsonl` there:
    /// what a line recogniser is trained on. It shows identity data.
    #[arg(long, value_name = "DIR")]
    lines: Option<PathBuf>,
    /// Images (JPEG, PNG) or single-page PDFs.
    #[arg(required = true)]
    files: Vec<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Claimed {
    Ktp,
    Npwp,
    Auto,
}

impl Claimed {
    const fn document_type(self) -> Option<DocumentType> {
        match self {
            Self::Ktp => Some(DocumentType::Ktp),
            Self::Npwp => Some(DocumentType::Npwp),
            Self::Auto => None,
        }
    }
}

/// The largest file that is read; the API takes less.
const MAX_BYTES: u64 = 32 * 1024 * 1024;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let (mut reader, lines) = match start(&arguments) {
        Ok(started) => started,
        Err(error) => {
            eprintln!("filot-read: {error}");
            return ExitCode::from(2);
        }
    };
    let claimed = arguments.claimed.document_type();
    let mut status = ExitCode::SUCCESS;
    for (i, file) in arguments.files.iter().enumerate() {
        if let Some(lines) = &lines {
            lines.of_file(file);
        }
        let started = Instant::now();
        let bytes = load(file);
        let result = bytes.as_ref().map_err(Clone::clone).and_then(|bytes| reader.read(bytes, claimed));
        let milliseconds = started.elapsed().as_millis();
        let (line, summary) = match result {
            Ok(output) => {
                let line = describe(file, claimed, &output);
                let summary = format!("{} {}", text_of(&line, "kind"), text_of(&line, "decision"));
                if let (0, Some(to), Ok(bytes)) = (i, &arguments.debug_image, &bytes)
                    && let Err(error) = show(to, bytes, &output, &summary)
                {
                    eprintln!("filot-read: {}: {error}", to.display());
                    status = ExitCode::from(1);
                }
                (line, summary)
            }
            Err(error) => {
                status = ExitCode::from(1);
                let error = json!({"code": error.code(), "message": error.message});
                (json!({"file": file.display().to_string(), "error": error}), "unreadable".to_owned())
            }
        };
        eprintln!("{}/{} {} {summary} {milliseconds} ms", i + 1, arguments.files.len(), file.display());
        // A reader that went away (`| head`) is no failure of ours, but there is nobody left to write to.
        if writeln!(std::io::stdout(), "{line}").is_err() {
            break;
        }
    }
    status
}

/// The reader, and where its lines go if they are kept.
fn start(arguments: &Arguments) -> Result<(Reader, Option<record::Lines>), Box<dyn std::error::Error>> {
    let config = EngineConfig { tessdata_dir: arguments.tessdata.clone() };
    let engine = engine::by_name(&arguments.engine, &config)?;
    let Some(folder) = &arguments.lines else { return Ok((Reader::with_engine(engine), None)) };
    let lines = record::Lines::into(folder)?;
    Ok((Reader::with_engine(Box::new(record::Recorder::new(engine, lines.clone()))), Some(lines)))
}

fn text_of<'a>(line: &'a Value, key: &str) -> &'a str {
    line.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// Draws what was seen on the picture.
fn show(
    to: &Path,
    bytes: &[u8],
    output: &ReadOutput,
    summary: &str,
) -> Result<(), Box<dyn std::error::Error>> {
    let picture = decode_picture(bytes, output.page).map_err(|error| error.message)?;
    Ok(draw::write(to, &picture, &output.reading, &output.trace, summary)?)
}

/// The bytes of a file, of bounded size.
fn load(file: &Path) -> Result<Vec<u8>, ReadError> {
    let missing = |_| ReadError::new(ReasonCode::FileMissing, "the file cannot be opened");
    let size = std::fs::metadata(file).map_err(missing)?.len();
    if size > MAX_BYTES {
        return Err(ReadError::new(ReasonCode::ImageTooLarge, "the file is larger than 32 MiB"));
    }
    std::fs::read(file).map_err(missing)
}

/// One line of output.
fn describe(file: &Path, claimed: Option<DocumentType>, output: &ReadOutput) -> Value {
    let ReadOutput { reading, stage_ms, .. } = output;
    let tenths = |v: f32| (f64::from(v) * 10.0).round() / 10.0;
    // Without a claim the card is scored as what it is; what is no card is scored as a KTP that it is not: rejected.
    let claimed = claimed.unwrap_or(match reading.kind {
        CardKind::Npwp => DocumentType::Npwp,
        CardKind::Ktp | CardKind::Unknown => DocumentType::Ktp,
    });
    let today = chrono::Utc::now().date_naive();
    let evaluation = scoring::score(claimed, reading, &Thresholds::default(), today);
    let (fields, confidence) = fields_of(reading);
    json!({
        "file": file.display().to_string(),
        "kind": reading.kind,
        "fields": fields,
        "confidence": confidence,
        "quality": reading.quality,
        "picture_hash": reading.picture_hash,
        "outline": output.trace.outline.corners.map(|(x, y)| [tenths(x), tenths(y)]),
        "reasons": evaluation.reasons,
        "score": evaluation.score,
        "decision": evaluation.decision,
        "stage_ms": stage_ms.iter().map(|(stage, ms)| (*stage, (ms * 10.0).round() / 10.0))
            .collect::<std::collections::BTreeMap<_, _>>(),
    })
}

fn fields_of(reading: &CardReading) -> (Map<String, Value>, Map<String, Value>) {
    let (mut fields, mut confidence) = (Map::new(), Map::new());
    for (name, field) in &reading.fields {
        fields.insert(name.to_string(), json!(field.value));
        confidence.insert(name.to_string(), json!((f64::from(field.confidence) * 1000.0).round() / 1000.0));
    }
    (fields, confidence)
}
