//! Cancels, at the reviewer, reviews whose documents were erased. A cancellation is repeated until the reviewer confirms it.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::breaker::BreakerPolicy;
use filot_domain::retry::Backoff;
use filot_store::{DueCancel, Miss, Store, StoreError};

use crate::dispatch_reviews::TASK_OF_ANOTHER;
use crate::error::Result;
use crate::orchestrator::{CancelOutcome, Orchestrator};
use crate::reviewer_breaker::{Guarded, guarded};

/// Reviews cancelled side by side, and in one run.
const BATCH: u32 = 10;
/// Longer than the longest call (30 s) and its writes.
const TURN_S: u32 = 60;
const BACKOFF: Backoff = Backoff { base: TimeDelta::seconds(10), cap: TimeDelta::hours(1) };
/// A refused cancellation needs somebody to look. Until then it is tried now and then, because personal data must not stay
/// with the reviewer for want of a try.
const REFUSED_PAUSE: TimeDelta = TimeDelta::hours(6);

/// Cancellations of a run, by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CancelReport {
    /// The reviewer confirmed it.
    pub done: u32,
    /// To be tried again later.
    pub deferred: u32,
}

/// One round of the cancellations that are due. `clock` returns the current time.
///
/// # Errors
/// The store's, when the due ones cannot be taken. One that fails by itself is logged and comes again.
pub async fn cancel_reviews<O: Orchestrator>(
    store: &Store,
    orchestrator: &O,
    policy: &BreakerPolicy,
    clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
) -> Result<CancelReport> {
    let due = store.take_due_cancels(BATCH, TURN_S, clock()).await?;
    let ids: Vec<_> = due.iter().map(|cancel| cancel.review).collect();
    let round = due.into_iter().map(|cancel| cancel_one(store, orchestrator, cancel, policy, clock));
    let mut report = CancelReport::default();
    for (review_id, outcome) in ids.into_iter().zip(futures::future::join_all(round).await) {
        match outcome {
            Ok(true) => report.done += 1,
            Ok(false) => report.deferred += 1,
            // Its turn passes and it is due again.
            Err(error) => tracing::error!(%review_id, %error, "a cancellation was interrupted"),
        }
    }
    Ok(report)
}

/// Whether the reviewer confirmed it.
async fn cancel_one<O: Orchestrator>(
    store: &Store,
    orchestrator: &O,
    cancel: DueCancel,
    policy: &BreakerPolicy,
    clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
) -> std::result::Result<bool, StoreError> {
    let (review, attempts, task_id) = (cancel.review, cancel.attempts, cancel.task_id.clone());
    let call = async { Ok(Some(orchestrator.cancel(cancel, clock()).await)) };
    let (outcome, now) = match guarded(store, policy, clock, call).await? {
        Guarded::HeldBack { until } => {
            store.cancel_deferred(review, until, None, clock()).await?;
            return Ok(false);
        }
        Guarded::Moot => return Ok(false),
        Guarded::Called { outcome, at } => (outcome, at),
    };
    match outcome {
        CancelOutcome::Gone => {
            store.cancel_done(review, task_id.as_deref(), now).await?;
            return Ok(true);
        }
        CancelOutcome::Found { task_id } => match store.cancel_learned(review, &task_id, now).await {
            Err(StoreError::Miss(Miss::TaskOfAnother)) => {
                tracing::error!(review_id = %review, "the reviewer answered another review's task id");
                store.cancel_deferred(review, now + REFUSED_PAUSE, Some(TASK_OF_ANOTHER), now).await?;
            }
            learned => learned?,
        },
        CancelOutcome::Unreachable { retry_after, why } => {
            let delay = BACKOFF.delay(attempts + 1, rand::random::<f64>(), retry_after);
            store.cancel_deferred(review, now + delay, Some(&why), now).await?;
        }
        CancelOutcome::Refused { why } => {
            tracing::error!(review_id = %review, why, "the reviewer refuses to cancel a review");
            store.cancel_deferred(review, now + REFUSED_PAUSE, Some(&why), now).await?;
        }
    }
    Ok(false)
}
