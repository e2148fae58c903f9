//! `GET /metrics`: aggregates for monitoring, as JSON or as Prometheus text. Counts, times and states only: nothing here
//! belongs to a person.
//!
//! A collection is kept for fifteen seconds in the instance, so that watching costs the database the same however many
//! watch.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::breaker::{BreakerPolicy, BreakerState};
use filot_domain::{DocumentStatus, VerificationStatus};
use filot_store::{StateCount, Store};
use prometheus::{GaugeVec, Opts, Registry, TextEncoder};
use serde::Serialize;
use strum::IntoEnumIterator;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::auth::principal::Operator;
use crate::error::{AppError, Result};
use crate::queue_depths::{QueueDepthDto, WatchedQueues};
use crate::request_context::RequestContext;
use crate::reviewer_breaker::BREAKER;

/// How long a collection is shown.
pub const FRESH_FOR: TimeDelta = TimeDelta::seconds(15);
/// How long a failed one keeps others from asking again: those who came while it failed get its answer.
const FAILED_FOR: TimeDelta = TimeDelta::seconds(1);
/// The media type of the Prometheus text.
pub const PROMETHEUS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueuesMetricsDto {
    /// Workers with a GPU.
    pub gpu: QueueDepthDto,
    /// Workers without.
    pub cpu: QueueDepthDto,
}

/// Documents that workers hold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ActiveJobsDto {
    /// On a GPU.
    pub gpu: u64,
    /// On a CPU.
    pub cpu: u64,
}

/// Human reviews.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewBacklogDto {
    /// Await a decision.
    pub pending: u64,
    /// Should be sent to the reviewer now.
    pub due: u64,
    /// Since when the oldest of those due waits.
    #[schema(required)]
    pub oldest_due_at: Option<DateTime<Utc>>,
}

/// Circuit breakers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct BreakersDto {
    /// In front of BULI2.
    #[schema(value_type = crate::schema::BreakerState)]
    pub buli2: String,
}

/// Documents by state; a state without a document is zero.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentCountsDto {
    /// By where they are in the pipeline.
    #[schema(value_type = crate::schema::CountsByStatus)]
    pub by_status: BTreeMap<String, u64>,
    /// By what is known about their truth.
    #[schema(value_type = crate::schema::CountsByVerificationStatus)]
    pub by_verification_status: BTreeMap<String, u64>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MetricsResponse {
    /// When this was collected.
    pub collected_at: DateTime<Utc>,
    /// What waits for workers.
    pub queues: QueuesMetricsDto,
    /// What workers are doing.
    pub active_jobs: ActiveJobsDto,
    /// What waits for people.
    pub review_backlog: ReviewBacklogDto,
    /// How the circuit breakers stand.
    pub breakers: BreakersDto,
    /// All documents.
    pub documents: DocumentCountsDto,
}

/// The last collection of this instance.
#[derive(Debug, Default)]
pub struct MetricsCache {
    last: Mutex<Option<Last>>,
}

#[derive(Debug)]
struct Last {
    at: DateTime<Utc>,
    outcome: Result<Arc<MetricsResponse>>,
}

impl MetricsCache {
    /// The last collection while it is fresh, else a new one. Concurrent requests wait for the same collection.
    async fn get(
        &self,
        now: DateTime<Utc>,
        collect: impl Future<Output = Result<MetricsResponse>>,
    ) -> Result<Arc<MetricsResponse>> {
        let mut last = self.last.lock().await;
        if let Some(Last { at, outcome }) = &*last {
            let fresh_for = if outcome.is_ok() { FRESH_FOR } else { FAILED_FOR };
            if now < *at + fresh_for {
                return outcome.clone();
            }
        }
        let outcome = collect.await.map(Arc::new);
        *last = Some(Last { at: now, outcome: outcome.clone() });
        outcome
    }
}

/// The numbers, at most 15 seconds old.
///
/// # Errors
/// The store's, also for those who ask within a second after it failed.
pub async fn metrics(
    store: &Store,
    queues: &WatchedQueues,
    policy: &BreakerPolicy,
    cache: &MetricsCache,
    request: &RequestContext<Operator>,
) -> Result<Arc<MetricsResponse>> {
    cache.get(request.now, collect(store, queues, policy, request.now)).await
}

