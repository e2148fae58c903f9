//! The running numbers of a worker: written by its parts, read by `/health` and the heartbeat.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::retry::QueueKind;
use serde::Serialize;

/// Without an answer from a queue for this long its loop hangs: the longest poll takes 20 s.
const SILENCE_MAX: TimeDelta = TimeDelta::seconds(90);
/// Readers may all be down for this long, while they are replaced.
const READERLESS_MAX: TimeDelta = TimeDelta::seconds(30);

/// The running numbers of one queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct QueueStatus {
    /// When its loop last went round, whatever came of it.
    pub looked_at: Option<DateTime<Utc>>,
    /// Whether the queue answered the last poll; unknown until the first poll is over.
    pub reachable: Option<bool>,
    /// Messages received.
    pub received: u64,
    /// Messages that wait, as last counted.
    pub waiting: Option<u64>,
}

/// The running numbers of a worker.
#[derive(Debug)]
pub struct Status {
    started_at: DateTime<Utc>,
    in_flight: AtomicUsize,
    queues: Mutex<BTreeMap<&'static str, QueueStatus>>,
    readerless_since: Mutex<Option<DateTime<Utc>>>,
}

/// Whether the worker can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It can work.
    Ok,
    /// Something it needs is away; restarting it would not help.
    Degraded,
    /// It is shutting down.
    Draining,
    /// It cannot work, and a new worker might.
    Unhealthy,
}

impl Health {
    /// Whether the container should live on and get work.
    pub const fn is_up(self) -> bool {
        matches!(self, Self::Ok | Self::Degraded)
    }
}

impl Status {
    /// A worker that starts now and serves `queues`.
    pub fn new(queues: &[QueueKind], now: DateTime<Utc>) -> Self {
        Self {
            started_at: now,
            in_flight: AtomicUsize::new(0),
            queues: Mutex::new(
                queues.iter().map(|queue| ((*queue).into(), QueueStatus::default())).collect(),
            ),
            readerless_since: Mutex::new(None),
        }
    }

    /// When the worker started.
    pub const fn started_at(&self) -> DateTime<Utc> {
        self.started_at
    }

    /// Documents in flight.
    pub fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// Counts a document as in flight until the guard is dropped.
    pub fn track_in_flight(&self) -> InFlight<'_> {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
        InFlight(&self.in_flight)
    }

    /// A poll is over; `received` is `None` if the queue did not answer.
    pub fn record_poll(&self, queue: QueueKind, received: Option<usize>, now: DateTime<Utc>) {
        self.with(queue, |status| {
            status.looked_at = Some(now);
            status.reachable = Some(received.is_some());
            status.received += u64::try_from(received.unwrap_or(0)).unwrap_or(u64::MAX);
        });
    }

    /// A queue's loop waits for capacity or for a reader.
    pub fn record_wait(&self, queue: QueueKind, now: DateTime<Utc>) {
        self.with(queue, |status| status.looked_at = Some(now));
    }

    /// The queue holds this many messages.
    pub fn record_waiting(&self, queue: QueueKind, waiting: u64) {
        self.with(queue, |status| status.waiting = Some(waiting));
    }

    fn with(&self, queue: QueueKind, change: impl FnOnce(&mut QueueStatus)) {
        let name: &'static str = queue.into();
        if let Ok(mut queues) = self.queues.lock() {
            change(queues.entry(name).or_default());
        }
    }

    /// Per queue, by its name.
    pub fn queues(&self) -> BTreeMap<&'static str, QueueStatus> {
        self.queues.lock().map(|queues| queues.clone()).unwrap_or_default()
    }

    /// Whether the worker can work, given how many readers are alive.
    pub fn health(&self, readers_alive: usize, draining: bool, now: DateTime<Utc>) -> Health {
        let readerless = self.readerless(readers_alive, now);
        if draining {
            return Health::Draining;
        }
        let queues = self.queues();
        let silent = queues.values().any(|q| now - q.looked_at.unwrap_or(self.started_at) > SILENCE_MAX);
        if readerless > READERLESS_MAX || silent {
            Health::Unhealthy
        } else if readers_alive == 0 || queues.values().any(|queue| queue.reachable == Some(false)) {
            Health::Degraded
        } else {
            Health::Ok
        }
    }

    /// For how long there has been no reader.
    fn readerless(&self, readers_alive: usize, now: DateTime<Utc>) -> TimeDelta {
        let Ok(mut since) = self.readerless_since.lock() else { return TimeDelta::zero() };
        if readers_alive > 0 {
            *since = None;
            TimeDelta::zero()
        } else {
            now - *since.get_or_insert(now)
        }
    }
}

/// One document in flight.
#[derive(Debug)]
pub struct InFlight<'a>(&'a AtomicUsize);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_700_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn a_worker_that_polls_and_has_readers_is_well() {
        let status = Status::new(&[QueueKind::Cpu], at(0));
        status.record_poll(QueueKind::Cpu, Some(2), at(10));
        assert_eq!(status.health(1, false, at(30)), Health::Ok);
        assert_eq!(status.queues()["cpu"].received, 2);
        assert_eq!(status.health(1, true, at(30)), Health::Draining);
    }

    #[test]
    fn a_queue_away_degrades_and_a_loop_that_hangs_is_unhealthy() {
        let status = Status::new(&[QueueKind::Cpu, QueueKind::Gpu], at(0));
        status.record_poll(QueueKind::Cpu, Some(0), at(10));
        status.record_poll(QueueKind::Gpu, None, at(10));
        assert_eq!(status.health(1, false, at(11)), Health::Degraded);
        status.record_poll(QueueKind::Cpu, Some(0), at(100));
        assert_eq!(status.health(1, false, at(101)), Health::Unhealthy);
    }

    #[test]
    fn a_worker_whose_first_poll_still_waits_is_well() {
        let status = Status::new(&[QueueKind::Cpu], at(0));
        assert_eq!(status.health(1, false, at(19)), Health::Ok);
    }

    #[test]
    fn readers_may_be_away_for_a_while_only() {
        let status = Status::new(&[QueueKind::Cpu], at(0));
        status.record_poll(QueueKind::Cpu, Some(0), at(40));
        assert_eq!(status.health(0, false, at(0)), Health::Degraded);
        assert_eq!(status.health(0, false, at(31)), Health::Unhealthy);
        assert_eq!(status.health(1, false, at(41)), Health::Ok);
        // It begins anew.
        assert_eq!(status.health(0, false, at(42)), Health::Degraded);
    }

    #[test]
    fn a_document_is_in_flight_as_long_as_its_guard() {
        let status = Status::new(&[], at(0));
        let guard = status.track_in_flight();
        assert_eq!(status.in_flight(), 1);
        drop(guard);
        assert_eq!(status.in_flight(), 0);
    }
}
