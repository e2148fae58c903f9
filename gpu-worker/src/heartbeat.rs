//! What a worker reports at fixed intervals: its heartbeat in Redis, its gauges, the lengths of its queues.

use std::sync::Arc;
use std::time::Duration;

use filot_platform::telemetry::{MetricName, metric};
use tokio::time::{MissedTickBehavior, interval};

use crate::role::Role;
use crate::worker::Worker;

/// Between two heartbeats.
const INTERVAL: Duration = Duration::from_secs(10);
/// How long a heartbeat counts: the next two may be lost.
const TTL: Duration = Duration::from_secs(35);
/// The queues are counted with every third heartbeat.
const COUNT_EVERY: u64 = 3;

/// Reports until it is dropped.
pub async fn run(worker: Arc<Worker>, role: Role) {
    let mut ticks = interval(INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heartbeats: u64 = 0;
    loop {
        ticks.tick().await;
        send_heartbeat(&worker, &role).await;
        #[expect(clippy::cast_precision_loss, reason = "at most a thousand documents")]
        metric(MetricName::GpuActiveJobs, worker.status.in_flight() as f64, &[]);
        if heartbeats.is_multiple_of(COUNT_EVERY) {
            count_queues(&worker, &role).await;
        }
        heartbeats += 1;
    }
}

/// One heartbeat for each queue that the worker serves. A worker without a reader sends none: whoever asks for
/// heartbeats wants to know whether documents will be read.
async fn send_heartbeat(worker: &Worker, role: &Role) {
    if worker.pool.alive() == 0 || worker.stop.draining.is_cancelled() {
        return;
    }
    for queue in &role.queues {
        if let Err(error) = worker.cache().record_heartbeat(*queue, &worker.rules.worker_id, TTL).await {
            tracing::warn!(%error, "the heartbeat was not sent");
            metric(MetricName::RedisUnavailable, 1.0, &[]);
        }
    }
}

async fn count_queues(worker: &Worker, role: &Role) {
    for kind in &role.queues {
        match worker.queues.get(*kind).attributes().await {
            Ok(attributes) => {
                worker.status.record_waiting(*kind, attributes.visible);
                #[expect(clippy::cast_precision_loss, reason = "a count of messages")]
                let waiting = attributes.visible as f64;
                metric(MetricName::QueueLength, waiting, &[("queue", (*kind).into())]);
            }
            Err(error) => tracing::warn!(%error, queue = %kind, "the queue was not counted"),
        }
    }
}
