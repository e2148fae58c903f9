//! Benchmarks: from upload to decision, single requests, starts and memory. Prints Markdown; `docs/benchmarks.md` keeps
//! the measured numbers.

mod api;
mod functions;
mod memory;
mod percentile;
mod pipeline;

use std::io::Write;

use crate::Result;
use crate::cards::Cards;
use crate::console::say;

/// Times single requests only, and prints it.
pub async fn run_api() -> Result<()> {
    let mut out = format!("{} cores.\n", std::thread::available_parallelism()?);
    api::run(&mut out).await?;
    writeln!(std::io::stdout().lock(), "\n{out}")?;
    Ok(())
}

/// Measures the functions' starts, memory and sizes only, and prints it.
pub async fn run_functions() -> Result<()> {
    let mut out = format!("{} cores, release build.\n", std::thread::available_parallelism()?);
    functions::run(&mut out).await?;
    flush(&mut out)
}

/// Runs everything and prints it.
pub async fn run(idle: usize, queued: usize) -> Result<()> {
    let mut out = String::new();
    let cores = std::thread::available_parallelism()?;
    out.push_str(&format!("{cores} cores, release build.\n"));
    say("making sample cards");
    let cards = Cards::scans(idle + queued + 1, 11)?;
    pipeline::run(&cards, idle, queued, &mut out).await?;
    flush(&mut out)?;
    api::run(&mut out).await?;
    flush(&mut out)?;
    functions::run(&mut out).await?;
    flush(&mut out)
}

/// Prints the results so far, so that a later failure does not lose them.
fn flush(out: &mut String) -> Result<()> {
    write!(std::io::stdout().lock(), "{out}")?;
    out.clear();
    Ok(())
}
