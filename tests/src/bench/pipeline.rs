//! From upload to decision: one document at a time, and a queue that waits for the worker.

use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt, TryStreamExt};

use super::percentile::percentile;
use crate::cards::Cards;
use crate::console::say;
use crate::{Options, Result, Stack, User};

/// Numbers of the legacy service, on two cores.
const LEGACY_IDLE_S: f64 = 5.7;
const LEGACY_QUEUED_PER_MIN: f64 = 5.5;
const PATIENCE: Duration = Duration::from_secs(300);

/// Measures `idle` documents one after the other, then `queued` that wait when the worker starts; writes Markdown.
pub(super) async fn run(cards: &Cards, idle: usize, queued: usize, out: &mut String) -> Result<()> {
    say("starting the stack");
    let mut stack = Stack::start(Options { prints_progress: true, ..Options::default() }).await?;

    say(&format!("{idle} uploads, one after the other"));
    let mut times = Vec::new();
    for (n, card) in cards.cards.iter().take(idle + 1).enumerate() {
        let user = stack.api.new_user().await?;
        let content = cards.content(card)?;
        let clock = Instant::now();
        let id = stack.api.uploaded(&user, &card.document_type, &card.file, &content).await?;
        decided(&stack, &[id], PATIENCE).await?;
        // The first one also starts functions that were never called before.
        if n > 0 {
            times.push(clock.elapsed());
        }
    }

    say(&format!("{queued} uploads while no worker runs, then a worker"));
    for worker in &mut stack.workers {
        worker.terminate();
    }
    let waiting: Vec<String> = stream::iter(cards.cards.iter().skip(idle + 1).take(queued))
        .map(|card| {
            let stack = &stack;
            async move {
                let user: User = stack.api.new_user().await?;
                stack.api.uploaded(&user, &card.document_type, &card.file, &cards.content(card)?).await
            }
        })
        .buffer_unordered(4)
        .try_collect()
        .await?;
    let clock = Instant::now();
    stack.start_worker(&[]).await?;
    let ready = clock.elapsed();
    decided(&stack, &waiting, PATIENCE).await?;
    let all = clock.elapsed();
    let per_min = |elapsed: Duration| waiting.len() as f64 / elapsed.as_secs_f64() * 60.0;

    let outcomes = stack
        .sql
        .query("SELECT verification_status, count(*) FROM documents GROUP BY 1 ORDER BY 1", &[])
        .await?
        .iter()
        .map(|row| format!("{} {}", row.get::<_, i64>(1), row.get::<_, String>(0)))
        .collect::<Vec<_>>()
        .join(", ");
    let (p50, p95) = (percentile(&mut times, 50), percentile(&mut times, 95));
    out.push_str(&format!(
        "\n### From upload to decision\n\n\
         Clean scans of KTPs from the generator, one user each, through API Gateway's route; decisions: {outcomes}.\n\n\
         | | the legacy service | this one | |\n|---|---|---|---|\n\
         | idle queue, p50 of {} | {LEGACY_IDLE_S} s | {:.2} s | {:.1} times as fast |\n\
         | idle queue, p95 | - | {:.2} s | |\n\
         | {queued} queued, from the worker's start (models loaded in {:.1} s) | {LEGACY_QUEUED_PER_MIN}/min | {:.1}/min | {:.1} times as many |\n\
         | {queued} queued, from the worker being ready | {LEGACY_QUEUED_PER_MIN}/min | {:.1}/min | {:.1} times as many |\n",
        times.len(),
        p50.as_secs_f64(),
        LEGACY_IDLE_S / p50.as_secs_f64(),
        p95.as_secs_f64(),
        ready.as_secs_f64(),
        per_min(all),
        per_min(all) / LEGACY_QUEUED_PER_MIN,
        per_min(all - ready),
        per_min(all - ready) / LEGACY_QUEUED_PER_MIN,
    ));
    Ok(())
}

/// Waits until all documents are decided, by the score or by sending them to a human.
async fn decided(stack: &Stack, ids: &[String], patience: Duration) -> Result<()> {
    let ids = ids.iter().map(|id| id.parse()).collect::<std::result::Result<Vec<uuid::Uuid>, _>>()?;
    let deadline = Instant::now() + patience;
    loop {
        let row = stack
            .sql
            .query_one(
                "SELECT count(*) FROM documents WHERE id = ANY($1) \
                 AND status IN ('ai_evaluated', 'completed', 'failed')",
                &[&ids],
            )
            .await?;
        if usize::try_from(row.get::<_, i64>(0))? == ids.len() {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("{} of {} decided in {patience:?}", row.get::<_, i64>(0), ids.len()).into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
