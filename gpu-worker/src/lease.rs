//! Keeps a document while it is worked on: renews its lease in the database and its message's visibility in the queue.
//!
//! Work ends as soon as the lease is lost. This module must not know what the work is.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use chrono::TimeDelta;
use filot_cloud::{Message, Queue};
use filot_domain::retry::Backoff;
use filot_store::{Lease, Result as StoreResult, Store};
use tokio::time::{Instant, sleep};

use crate::worker::{Rules, Worker};

/// How long a write of finished work is retried while the database is away. The message stays hidden meanwhile: another
/// worker that claimed over the lease would count a loss.
const PERSIST_MAX: Duration = Duration::from_secs(15 * 60);
/// Pause between those tries.
const PERSIST_PAUSE: Backoff = Backoff { base: TimeDelta::milliseconds(200), cap: TimeDelta::seconds(5) };

/// Another worker, or nobody, has the document now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseLost;

/// Does `work` while the lease can be renewed. When the lease is lost, the work is dropped where it stands.
///
/// A database that is away does not end the work: nobody else can claim without it either.
///
/// # Errors
/// The lease is lost; `work` was dropped.
pub async fn while_leased<T>(
    worker: &Worker,
    lease: &Lease,
    work: impl Future<Output = T>,
) -> Result<T, LeaseLost> {
    let renew = async {
        loop {
            sleep(worker.rules.renew_interval()).await;
            match worker.store().heartbeat(lease, worker.rules.lease_s, worker.clock.now()).await {
                Ok(()) => {}
                Err(error) if error.miss().is_some() => return,
                Err(error) => tracing::warn!(%error, "the lease was not renewed"),
            }
        }
    };
    tokio::select! {
        biased;
        done = work => Ok(done),
        () = renew => Err(LeaseLost),
    }
}

/// Does `work` while the message stays hidden from other workers.
pub async fn while_hidden<T>(
    queue: &Queue,
    message: &Message,
    rules: &Rules,
    work: impl Future<Output = T>,
) -> T {
    tokio::select! {
        biased;
        done = work => done,
        never = keep_hidden(queue, message, rules) => match never {},
    }
}

async fn keep_hidden(queue: &Queue, message: &Message, rules: &Rules) -> Infallible {
    loop {
        sleep(rules.renew_interval()).await;
        if let Err(error) = queue.change_visibility(&message.receipt, rules.lease_s).await {
            tracing::warn!(%error, "the visibility was not renewed");
        }
    }
}

/// Writes finished work, and retries for a while if the database is away.
///
/// Each try takes the connection anew: the outage may be a rotated password.
///
/// # Errors
/// The write failed for a reason that waiting does not mend, or the database stayed away for too long.
pub async fn persist<T, F>(worker: &Worker, what: &'static str, write: impl Fn(Store) -> F) -> StoreResult<T>
where
    F: Future<Output = StoreResult<T>>,
{
    let until = Instant::now() + PERSIST_MAX;
    let mut failures = 0_u32;
    loop {
        match write(worker.store()).await {
            Err(error) if error.is_transient() && Instant::now() < until => {
                failures = failures.saturating_add(1);
                worker.outages.record_failure();
                tracing::warn!(%error, failures, "cannot {what} yet");
                let pause = PERSIST_PAUSE.delay(failures, rand::random(), None);
                sleep(pause.to_std().unwrap_or_default()).await;
            }
            done => return done,
        }
    }
}
