//! The sweeper: repairs lost and stuck documents in bounded batches, one after the other while there is a backlog and time.
//! A part that fails is tried again a minute later.
//!
//! - A document waits although its message should have brought a worker: the message was lost, or it is one of many in
//!   the queue. Only the first is repaired; see `lost::verdict`.
//! - A document was read and never scored: scoring is asked for again.
//! - An upload died between its row and its end: the row is given up, then the object is removed.
//! - No GPU worker sends heartbeats: documents that wait for one go to the CPU.
//! - A document was erased: its object is removed, and the erasure is done once the review is cancelled too.
//! - A document is older than it may be kept: it is erased as if its owner had asked. A legal hold suspends that.
//! - Tokens, idempotency keys and marks of refused documents have expired, sessions are long over: they are removed.
//! - Documents have changed: their changes are added to the counts by state.

use chrono::{DateTime, TimeDelta, Utc};
use filot_cloud::ScoringRequest;
use filot_store::Unscored;
use futures::future::join_all;

use self::sweeper::{BATCH, SIDE_BY_SIDE, is_last};
pub use self::sweeper::{SweepReport, Sweeper};
use crate::auth::principal::SystemTask;
use crate::error::{AppError, Result};
use crate::request_context::RequestContext;

mod lost;
mod remove;
mod sweeper;

/// Nothing is begun later than this after the start: the run ends within the function's time.
const BEGIN_WITHIN: TimeDelta = TimeDelta::seconds(40);
/// The share of a part that calls a service. One that hangs must not take the others' time.
const PART: TimeDelta = TimeDelta::seconds(10);
/// Noted changes of states that are added in one statement.
const FOLD_BATCH: u32 = 20_000;

/// One run. `clock` tells the time.
///
/// # Errors
/// The first error of a part, after every part had its turn; the store's at once when it does not answer at all.
pub async fn sweep(
    sweeper: &Sweeper<'_>,
    request: &RequestContext<SystemTask>,
    clock: impl Fn() -> DateTime<Utc> + Send + Sync,
) -> Result<SweepReport> {
    let until = clock() + BEGIN_WITHIN;
    let share = || (clock() + PART).min(until);
    let (mut report, origin) = (SweepReport::default(), request.origin());
    // Every part would wait for it in its turn, and the queues' lengths with them.
    if let Err(away) = sweeper.store.ping().await {
        sweeper.record_queue_lengths().await;
        return Err(away.into());
    }
    let parts = [
        sweeper.lost(&mut report, share(), &clock).await,
        sweeper.unscored(&mut report, share(), &clock).await,
        sweeper.half_received(&mut report, share(), &origin, &clock).await,
        sweeper.retire(&mut report, share(), &origin, &clock).await,
        sweeper.erasures(&mut report, share(), &clock).await,
        sweeper.forget_expired(&mut report, share(), &clock).await,
        sweeper.fold_counts(share(), &clock).await,
    ];
    sweeper.record_queue_lengths().await;
    // The parts do not depend on each other; the first error is returned when all have run.
    parts.into_iter().collect::<Result<Vec<()>>>()?;
    Ok(report)
}

impl Sweeper<'_> {
    async fn unscored(
        &self,
        report: &mut SweepReport,
        until: DateTime<Utc>,
        clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<()> {
        loop {
            let documents = self.store.stale_ocr_completed(BATCH, clock()).await?;
            for round in documents.chunks(SIDE_BY_SIDE) {
                if clock() >= until {
                    return Ok(());
                }
                for asked in join_all(round.iter().map(|document| self.ask_for_score(document))).await {
                    *if asked? { &mut report.rescored } else { &mut report.failed } += 1;
                }
            }
            if is_last(documents.len()) {
                return Ok(());
            }
        }
    }

    /// Whether scoring was asked for.
    async fn ask_for_score(&self, document: &Unscored) -> Result<bool> {
        let request =
            ScoringRequest { document_id: document.id, correlation_id: document.correlation_id.clone() };
        let payload = serde_json::to_value(&request)
            .map_err(|error| AppError::internal(format!("a scoring request is no JSON: {error}")))?;
        let invoked = self.functions.invoke_event(self.scoring, &payload).await;
        if let Err(error) = &invoked {
            tracing::warn!(document_id = %document.id, %error, "scoring cannot be asked for");
        }
        Ok(invoked.is_ok())
    }

    /// Adds what was noted since the last run to the counts by state.
    async fn fold_counts(
        &self,
        until: DateTime<Utc>,
        clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<()> {
        while clock() < until && self.store.fold_counts(FOLD_BATCH).await? == u64::from(FOLD_BATCH) {}
        Ok(())
    }
}
