//! Sends due reviews to the reviewer: the outbox's other end.
//!
//! A review leaves the outbox when the reviewer has acknowledged it (INV-5). Rounds are small, because each review is
//! held under a lease that must outlive the call; the breaker, shared by all instances, keeps a reviewer that is down
//! from being asked again and again.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::breaker::BreakerPolicy;
use filot_domain::retry::Backoff;
use filot_store::{DueDispatch, Miss, Store, StoreError};

use crate::error::Result;
use crate::orchestrator::{Orchestrator, SubmitOutcome};
use crate::reviewer_breaker::{Guarded, guarded};

/// Reviews sent side by side.
const ROUND_SIZE: u32 = 5;
/// Longer than the longest call (30 s) and its writes.
const LEASE_S: u32 = 60;
/// No round begins later than this after the start: the last one still ends within the function's time.
const BEGIN_WITHIN: TimeDelta = TimeDelta::seconds(45);
/// Rounds at most, whatever the clock says.
const ROUNDS_MAX: u32 = 40;

/// Tries to open a reading before its review is given up: with the back-off, about a day. A wrong key is mended by then, and
/// the review goes out by itself.
const UNREADABLE_TRIES: u32 = 30;
/// Why a review was not sent: its card's reading cannot be opened.
const UNREADABLE: &str = "reading_unreadable";
/// Why a review was not sent: the reviewer answered a task id that another review has.
pub(crate) const TASK_OF_ANOTHER: &str = "task_of_another_review";

const BACKOFF: Backoff = Backoff { base: TimeDelta::seconds(10), cap: TimeDelta::hours(1) };

/// Reviews of a run, by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DispatchReport {
    /// Acknowledged by the reviewer.
    pub acknowledged: u32,
    /// To be sent again later, after a failure.
    pub deferred: u32,
    /// Refused by the reviewer for good.
    pub refused: u32,
    /// Not sent, because the breaker is open.
    pub held_back: u32,
    /// Ended by another instance meanwhile, for example by a callback that came first.
    pub lost: u32,
}

enum Outcome {
    Acknowledged,
    Deferred,
    Refused,
    HeldBack,
    Lost,
}

impl DispatchReport {
    fn count(&mut self, outcome: &Outcome) {
        let counter = match outcome {
            Outcome::Acknowledged => &mut self.acknowledged,
            Outcome::Deferred => &mut self.deferred,
            Outcome::Refused => &mut self.refused,
            Outcome::HeldBack => &mut self.held_back,
            Outcome::Lost => &mut self.lost,
        };
        *counter += 1;
    }
}

/// Sends due reviews, and those of which the reviewer has not heard the news, in rounds, until none is due, the breaker is open, or time is up. `started` is when the run began;
/// `clock` returns the current time.
///
/// # Errors
/// The store's, when the due ones cannot be taken. One that fails by itself is logged and comes again.
pub async fn dispatch_reviews<O: Orchestrator>(
    store: &Store,
    orchestrator: &O,
    owner: &str,
    policy: &BreakerPolicy,
    started: DateTime<Utc>,
    clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
) -> Result<DispatchReport> {
    let mut report = DispatchReport::default();
    store.resend_noticed(ROUND_SIZE * ROUNDS_MAX, started).await?;
    for _ in 0..ROUNDS_MAX {
        let now = clock();
        if now >= started + BEGIN_WITHIN {
            break;
        }
        let due = store.take_due_dispatches(owner, ROUND_SIZE, LEASE_S, now).await?;
        let is_last_round = due.len() < ROUND_SIZE as usize;
        let held_before = report.held_back;
        let round = due.iter().map(|dispatch| send_one(store, orchestrator, dispatch, policy, clock));
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
    let call = async {
        match store.load_dispatch(lease, clock()).await {
            Ok(payload) => Ok(Some(orchestrator.submit(payload, clock()).await)),
            Err(StoreError::Miss(_)) => Ok(None),
            Err(error) => Err(error),
        }
    };
    let called = match guarded(store, policy, clock, call).await {
        Err(error) if error.is_unreadable() => return put_aside(store, dispatch, &error, clock()).await,
        called => called?,
    };
    let (submitted, now) = match called {
        Guarded::HeldBack { until } => {
            took_effect(store.defer_dispatch(lease, until, None, clock()).await)?;
            return Ok(Outcome::HeldBack);
        }
        Guarded::Moot => return Ok(Outcome::Lost),
        Guarded::Called { outcome, at } => (outcome, at),
    };
    let (written, outcome) = match submitted {
        SubmitOutcome::Accepted { task_id } => match store.acknowledge_dispatch(lease, &task_id, now).await {
            // Sent again it would be answered the same again.
            Err(StoreError::Miss(Miss::TaskOfAnother)) => {
                tracing::error!(review_id = %lease.review(), "the reviewer answered another review's task id");
                (store.refuse_dispatch(lease, TASK_OF_ANOTHER, now).await, Outcome::Refused)
            }
            written => (written, Outcome::Acknowledged),
        },
        SubmitOutcome::Unreachable { retry_after, why } => {
            let delay = BACKOFF.delay(dispatch.attempts + 1, rand::random::<f64>(), retry_after);
            (store.defer_dispatch(lease, now + delay, Some(&why), now).await, Outcome::Deferred)
        }
        SubmitOutcome::Refused { why } => (store.refuse_dispatch(lease, &why, now).await, Outcome::Refused),
    };
    Ok(if took_effect(written)? { outcome } else { Outcome::Lost })
}

/// A review whose content cannot be opened waits longer and longer, and is refused in the end, visibly.
async fn put_aside(
    store: &Store,
    dispatch: &DueDispatch,
    error: &StoreError,
    now: DateTime<Utc>,
) -> std::result::Result<Outcome, StoreError> {
    let (lease, attempts) = (&dispatch.lease, dispatch.attempts + 1);
    tracing::error!(review_id = %lease.review(), attempts, %error, "a review cannot be sent");
    let (written, outcome) = if attempts < UNREADABLE_TRIES {
        let until = now + BACKOFF.delay(attempts, rand::random::<f64>(), None);
        (store.defer_dispatch(lease, until, Some(UNREADABLE), now).await, Outcome::Deferred)
    } else {
        (store.refuse_dispatch(lease, UNREADABLE, now).await, Outcome::Refused)
    };
    Ok(if took_effect(written)? { outcome } else { Outcome::Lost })
}

/// Whether a write took effect. A dispatch that another instance ended first is no error.
fn took_effect(written: std::result::Result<(), StoreError>) -> std::result::Result<bool, StoreError> {
    match written {
        Ok(()) => Ok(true),
        Err(StoreError::Miss(Miss::DispatchLost { .. } | Miss::NotFound)) => Ok(false),
        Err(error) => Err(error),
    }
}
