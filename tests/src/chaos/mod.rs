//! The fault run: documents flow while everything they depend on fails, by a plan made from a seed. At the end no
//! document may be lost or decided twice, and every row must agree with its events. `docs/reliability.md` describes
//! the run.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;

mod app;
pub mod check;
pub mod crowd;
pub mod inject;
mod rows;
pub mod schedule;
pub mod wishes;

use self::check::Check;
use self::inject::{Counts, Faults};
use crate::cards::Cards;
use crate::simulators::buli2::Reviewer;
use crate::{Options, Result, Stack, paths};

/// Lease of a worker in seconds: the shortest allowed, so that a lost one is found soon.
pub const LEASE_S: &str = "5";
/// Two workers, so that one can be slow while another goes on.
const WORKERS: usize = 2;
/// How long all documents may take to reach a final state after the last fault; the longest back-off is minutes.
const DRAIN_MAX: Duration = Duration::from_secs(600);
/// How often the scheduled functions are invoked meanwhile; on their schedule they run every minute.
const DRAIN_ROUND: Duration = Duration::from_secs(4);
/// At most this many violations of each promise are shown.
const SHOWN: usize = 10;

/// Settings of a run.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Number of uploads.
    pub documents: usize,
    /// Seed of all random choices.
    pub seed: u64,
    /// How long documents are uploaded and faults are injected.
    pub length: Duration,
    /// Number of different people on the cards.
    pub cards: usize,
    /// Whether to print progress.
    pub prints_progress: bool,
}

/// Result of a run.
#[derive(Debug)]
pub struct Outcome {
    /// Number of injected faults by name.
    pub faults: Counts,
    /// Number of uploads answered 201.
    pub accepted: usize,
    /// All checks, with their violations.
    pub checks: Vec<Check>,
    /// The same as Markdown.
    pub report: String,
}

impl Outcome {
    /// Whether no check found a violation.
    pub fn is_clean(&self) -> bool {
        self.checks.iter().all(|check| check.violations.is_empty())
    }
}

/// Runs it and prints the report.
///
/// # Errors
///
/// A check found a violation; the text has the command that repeats the faults.
pub async fn run(settings: Settings) -> Result<()> {
    let outcome = storm(settings).await?;
    writeln!(std::io::stdout().lock(), "\n{}", outcome.report)?;
    if outcome.is_clean() {
        return Ok(());
    }
    let Settings { documents, seed, length, cards, .. } = settings;
    let minutes = length.as_secs_f64() / 60.0;
    Err(format!(
        "a promise was broken; the same faults again: \
         ./dev chaos --seed {seed} --documents {documents} --minutes {minutes} --cards {cards}"
    )
    .into())
}

