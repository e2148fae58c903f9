//! One run of the function `review-dispatch`: cancels withdrawn reviews, sends those that are due, and measures how the
//! outbox and the breaker stand.

use chrono::{DateTime, Utc};
use filot_domain::breaker::{BreakerPolicy, BreakerState};
use filot_platform::telemetry::{MetricName, metric};
use filot_store::Store;
use serde::Serialize;

use crate::cancel_reviews::cancel_reviews;
use crate::dispatch_reviews::dispatch_reviews;
use crate::error::Result;
use crate::orchestrator::Orchestrator;
use crate::reviewer_breaker::BREAKER;

/// Reviews of a run, by outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboxReport {
    /// Acknowledged by the reviewer.
    pub acknowledged: u32,
    /// To be sent again later, after a failure.
    pub deferred: u32,
    /// Refused by the reviewer for good.
    pub refused: u32,
    /// Not sent, because the breaker is open.
    pub held_back: u32,
    /// Settled by another instance meanwhile, for example by a callback that came first.
    pub lost: u32,
    /// Cancelled at the reviewer, because their documents were erased.
    pub cancelled: u32,
    /// To be cancelled again later: the reviewer did not answer, or its task id had to be asked for first.
    pub cancels_deferred: u32,
}

/// One run. `owner` is the holder of its leases; `clock` returns the current time.
///
/// # Errors
/// The store's, when it cannot say what is due.
pub async fn review_outbox<O: Orchestrator>(
    store: &Store,
    orchestrator: &O,
    owner: &str,
    policy: &BreakerPolicy,
    clock: impl Fn() -> DateTime<Utc> + Send + Sync,
) -> Result<OutboxReport> {
    let started = clock();
    // Cancellations come first and are few: they must not wait behind a long outbox, nor keep it waiting.
    let cancels = cancel_reviews(store, orchestrator, policy, &clock).await.unwrap_or_else(|error| {
        tracing::error!(%error, "reviews could not be cancelled");
        Default::default()
    });
    let sent = dispatch_reviews(store, orchestrator, owner, policy, started, &clock).await?;
    let report = OutboxReport {
        acknowledged: sent.acknowledged,
        deferred: sent.deferred,
        refused: sent.refused,
        held_back: sent.held_back,
        lost: sent.lost,
        cancelled: cancels.done,
        cancels_deferred: cancels.deferred,
    };
    measure(store, policy, &report, clock()).await;
    Ok(report)
}

/// Writes the metrics of a run: how often it goes again, how long the oldest review waits for a decision, and the breaker.
async fn measure(store: &Store, policy: &BreakerPolicy, report: &OutboxReport, now: DateTime<Utc>) {
    let again = report.deferred + report.cancels_deferred;
    if again > 0 {
        metric(MetricName::Buli2RetryCount, f64::from(again), &[]);
    }
    match store.dispatch_backlog(now).await {
        Ok(backlog) => {
            let age = backlog.oldest_undecided_at.map_or(0, |since| (now - since).num_seconds().max(0));
            #[expect(clippy::cast_precision_loss, reason = "seconds below 2^52")]
            metric(MetricName::ReviewOldestAgeS, age as f64, &[]);
        }
        Err(error) => tracing::warn!(%error, "the age of the oldest review is not known"),
    }
    match store.breaker_load(BREAKER).await {
        Ok(breaker) => {
            let state = match breaker.state(policy, now) {
                BreakerState::Closed => 0.0,
                BreakerState::HalfOpen => 1.0,
                BreakerState::Open => 2.0,
            };
            metric(MetricName::CircuitBreakerState, state, &[]);
        }
        Err(error) => tracing::warn!(%error, "the breaker's state is not known"),
    }
}
