//! Repairs what was lost or is stuck, in bounded batches: every part of a run that fails is tried again a minute later.
//!
//! - A document waits although its message should have brought a worker: the message was lost, or it is one of many in
//!   the queue. Only the first is repaired; see [`verdict`].
//! - A document was read and never scored: scoring is asked for again.
//! - An upload died between its row and its end: the row is given up, then the object is removed.
//! - No GPU worker beats: what waits for one goes to the CPU.
//! - A document was erased: its object is removed, and the erasure is done once the reviewer was told too.
//! - A document is older than it may be kept: it is erased as if its owner had asked. A legal hold suspends that.
//! - Tokens and idempotency keys are over: they are removed.

use chrono::{DateTime, TimeDelta, Utc};
use filot_cache::Cache;
use filot_cloud::{Functions, Objects, OcrQueues, ScoringRequest};
use filot_domain::CorrelationId;
use filot_platform::config::Retention;
use filot_store::Store;
use serde::Serialize;

pub use self::lost::{Verdict, verdict};
use crate::error::{AppError, Result};

mod lost;
mod remove;

/// Rows of each kind in one run.
const BATCH: u32 = 100;
/// Nothing is begun later than this after the start: the run ends within the function's time.
const BEGIN_WITHIN: TimeDelta = TimeDelta::seconds(40);
/// The share of a part that calls a service. One that hangs must not take the others' time.
const PART: TimeDelta = TimeDelta::seconds(10);

/// What the sweeper needs.
#[derive(Debug, Clone, Copy)]
pub struct Sweeper<'a> {
    /// The rows.
    pub store: &'a Store,
    /// The files.
    pub objects: &'a Objects,
    /// The workers' queues.
    pub queues: &'a OcrQueues,
    /// Whether GPU workers beat; without Redis nobody knows.
    pub cache: Option<&'a Cache>,
    /// To ask for scoring.
    pub functions: &'a Functions,
    /// The scoring function's name.
    pub scoring: &'a str,
    /// How long documents are kept.
    pub retention: &'a Retention,
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepReport {
    /// Documents sent to their queue again.
    pub requeued: u32,
    /// Of these, sent to the CPU because no GPU worker is there.
    pub rerouted: u32,
    /// Documents left alone because they are only late.
    pub backlogged: u32,
    /// Scorings asked for again.
    pub rescored: u32,
    /// Half-received uploads removed.
    pub removed: u32,
    /// Documents erased because they were too old.
    pub retired: u32,
    /// Erasures of which nothing is left anywhere.
    pub erased: u32,
    /// Expired tokens and keys removed.
    pub forgotten: u64,
    /// Repairs that failed and will be tried again.
    pub failed: u32,
}

/// One run. `clock` tells the time.
pub async fn sweep(
    sweeper: &Sweeper<'_>,
    correlation_id: &CorrelationId,
    clock: impl Fn() -> DateTime<Utc> + Send + Sync,
) -> Result<SweepReport> {
    let until = clock() + BEGIN_WITHIN;
    let share = || (clock() + PART).min(until);
    let mut report = SweepReport::default();
    // Every part would wait for it in its turn, and the queues' lengths with them.
    if let Err(away) = sweeper.store.ping().await {
        sweeper.tell_queue_lengths().await;
        return Err(away.into());
    }
    let parts = [
        sweeper.lost(&mut report, share(), &clock).await,
        sweeper.unscored(&mut report, share(), &clock).await,
        sweeper.half_received(&mut report, share(), correlation_id, &clock).await,
        sweeper.retire(&mut report, share(), correlation_id, &clock).await,
        sweeper.erasures(&mut report, share(), &clock).await,
        sweeper.forget_expired(&mut report, clock()).await,
    ];
    sweeper.tell_queue_lengths().await;
    // The parts do not depend on each other; the first error is told when all had their turn.
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
        for document in self.store.stale_ocr_completed(BATCH, clock()).await? {
            if clock() >= until {
                break;
            }
            let request =
                ScoringRequest { document_id: document.id, correlation_id: document.correlation_id };
            let payload = serde_json::to_value(&request)
                .map_err(|error| AppError::internal(format!("a scoring request is no JSON: {error}")))?;
            match self.functions.invoke_event(self.scoring, &payload).await {
                Ok(()) => report.rescored += 1,
                Err(error) => {
                    report.failed += 1;
                    tracing::warn!(document_id = %document.id, %error, "scoring cannot be asked for");
                }
            }
        }
        Ok(())
    }
}