/// Runs it and returns the result.
pub async fn storm(settings: Settings) -> Result<Outcome> {
    let Settings { documents, seed, length, cards, prints_progress } = settings;
    let clock = Instant::now();
    let say = move |what: &str| {
        if prints_progress {
            let line = format!("== {:5.0} s  {what}\n", clock.elapsed().as_secs_f64());
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
    };
    say(&format!("seed {seed}: {cards} cards and the sample cards"));
    let deck = Cards::scans(cards, 23)?.and(Cards::demo()?);
    let mut stack = Stack::start(Options {
        prints_progress,
        can_fail: true,
        worker_environment: vec![
            ("OCR_LEASE_S".to_owned(), LEASE_S.to_owned()),
            ("OCR_GPU_CONCURRENCY".to_owned(), "2".to_owned()),
            ("OCR_READERS".to_owned(), "1".to_owned()),
        ],
        ..Options::default()
    })
    .await?;
    while stack.workers.len() < WORKERS {
        stack.start_worker(&[]).await?;
    }
    stack.buli2.set_reviewer(Reviewer::Erratic);
    // One user for each card, and a quarter more who show other users' cards.
    let people = crowd::people(&stack.api, deck.cards.len() * 5 / 4).await?;

    say(&format!("{documents} documents within {:.0} s, while everything fails", length.as_secs_f64()));
    let ids = Arc::new(Mutex::new(Vec::new()));
    let api = stack.api.clone();
    let crowd = tokio::spawn({
        let ids = Arc::clone(&ids);
        async move { crowd::flow(&api, deck, people, (documents, length, seed), ids).await }
    });
    let plan = schedule::plan(seed, length);
    let mut faults = Faults::new(&mut stack, seed, ids)?;
    faults.run(&plan, Instant::now()).await?;
    faults.stop().await?;
    let (counts, mut wrong) = (std::mem::take(&mut faults.counts), std::mem::take(&mut faults.violations));

    say("no more faults: the last uploads");
    let mut seen = crowd.await?;
    wrong.append(&mut seen.violations);
    say(&format!(
        "{} accepted, {} given up; waiting until all is at rest",
        seen.accepted.len(),
        seen.given_up
    ));
    let rest = drain(&stack).await?;
    say("checking");
    let mut checks = check::all(&stack, &seen).await?;
    checks.push(Check {
        promise: "clients and processes saw nothing they should not have",
        looked_at: documents,
        violations: wrong,
    });

    let mut report = format!(
        "## Faults: seed {seed}, {documents} documents in {:.0} s, at rest {:.0} s after the last upload\n",
        length.as_secs_f64(),
        rest.as_secs_f64()
    );
    table(&mut report, ["fault", "times"], counts.iter().map(|(what, times)| ((*what).to_owned(), *times)))?;
    table(&mut report, ["answer to a client", "times"], seen.answers.into_iter())?;
    let outcomes = outcomes(&stack).await?;
    table(&mut report, ["what became of the rows", "documents"], outcomes.into_iter())?;
    writeln!(report, "\n| promise | looked at | broken |\n|---|---|---|")?;
    for Check { promise, looked_at, violations } in &checks {
        writeln!(report, "| {promise} | {looked_at} | {} |", violations.len())?;
    }
    for check in &checks {
        for violation in check.violations.iter().take(SHOWN) {
            writeln!(report, "BROKEN {}: {violation}", check.promise)?;
        }
    }
    let outcome = Outcome { faults: counts, accepted: seen.accepted.len(), checks, report };
    if !outcome.is_clean() {
        let kept = keep_logs(&stack, seed)?;
        say(&format!("logs are kept in {}", kept.display()));
    }
    Ok(outcome)
}

/// Waits until no document, review or erased object has work left; returns the time it took. After [`DRAIN_MAX`] the
/// checks report what is left.
async fn drain(stack: &Stack) -> Result<Duration> {
    let clock = Instant::now();
    let sql = stack.database.owner().await?;
    let moving = "SELECT (SELECT count(*) FROM documents WHERE status IN ('uploaded', 'processing', 'ocr_completed')) \
                  + (SELECT count(*) FROM manual_reviews \
                     WHERE dispatch_state IN ('queued', 'sending') OR cancel_state = 'due')";
    while clock.elapsed() < DRAIN_MAX {
        if sql.query_one(moving, &[]).await?.get::<_, i64>(0) == 0 && !check::is_to_be_removed(stack).await? {
            break;
        }
        for function in ["sweeper", "review-dispatch"] {
            // One that fails is invoked again.
            let _ = stack.invoke(function, &json!({})).await;
        }
        tokio::time::sleep(DRAIN_ROUND).await;
    }
    Ok(clock.elapsed())
}

async fn outcomes(stack: &Stack) -> Result<Vec<(String, u64)>> {
    let sql = "SELECT status || ' / ' || verification_status, count(*) FROM documents GROUP BY 1 ORDER BY 1";
    let rows = stack.database.owner().await?.query(sql, &[]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get::<_, i64>(1).unsigned_abs())).collect())
}

fn table(
    out: &mut String,
    [left, right]: [&str; 2],
    rows: impl Iterator<Item = (String, u64)>,
) -> Result<()> {
    writeln!(out, "\n| {left} | {right} |\n|---|---|")?;
    for (name, count) in rows {
        writeln!(out, "| {name} | {count} |")?;
    }
    Ok(())
}

fn keep_logs(stack: &Stack, seed: u64) -> Result<PathBuf> {
    let folder = paths::run_dir()?.join(format!("chaos-{seed}"));
    std::fs::create_dir_all(&folder)?;
    for entry in std::fs::read_dir(stack.logs())? {
        let path = entry?.path();
        if let Some(name) = path.file_name() {
            std::fs::copy(&path, folder.join(name))?;
        }
    }
    Ok(folder)
}
