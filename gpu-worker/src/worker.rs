//! The state that the parts of a running worker share.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::TimeDelta;
use filot_cache::Cache;
use filot_cloud::{Functions, Objects, OcrQueues};
use filot_domain::CorrelationId;
use filot_domain::retry::{Backoff, RetryPolicy};
use filot_store::{Actor, Origin, Store};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::status::Status;
use filot_reader::pool::Pool;

/// Pause of the pollers after an outage of something that every document needs.
const OUTAGE_PAUSE: Backoff = Backoff { base: TimeDelta::milliseconds(500), cap: TimeDelta::seconds(15) };

/// The rules a worker works by.
#[derive(Debug, Clone)]
pub struct Rules {
    /// This worker's name, unique among all that run.
    pub worker_id: String,
    /// Length of a lease and of a message's visibility; both are renewed after a third of it.
    pub lease_s: u32,
    /// When a failed attempt is repeated, and where.
    pub retry: RetryPolicy,
    /// Name or ARN of the scoring function.
    pub scoring_function: String,
}

impl Rules {
    /// Time between two renewals of a lease and of a visibility.
    pub fn renew_interval(&self) -> Duration {
        Duration::from_millis(u64::from(self.lease_s) * 1000 / 3)
    }
}

/// The two steps of stopping.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    /// No new work; what runs may finish.
    pub draining: CancellationToken,
    /// No more time: documents in flight are given back.
    pub give_back: CancellationToken,
}

/// The clients whose credentials are secrets that may rotate.
#[derive(Debug, Clone)]
pub struct Connections {
    /// Postgres.
    pub store: Store,
    /// The uploaded files.
    pub objects: Objects,
    /// Redis: results channel and heartbeats; may be away.
    pub cache: Cache,
}

/// Everything that the parts of a worker share.
pub struct Worker {
    /// Name, lease and retries.
    pub rules: Rules,
    /// Replaced when a secret rotates.
    pub connections: RwLock<Connections>,
    /// Both queues, also one that is not served: documents move between them.
    pub queues: OcrQueues,
    /// Invokes the scoring function.
    pub functions: Functions,
    /// The reader processes.
    pub pool: Pool,
    /// The time that goes to the database.
    pub clock: Clock,
    /// Numbers for `/health`.
    pub status: Arc<Status>,
    /// One permit per document in flight.
    pub capacity: Arc<Semaphore>,
    /// Outages in a row.
    pub outages: Outages,
    /// When to stop.
    pub stop: Stop,
}

impl Worker {
    /// Postgres, with the credentials of now.
    pub fn store(&self) -> Store {
        self.connections().store
    }

    /// The uploaded files, with the credentials of now.
    pub fn objects(&self) -> Objects {
        self.connections().objects
    }

    /// Redis, with the credentials of now; may be away.
    pub fn cache(&self) -> Cache {
        self.connections().cache
    }

    /// Nobody holds the lock for longer than a clone takes.
    fn connections(&self) -> Connections {
        self.connections.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Uses new connections from now on; calls under way end on the old ones.
    pub fn reconnect(&self, connections: Connections) {
        *self.connections.write().unwrap_or_else(PoisonError::into_inner) = connections;
    }

    /// This worker as the author of a change.
    pub fn origin(&self, correlation_id: &CorrelationId) -> Origin {
        Origin { actor: Actor::Worker(self.rules.worker_id.clone()), correlation_id: correlation_id.clone() }
    }
}

/// Outages in a row of a service that every document needs. While there are any, the pollers pause: messages that cannot be
/// worked on should stay in the queue.
#[derive(Debug, Default)]
pub struct Outages(AtomicU32);

impl Outages {
    /// One more outage.
    pub fn record_failure(&self) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n.saturating_add(1)));
    }

    /// The services answer again.
    pub fn reset(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// How long to pause; `None` without an outage. `random` is uniform in 0..1.
    pub fn pause(&self, random: f64) -> Option<Duration> {
        match self.0.load(Ordering::Relaxed) {
            0 => None,
            outages => OUTAGE_PAUSE.delay(outages, random, None).to_std().ok(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pollers_pause_longer_with_every_outage_up_to_a_bound() {
        let outages = Outages::default();
        assert_eq!(outages.pause(1.0), None);
        outages.record_failure();
        let first = outages.pause(1.0);
        outages.record_failure();
        assert!(outages.pause(1.0) > first && first.is_some());
        for _ in 0..100 {
            outages.record_failure();
        }
        assert_eq!(outages.pause(1.0), Some(Duration::from_secs(15)));
        outages.reset();
        assert_eq!(outages.pause(1.0), None);
    }
}
