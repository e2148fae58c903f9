//! A reader process from its arguments to its last answer: what `gpu-worker reader` runs.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use filot_ocr::{ReadOutput, Reader, ReaderConfig};

use crate::chain;
use crate::child::{ReadCard, Unreadable, serve, silence_panics, take_stdout};
use crate::limits::{self, Limits};
use crate::protocol::{Answer, write_frame};
use crate::sandbox::{self, Report};

/// Arguments of a reader process.
#[derive(Debug, Clone, clap::Args)]
pub struct ReaderArguments {
    /// The line engine.
    #[arg(long)]
    engine: String,
    /// Directory of the models.
    #[arg(long)]
    tessdata: Option<PathBuf>,
    /// Most address space, in MiB.
    #[arg(long)]
    memory_mb: u64,
    /// Most processor time for one file, in seconds.
    #[arg(long)]
    file_s: u64,
    /// Most files.
    #[arg(long)]
    files: u64,
    /// The worker's process id.
    #[arg(long)]
    parent: u32,
}

/// Runs a reader until its stdin closes.
pub fn main(arguments: ReaderArguments) -> ExitCode {
    silence_panics();
    match run(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "the reader ends: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: ReaderArguments) -> Result<(), Box<dyn std::error::Error>> {
    let ReaderArguments { engine, tessdata, memory_mb, file_s, files, parent } = arguments;
    let mut report = Report::default();
    sandbox::leave_network(&mut report);
    Limits { memory_mb, cpu_s: file_s.saturating_mul(files), parent }.apply()?;
    let mut stdout = take_stdout()?;
    let mut reader = match Reader::new(ReaderConfig { engine, tessdata_dir: tessdata.clone() }) {
        Ok(reader) => reader,
        Err(error) => {
            write_frame(&mut stdout, &Answer::Unable { message: error.to_string() }, &[])?;
            return Ok(());
        }
    };
    let missing = match sandbox::enter(report) {
        Ok(missing) => missing,
        Err(error) => {
            write_frame(&mut stdout, &Answer::Unable { message: chain(&error) }, &[])?;
            return Ok(());
        }
    };
    let models = tessdata.map_or_else(|| "default".to_owned(), |dir| dir.display().to_string());
    let ready = Answer::Ready { engine: reader.engine().to_owned(), models, missing };
    serve(std::io::stdin(), stdout, &ready, |file, claimed| {
        if let Err(error) = limits::allow_processor_time(file_s) {
            // A bound that is not renewed is a bound that comes too early, never one that is not there.
            let _ = writeln!(std::io::stderr(), "{}", chain(&error));
        }
        match reader.read(file, claimed) {
            Ok(ReadOutput { reading, stage_ms, .. }) => Ok(ReadCard {
                reading,
                stage_ms: stage_ms
                    .into_iter()
                    .map(|(stage, ms)| (stage.to_owned(), ms))
                    .collect::<BTreeMap<_, _>>(),
            }),
            Err(error) => Err(Unreadable { reason: error.reason, message: error.message }),
        }
    })?;
    Ok(())
}