/// Asks the database and the queues.
async fn collect(
    store: &Store,
    queues: &WatchedQueues,
    policy: &BreakerPolicy,
    now: DateTime<Utc>,
) -> Result<MetricsResponse> {
    let rows = async {
        // One after the other: a watcher needs no more than one connection.
        let standings = store.queue_loads(now).await?;
        let backlog = store.dispatch_backlog(now).await?;
        let breaker = store.breaker_load(BREAKER).await?;
        let states = store.documents_by_state().await?;
        Ok::<_, AppError>((standings, backlog, breaker, states))
    };
    let ((gpu, cpu), rows) = tokio::join!(queues.depths(), rows);
    let (standings, backlog, breaker, states) = rows?;
    Ok(MetricsResponse {
        collected_at: now,
        queues: QueuesMetricsDto { gpu, cpu },
        active_jobs: ActiveJobsDto { gpu: standings.gpu.active, cpu: standings.cpu.active },
        review_backlog: ReviewBacklogDto {
            pending: backlog.pending_reviews,
            due: backlog.due,
            oldest_due_at: backlog.oldest_due_at,
        },
        breakers: BreakersDto { buli2: breaker.state(policy, now).to_string() },
        documents: counts(&states),
    })
}

fn counts(states: &[StateCount]) -> DocumentCountsDto {
    let zero = |names: &mut dyn Iterator<Item = String>| names.map(|name| (name, 0)).collect();
    let mut by_status: BTreeMap<String, u64> = zero(&mut DocumentStatus::iter().map(|s| s.to_string()));
    let mut by_verification_status: BTreeMap<String, u64> =
        zero(&mut VerificationStatus::iter().map(|s| s.to_string()));
    for state in states {
        *by_status.entry(state.status.to_string()).or_default() += state.documents;
        *by_verification_status.entry(state.verification_status.to_string()).or_default() += state.documents;
    }
    DocumentCountsDto { by_status, by_verification_status }
}

/// The same as Prometheus text, exposition format 0.0.4. An unknown number has no sample.
///
/// # Errors
/// `internal` when the library refuses a name, which a test excludes.
pub fn prometheus(metrics: &MetricsResponse) -> Result<String> {
    text(metrics).map_err(|error| AppError::internal(format!("the metrics are no text: {error}")))
}

fn text(metrics: &MetricsResponse) -> std::result::Result<String, prometheus::Error> {
    let registry = Registry::new();
    let gauge = |name: &str, help: &str, labels: &[&str]| {
        let gauge = GaugeVec::new(Opts::new(name, help), labels)?;
        registry.register(Box::new(gauge.clone()))?;
        Ok::<_, prometheus::Error>(gauge)
    };
    let queues = [("gpu", &metrics.queues.gpu), ("cpu", &metrics.queues.cpu)];
    let messages = gauge("filot_queue_messages", "Messages of a queue, by state.", &["queue", "state"])?;
    let reachable = gauge("filot_queue_reachable", "Whether a queue answers.", &["queue"])?;
    for (name, queue) in queues {
        reachable.with_label_values(&[name]).set(f64::from(u8::from(queue.reachable)));
        let states = [
            ("visible", queue.depth),
            ("in_flight", queue.in_flight),
            ("delayed", queue.delayed),
            ("dead_letter", queue.dead_letters),
        ];
        for (state, count) in states {
            if let Some(count) = count {
                messages.with_label_values(&[name, state]).set(number(count));
            }
        }
    }
    let active = gauge("filot_active_jobs", "Documents that workers hold.", &["queue"])?;
    active.with_label_values(&["gpu"]).set(number(metrics.active_jobs.gpu));
    active.with_label_values(&["cpu"]).set(number(metrics.active_jobs.cpu));
    let reviews = gauge("filot_reviews", "Human reviews that wait, by for what.", &["state"])?;
    reviews.with_label_values(&["pending"]).set(number(metrics.review_backlog.pending));
    reviews.with_label_values(&["due"]).set(number(metrics.review_backlog.due));
    if let Some(oldest) = metrics.review_backlog.oldest_due_at {
        let age_s = (metrics.collected_at - oldest).num_seconds().max(0).unsigned_abs();
        gauge("filot_reviews_oldest_due_seconds", "Age of the oldest review that is due.", &[])?
            .with_label_values::<&str>(&[])
            .set(number(age_s));
    }
    let breaker = gauge("filot_circuit_breaker_state", "1 for the state it is in.", &["breaker", "state"])?;
    for state in [BreakerState::Closed, BreakerState::HalfOpen, BreakerState::Open] {
        let state: &str = state.into();
        let is_it = f64::from(u8::from(state == metrics.breakers.buli2));
        breaker.with_label_values(&[BREAKER, state]).set(is_it);
    }
    let by_status = gauge("filot_documents", "Documents, by where they are.", &["status"])?;
    for (status, count) in &metrics.documents.by_status {
        by_status.with_label_values(&[status]).set(number(*count));
    }
    let by_verification = gauge(
        "filot_documents_by_verification",
        "Documents, by what is known about them.",
        &["verification_status"],
    )?;
    for (status, count) in &metrics.documents.by_verification_status {
        by_verification.with_label_values(&[status]).set(number(*count));
    }
    TextEncoder::new().encode_to_string(&registry.gather())
}

#[expect(clippy::cast_precision_loss, reason = "counts below 2^52")]
const fn number(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
#[path = "metrics_tests.rs"]
mod tests;
