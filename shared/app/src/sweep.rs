//! The sweeper: repairs lost and stuck documents in bounded batches. A part that fails is tried again a minute later.
//!
//! - A document waits although its message should have brought a worker: the message was lost, or it is one of many in
//!   the queue. Only the first is repaired; see `lost::verdict`.
//! - A document was read and never scored: scoring is asked for again.
//! - An upload died between its row and its end: the row is given up, then the object is removed.
//! - No GPU worker sends heartbeats: documents that wait for one go to the CPU.
//! - A document was erased: its object is removed, and the erasure is done once the review is cancelled too.
//! - A document is older than it may be kept: it is erased as if its owner had asked. A legal hold suspends that.
//! - Tokens, idempotency keys and marks of refused documents have expired: they are removed.

use chrono::{DateTime, TimeDelta, Utc};
use filot_cloud::ScoringRequest;

use self::sweeper::BATCH;
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
        sweeper.forget_expired(&mut report, clock()).await,
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
