//! Sends due reviews to the reviewer, and cancels those whose documents were erased: the outbox's other end.
//!
//! A review leaves the outbox when the reviewer has acknowledged it (INV-5). Rounds are small, because each review is
//! held under a lease that must outlive the call; the breaker, shared by all instances, keeps a reviewer that is down
//! from being asked again and again.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::breaker::{Admission, BreakerPolicy};
use filot_domain::retry::Backoff;
use filot_store::{DueDispatch, Miss, Store, StoreError};
use serde::Serialize;

use crate::cancel_reviews::cancel_reviews;
use crate::error::Result;
use crate::orchestrator::{HandOver, Orchestrator};

/// The breaker's name in the database.
pub const BREAKER: &str = "buli2";
/// Reviews sent side by side.
const ROUND_SIZE: u32 = 5;
/// Longer than the longest call (30 s) and its writes.
const LEASE_S: u32 = 60;
/// No round begins later than this after the start: the last one still ends within the function's time.
const BEGIN_WITHIN: TimeDelta = TimeDelta::seconds(45);
/// Rounds at most, whatever the clock says.
const ROUNDS_MAX: u32 = 40;

const BACKOFF: Backoff = Backoff { base: TimeDelta::seconds(10), cap: TimeDelta::hours(1) };

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DispatchReport {
    /// Acknowledged by the reviewer.
    pub acknowledged: u32,
    /// To be sent again later, after a failure.
    pub deferred: u32,
    /// Refused by the reviewer for good.
    pub refused: u32,
    /// Not sent, because the breaker is open.
    pub held_back: u32,
    /// Settled by somebody else meanwhile, for example by a callback that came first.
    pub settled: u32,
    /// Cancelled at the reviewer, because their documents were erased.
    pub cancelled: u32,
    /// To be cancelled again later, because the reviewer could not be told, or its task id had to be asked for first.
    pub cancels_deferred: u32,
}

enum Outcome {
    Acknowledged,
    Deferred,
    Refused,
    HeldBack,
    Settled,
}

impl DispatchReport {
    fn count(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Acknowledged => &mut self.acknowledged,
            Outcome::Deferred => &mut self.deferred,
            Outcome::Refused => &mut self.refused,
            Outcome::HeldBack => &mut self.held_back,
            Outcome::Settled => &mut self.settled,
        };
        *counter += 1;
    }
}

/// Cancels what is withdrawn, then sends what is due, in rounds, until nothing is, the breaker holds, or time is up.
/// `clock` tells the time.
pub async fn dispatch_reviews<O: Orchestrator>(
    store: &Store,
    orchestrator: &O,
    owner: &str,
    policy: &BreakerPolicy,
    clock: impl Fn() -> DateTime<Utc> + Send + Sync,
) -> Result<DispatchReport> {
    let started = clock();
    let mut report = DispatchReport::default();
    // First and few: what was erased shall not wait behind a long outbox, nor keep it waiting.
    let cancels = cancel_reviews(store, orchestrator, policy, &clock).await;
    match cancels {
        Ok(cancels) => (report.cancelled, report.cancels_deferred) = (cancels.done, cancels.deferred),
        Err(error) => tracing::error!(%error, "reviews could not be cancelled"),
    }
    for _ in 0..ROUNDS_MAX {
        let now = clock();
        if now >= started + BEGIN_WITHIN {
            break;
        }
        let due = store.take_due_dispatches(owner, ROUND_SIZE, LEASE_S, now).await?;
        let is_last_round = due.len() < ROUND_SIZE as usize;
        let held_before = report.held_back;
        let round = due.iter().map(|dispatch| send_one(store, orchestrator, dispatch, policy, &clock));
        for (dispatch, outcome) in due.iter().zip(futures::future::join_all(round).await) {
            match outcome {
                Ok(outcome) => report.count(&outcome),
                // The lease runs out and the review is taken again: nothing is lost, the round goes on.
                Err(error) => {
                    tracing::error!(review_id = %dispatch.lease.review(), %error, "a dispatch was interrupted");
                }
            }
        }
        if is_last_round || report.held_back > held_before {
            break;
        }
    }
    Ok(report)
}

async fn send_one<O: Orchestrator>(
    store: &Store,
    orchestrator: &O,
    dispatch: &DueDispatch,
    policy: &BreakerPolicy,
    clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
) -> std::result::Result<Outcome, StoreError> {
    let lease = &dispatch.lease;
    if let Admission::Refuse { until } = store.breaker_admit(BREAKER, policy, clock()).await? {
        settled(store.defer_dispatch(lease, until, None, clock()).await)?;
        return Ok(Outcome::HeldBack);
    }
    let payload = match store.load_dispatch(lease).await {
        Ok(payload) => payload,
        Err(StoreError::Miss(_)) => return Ok(Outcome::Settled),
        Err(error) => return Err(error),
    };
    let handed_over = orchestrator.hand_over(payload, clock()).await;
    let now = clock();
    let answered = !matches!(handed_over, HandOver::Unreachable { .. });
    // The breaker first: the outcome of the call must count even if the review was settled meanwhile.
    store.breaker_record(BREAKER, policy, answered, now).await?;
    let (written, outcome) = match handed_over {
        HandOver::Accepted { task_id } => {
            (store.acknowledge_dispatch(lease, &task_id, now).await, Outcome::Acknowledged)
        }
        HandOver::Unreachable { retry_after, why } => {
            let delay = BACKOFF.delay(dispatch.attempts + 1, rand::random::<f64>(), retry_after);
            (store.defer_dispatch(lease, now + delay, Some(&why), now).await, Outcome::Deferred)
        }
        HandOver::Refused { why } => (store.refuse_dispatch(lease, &why, now).await, Outcome::Refused),
    };
    Ok(if settled(written)? { outcome } else { Outcome::Settled })
}

/// Whether a write took effect; that somebody else settled the dispatch first is no error.
fn settled(written: std::result::Result<(), StoreError>) -> std::result::Result<bool, StoreError> {
    match written {
        Ok(()) => Ok(true),
        Err(StoreError::Miss(Miss::DispatchLost { .. } | Miss::NotFound)) => Ok(false),
        Err(error) => Err(error),
    }
}
