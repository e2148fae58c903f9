//! Repairs what was lost or is stuck, in bounded batches: every part of a run that fails is tried again a minute later.
//!
//! - A document waits although its message should have brought a worker: the message was lost, or it is one of many in
//!   the queue. Only the first is repaired; see [`verdict`].
//! - A document was read and never scored: scoring is asked for again.
//! - An upload died between its row and its end: the row is given up, then the object is removed.
//! - No GPU worker beats: what waits for one goes to the CPU.

use chrono::{DateTime, TimeDelta, Utc};
use filot_cache::{Cache, WorkerKind};
use filot_cloud::{Functions, Objects};
use filot_domain::CorrelationId;
use filot_domain::lifecycle::DocumentStatus;
use filot_domain::retry::QueueKind;
use filot_store::{Actor, Leftover, LostDocument, Origin, Store};
use serde::Serialize;

use crate::enqueue::OcrQueues;
use crate::error::{AppError, Result};
use crate::score_document::ScoreRequest;

/// Rows of each kind in one run.
const BATCH: u32 = 100;
/// An upload not finished after this long never will be.
const UPLOAD_PATIENCE: TimeDelta = TimeDelta::minutes(15);
/// After this long a document is sent again whatever the queue's depth says: the depth is an estimate, and messages of
/// other documents may hide that this one's is gone.
const PATIENCE_WITH_BACKLOG: TimeDelta = TimeDelta::hours(1);
/// Nothing is begun later than this after the start: the run ends within the function's time.
const BEGIN_WITHIN: TimeDelta = TimeDelta::seconds(40);

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
    /// Repairs that failed and will be tried again.
    pub failed: u32,
}

/// What to do with a document that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Its message is somewhere in the queue.
    Wait,
    /// Send it again.
    Requeue,
}

/// Tells a loss from a backlog. `depth` is what the queue holds, seen or unseen; `waiting` is how many rows wait on it.
///
/// As long as the queue holds at least as many messages as rows wait on it, each row's message may be among them.
pub fn verdict(lost: &LostDocument, depth: Option<u64>, waiting: u64, now: DateTime<Utc>) -> Verdict {
    let Some(enqueued_at) = lost.enqueued_at else { return Verdict::Requeue };
    if now - enqueued_at >= PATIENCE_WITH_BACKLOG {
        return Verdict::Requeue;
    }
    match depth {
        Some(depth) if depth >= waiting => Verdict::Wait,
        Some(_) => Verdict::Requeue,
        // A queue that does not tell its depth would not take a message either.
        None => Verdict::Wait,
    }
}

/// One run. `clock` tells the time.
pub async fn sweep(
    sweeper: &Sweeper<'_>,
    correlation_id: &CorrelationId,
    clock: impl Fn() -> DateTime<Utc> + Send + Sync,
) -> Result<SweepReport> {
    let until = clock() + BEGIN_WITHIN;
    let mut report = SweepReport::default();
    let parts = [
        sweeper.lost(&mut report, until, &clock).await,
        sweeper.unscored(&mut report, until, &clock).await,
        sweeper.half_received(&mut report, until, correlation_id, &clock).await,
    ];
    // The parts do not depend on each other; the first error is told when all had their turn.
    parts.into_iter().collect::<Result<Vec<()>>>()?;
    Ok(report)
}

/// A queue, as it stands at the beginning of a run.
#[derive(Clone, Copy)]
struct Standing {
    depth: Option<u64>,
    waiting: u64,
}

impl Sweeper<'_> {
    async fn lost(
        &self,
        report: &mut SweepReport,
        until: DateTime<Utc>,
        clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<()> {
        let lost = self.store.lost_documents(BATCH, clock()).await?;
        if lost.is_empty() {
            return Ok(());
        }
        let gpu_is_away = self.gpu_is_away().await;
        let (gpu, cpu) =
            tokio::try_join!(self.standing(QueueKind::Gpu, &lost), self.standing(QueueKind::Cpu, &lost))?;
        for document in &lost {
            let now = clock();
            if now >= until {
                break;
            }
            let reroute = document.queue == QueueKind::Gpu && gpu_is_away;
            let standing = if document.queue == QueueKind::Gpu { gpu } else { cpu };
            if !reroute && verdict(document, standing.depth, standing.waiting, now) == Verdict::Wait {
                report.backlogged += 1;
                continue;
            }
            let queue = if reroute { QueueKind::Cpu } else { document.queue };
            match self.queues.enqueue(self.store, document.id, queue, &document.correlation_id, now).await {
                Ok(()) => {
                    report.requeued += 1;
                    report.rerouted += u32::from(reroute);
                }
                Err(error) => {
                    report.failed += 1;
                    tracing::warn!(document_id = %document.id, %error, "still not enqueued");
                }
            }
        }
        Ok(())
    }

    /// Whether it is known that no GPU worker can take what waits for one.
    async fn gpu_is_away(&self) -> bool {
        if !self.queues.gpu_enabled {
            return true;
        }
        match self.cache {
            Some(cache) => matches!(cache.is_alive(WorkerKind::Gpu).await, Ok(false)),
            None => false,
        }
    }

    async fn standing(&self, kind: QueueKind, lost: &[LostDocument]) -> Result<Standing> {
        if !lost.iter().any(|document| document.queue == kind) {
            return Ok(Standing { depth: None, waiting: 0 });
        }
        let depth = match self.queues.get(kind).attributes().await {
            Ok(attributes) => Some(attributes.visible + attributes.in_flight + attributes.delayed),
            Err(error) => {
                tracing::warn!(queue = %kind, %error, "the queue does not tell its depth");
                None
            }
        };
        Ok(Standing { depth, waiting: self.store.waiting_on(kind).await? })
    }

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
            let request = ScoreRequest { document_id: document.id, correlation_id: document.correlation_id };
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

    async fn half_received(
        &self,
        report: &mut SweepReport,
        until: DateTime<Utc>,
        correlation_id: &CorrelationId,
        clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<()> {
        let origin = Origin { actor: Actor::Function("sweeper"), correlation_id: correlation_id.clone() };
        let now = clock();
        for leftover in self.store.half_received(BATCH, now - UPLOAD_PATIENCE, now).await? {
            if clock() >= until {
                break;
            }
            match self.remove(&leftover, &origin, clock()).await {
                Ok(()) => report.removed += 1,
                Err(error) => {
                    report.failed += 1;
                    tracing::warn!(document_id = %leftover.id, %error, "a leftover cannot be removed yet");
                }
            }
        }
        Ok(())
    }

    /// The row first, so that the upload cannot finish any more; then the object; then a note that it is gone.
    async fn remove(&self, leftover: &Leftover, origin: &Origin, now: DateTime<Utc>) -> Result<()> {
        if leftover.status == DocumentStatus::Receiving {
            self.store.discard_upload(leftover.id, origin, now).await?;
        }
        self.objects
            .delete(&leftover.object_key)
            .await
            .map_err(|error| AppError::unavailable(format!("the object cannot be deleted: {error}")))?;
        Ok(self.store.object_deleted(leftover.id, now).await.map(|_| ())?)
    }
}

#[cfg(test)]
#[path = "sweep_tests.rs"]
mod tests;
