//! What a worker does on the clock: its heartbeat in Redis, its gauges, the lengths of its queues.

use std::sync::Arc;
use std::time::Duration;

use filot_cache::WorkerKind;
use filot_domain::retry::QueueKind;
use filot_platform::telemetry::{MetricName, metric};
use tokio::time::{MissedTickBehavior, interval};

use crate::role::Role;
use crate::worker::Worker;

/// How often the heartbeat is sent.
const BEAT: Duration = Duration::from_secs(10);
/// How long a heartbeat counts: two may be lost.
const BEAT_TTL: Duration = Duration::from_secs(35);
/// The queues are counted on every this many beats.
const COUNT_EVERY: u64 = 3;

/// Beats until it is dropped.
pub async fn run(worker: Arc<Worker>, role: Role) {
    let mut ticks = interval(BEAT);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut beats: u64 = 0;
    loop {
        ticks.tick().await;
        beat(&worker, &role).await;
        #[expect(clippy::cast_precision_loss, reason = "at most a thousand documents")]
        metric(MetricName::GpuActiveJobs, worker.status.in_flight() as f64, &[]);
        if beats.is_multiple_of(COUNT_EVERY) {
            count(&worker, &role).await;
        }
        beats += 1;
    }
}

/// Says for each queue it serves that somebody is there. A worker without a reader says nothing: whoever asks wants to
/// know about work.
async fn beat(worker: &Worker, role: &Role) {
    if worker.pool.alive() == 0 || worker.stop.draining.is_cancelled() {
        return;
    }
    for queue in &role.queues {
        let kind = match queue {
            QueueKind::Gpu => WorkerKind::Gpu,
            QueueKind::Cpu => WorkerKind::Cpu,
        };
        if let Err(error) = worker.cache().beat(kind, &worker.rules.worker_id, BEAT_TTL).await {
            tracing::warn!(%error, "the heartbeat was not sent");
            metric(MetricName::RedisUnavailable, 1.0, &[]);
        }
    }
}

async fn count(worker: &Worker, role: &Role) {
    for kind in &role.queues {
        match worker.queues.get(*kind).attributes().await {
            Ok(attributes) => {
                worker.status.counted(*kind, attributes.visible);
                #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
                let waiting = attributes.visible as f64;
                metric(MetricName::QueueLength, waiting, &[("queue", (*kind).into())]);
            }
            Err(error) => tracing::warn!(%error, queue = %kind, "the queue was not counted"),
        }
    }
}
