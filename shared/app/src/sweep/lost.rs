//! Documents that wait for a worker although their message should have brought one.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::retry::QueueKind;
use filot_platform::telemetry::{MetricName, metric};
use filot_store::LostDocument;
use futures::future::join_all;

use super::sweeper::{BATCH, SIDE_BY_SIDE, SweepReport, Sweeper, is_last};
use crate::enqueue::enqueue;
use crate::error::Result;

/// After this long a document is sent again whatever the queue's depth says: the depth is an estimate, and messages of
/// other documents may hide that this one's is gone.
const PATIENCE_WITH_BACKLOG: TimeDelta = TimeDelta::hours(1);

/// How to treat a document that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Its message is somewhere in the queue.
    Wait,
    /// Send it again.
    Requeue,
}

/// Distinguishes a lost message from a backlog. `depth` is the number of messages in the queue, received or not; `waiting` is
/// the number of rows that wait on it.
///
/// As long as the queue holds at least as many messages as rows wait on it, each row's message may be among them.
fn verdict(lost: &LostDocument, depth: Option<u64>, waiting: u64, now: DateTime<Utc>) -> Verdict {
    let Some(enqueued_at) = lost.enqueued_at else { return Verdict::Requeue };
    if now - enqueued_at >= PATIENCE_WITH_BACKLOG {
        return Verdict::Requeue;
    }
    match depth {
        Some(depth) if depth >= waiting => Verdict::Wait,
        Some(_) => Verdict::Requeue,
        // A queue that does not answer would not take a message either.
        None => Verdict::Wait,
    }
}

/// What was done about a document that waits.
enum Repair {
    LeftAlone,
    Sent { rerouted: bool },
}

/// A queue, as it stands before a batch.
#[derive(Clone, Copy)]
struct QueueLoad {
    depth: Option<u64>,
    waiting: u64,
}

impl Sweeper<'_> {
    pub(super) async fn lost(
        &self,
        report: &mut SweepReport,
        until: DateTime<Utc>,
        clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<()> {
        loop {
            let lost = self.store.lost_documents(BATCH, clock()).await?;
            if lost.is_empty() {
                return Ok(());
            }
            let gpu_is_away = self.gpu_is_away().await;
            let (gpu, cpu) =
                tokio::try_join!(self.load_of(QueueKind::Gpu, &lost), self.load_of(QueueKind::Cpu, &lost))?;
            for round in lost.chunks(SIDE_BY_SIDE) {
                let now = clock();
                if now >= until {
                    return Ok(());
                }
                let sent = join_all(round.iter().map(|document| {
                    let load = if document.queue == QueueKind::Gpu { gpu } else { cpu };
                    self.repair(document, load, gpu_is_away, now)
                }));
                for (document, sent) in round.iter().zip(sent.await) {
                    match sent {
                        Ok(Repair::LeftAlone) => report.backlogged += 1,
                        Ok(Repair::Sent { rerouted }) => {
                            report.requeued += 1;
                            report.rerouted += u32::from(rerouted);
                        }
                        Err(error) => {
                            report.failed += 1;
                            tracing::warn!(document_id = %document.id, %error, "still not enqueued");
                        }
                    }
                }
            }
            if is_last(lost.len()) {
                return Ok(());
            }
        }
    }

    /// Sends a document's message again, unless the document is only late.
    async fn repair(
        &self,
        document: &LostDocument,
        load: QueueLoad,
        gpu_is_away: bool,
        now: DateTime<Utc>,
    ) -> Result<Repair> {
        let rerouted = document.queue == QueueKind::Gpu && gpu_is_away;
        if !rerouted && verdict(document, load.depth, load.waiting, now) == Verdict::Wait {
            return Ok(Repair::LeftAlone);
        }
        let queue = if rerouted { QueueKind::Cpu } else { document.queue };
        enqueue(self.queues, self.store, document.id, queue, &document.correlation_id, now).await?;
        Ok(Repair::Sent { rerouted })
    }

    /// Whether it is known that no GPU worker runs.
    async fn gpu_is_away(&self) -> bool {
        if !self.queues.gpu_enabled {
            return true;
        }
        match self.cache {
            Some(cache) => matches!(cache.has_worker(QueueKind::Gpu).await, Ok(false)),
            None => false,
        }
    }

    async fn load_of(&self, kind: QueueKind, lost: &[LostDocument]) -> Result<QueueLoad> {
        if !lost.iter().any(|document| document.queue == kind) {
            return Ok(QueueLoad { depth: None, waiting: 0 });
        }
        let depth = match self.queues.get(kind).attributes().await {
            Ok(attributes) => Some(attributes.visible + attributes.in_flight + attributes.delayed),
            Err(error) => {
                tracing::warn!(queue = %kind, %error, "the queue does not tell its depth");
                None
            }
        };
        Ok(QueueLoad { depth, waiting: self.store.waiting_on(kind).await? })
    }

    /// Records how many messages wait on each queue, the only place that does so whether or not a worker is there.
    pub(super) async fn record_queue_lengths(&self) {
        let counts = [QueueKind::Gpu, QueueKind::Cpu].map(|kind| async move {
            match self.queues.get(kind).attributes().await {
                Ok(attributes) => {
                    #[expect(clippy::cast_precision_loss, reason = "a count of messages, below 2^52")]
                    metric(MetricName::QueueLength, attributes.visible as f64, &[("queue", kind.into())]);
                }
                Err(error) => tracing::warn!(queue = %kind, %error, "the queue does not tell its depth"),
            }
        });
        futures::future::join_all(counts).await;
    }
}

#[cfg(test)]
#[path = "lost_tests.rs"]
mod tests;
