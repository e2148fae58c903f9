//! What a process has at hand: its configuration, and what it talks to, connected on first use.
//!
//! Made once at cold start, without any I/O beyond reading the configuration: a function that answers from its head (a
//! wrong token, a wrong file) never waits for a database.

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{DateTime, Utc};
use filot_buli2::{Client, ClientConfig};
use filot_cache::Cache;
use filot_cloud::{Functions, Objects, OcrQueues, Queue, SdkConfig};
use filot_domain::breaker::{BreakerPolicy, BreakerState};
use filot_domain::scoring::Thresholds;
use filot_platform::telemetry::{MetricName, metric};
use filot_platform::{Config, ConfigErrors, Environment, Role, Secret};
pub use filot_store::Caller;
use filot_store::{ConfigError, Store};
use tokio::sync::OnceCell;
use url::Url;

use crate::auth::access::{AccessTokens, Lifetime};
use crate::auth::stack::{StackProject, StackVerifier};
use crate::dispatch_reviews::{BREAKER, DispatchReport};
use crate::error::{AppError, Result};
use crate::health::{HealthResponse, Instance, health};
use crate::limits::Limiter;
use crate::metrics::{self, MetricsCache, MetricsResponse};
use crate::orchestrator::Buli2;
use crate::queue_depths::{WatchedQueue, WatchedQueues};
use crate::queue_status::{QueueStatusResponse, queue_status};
use crate::review_callback::CallbackSecrets;
use crate::score_document::Scored;
use crate::sweep::Sweeper;

/// Who carries documents and reviews.
const OCR_ENGINE: &str = "sqs";
/// A whole call to BULI2.
const BULI2_TIMEOUT: Duration = Duration::from_secs(30);

/// Why a process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration is not usable.
    #[error(transparent)]
    Config(#[from] ConfigErrors),
    /// It is complete, but something cannot be made of it.
    #[error("{what}: {why}")]
    Unusable {
        /// Of what.
        what: &'static str,
        /// Why not.
        why: String,
    },
}

impl From<ConfigError> for StartError {
    fn from(error: ConfigError) -> Self {
        Self::Unusable { what: error.variable, why: error.why }
    }
}

impl StartError {
    /// Whether trying again may help.
    pub const fn is_outage(&self) -> bool {
        matches!(self, Self::Config(ConfigErrors::Away(_)))
    }
}

/// What a process has at hand.
#[derive(Debug)]
pub struct Context {
    config: Config,
    started_at: DateTime<Utc>,
    access_tokens: AccessTokens,
    store: Option<Store>,
    stack: OnceLock<StackVerifier>,
    cache: Option<Cache>,
    limiter: Option<Limiter>,
    orchestrator: Option<Buli2>,
    objects: Option<Objects>,
    sdk: OnceCell<SdkConfig>,
    queues: OnceCell<OcrQueues>,
    watched_queues: OnceCell<WatchedQueues>,
    metrics: MetricsCache,
    functions: OnceCell<Functions>,
    thresholds: Thresholds,
    breaker_policy: BreakerPolicy,
}

impl Context {
    /// Reads the configuration of a role and prepares what it describes.
    pub async fn load(role: Role) -> std::result::Result<Self, StartError> {
        Self::new(Config::load(role).await?, Utc::now())
    }

    /// Prepares what a configuration describes.
    pub fn new(config: Config, started_at: DateTime<Utc>) -> std::result::Result<Self, StartError> {
        let lifetime = match config.environment {
            Environment::Local => Lifetime::Unbounded,
            _ => Lifetime::AsIssued,
        };
        let keys = config.token_keys.iter().map(|(kid, key)| (kid.as_str(), key));
        let thresholds = config.scoring.map_or_else(Thresholds::default, |scoring| Thresholds {
            auto_approve: scoring.auto_approve,
            auto_reject: scoring.auto_reject,
            ..Thresholds::default()
        });
        let store = config.database.as_ref().map(Store::try_from).transpose()?;
        let cache = config.redis.as_ref().map(|redis| Cache::new(redis.into())).transpose();
        let cache = cache.map_err(unusable("REDIS_URL"))?;
        Ok(Self {
            started_at,
            access_tokens: AccessTokens::new(keys, lifetime),
            store,
            stack: OnceLock::new(),
            limiter: cache.clone().map(Limiter::new),
            cache,
            orchestrator: config.buli2.as_ref().map(orchestrator),
            objects: config.storage.as_ref().map(|storage| Objects::new(storage.into())),
            sdk: OnceCell::new(),
            queues: OnceCell::new(),
            watched_queues: OnceCell::new(),
            metrics: MetricsCache::default(),
            functions: OnceCell::new(),
            thresholds,
            breaker_policy: BreakerPolicy::default(),
            config,
        })
    }

    /// Origins that browsers may call from.
    pub fn cors_origins(&self) -> &[String] {
        &self.config.cors_origins
    }

    /// Counts requests. A function that is not limited has none.
    pub const fn limiter(&self) -> Option<&Limiter> {
        self.limiter.as_ref()
    }

    /// What proves that a request came through Cloudflare. Without configuration there is nothing, and nothing is
    /// believed.
    pub fn origin_secrets(&self) -> &[Secret] {
        &self.config.origin_secrets
    }

    /// Our own tokens.
    pub const fn access_tokens(&self) -> &AccessTokens {
        &self.access_tokens
    }

    /// Keys of internal callers.
    pub fn service_keys(&self) -> &[Secret] {
        &self.config.service_keys
    }

    /// What proves that a callback is BULI2's. Without configuration there is nothing, and nothing is believed.
    pub fn callback_secrets(&self) -> CallbackSecrets<'_> {
        let callback = self.config.callback.as_ref();
        CallbackSecrets {
            service_keys: &self.config.service_keys,
            signature_secrets: callback.map_or(&[], |callback| &callback.signature_secrets),
            require_timestamp: callback.is_none_or(|callback| callback.require_timestamp),
        }
    }

    /// Where the score divides.
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// When the breaker before BULI2 opens.
    pub const fn breaker_policy(&self) -> &BreakerPolicy {
        &self.breaker_policy
    }

    /// Postgres.
    pub fn store(&self) -> Result<&Store> {
        needed(self.store.as_ref(), "database")
    }

    /// The files.
    pub fn objects(&self) -> Result<&Objects> {
        needed(self.objects.as_ref(), "storage")
    }

    /// How long an owner's link to a file lives.
    pub fn download_lifetime(&self) -> Result<Duration> {
        let storage = needed(self.config.storage.as_ref(), "storage")?;
        Ok(Duration::from_secs(storage.link_s.into()))
    }

    /// Who carries out reviews.
    pub fn orchestrator(&self) -> Result<&Buli2> {
        needed(self.orchestrator.as_ref(), "BULI2")
    }

    /// Postgres as the owner of the schema.
    pub fn migrate_url(&self) -> Result<&str> {
        needed(self.config.migrate_url.as_ref(), "migration").map(Secret::expose)
    }

    /// Stack Auth's tokens.
    pub fn stack(&self) -> Result<&StackVerifier> {
        if let Some(verifier) = self.stack.get() {
            return Ok(verifier);
        }
        let stack = needed(self.config.stack_auth.as_ref(), "Stack Auth")?;
        let api = Url::parse(&stack.api_url)
            .map_err(|error| AppError::internal(format!("STACK_API_URL is no URL: {error}")))?;
        let project = StackProject::new(&api, &stack.project_id, &stack.issuers)?;
        let verifier = StackVerifier::new(project)?;
        Ok(self.stack.get_or_init(|| verifier))
    }

    async fn sdk(&self) -> &SdkConfig {
        self.sdk.get_or_init(filot_cloud::sdk_config).await
    }

    /// The workers' queues.
    pub async fn queues(&self) -> Result<&OcrQueues> {
        let queues = needed(self.config.queues.as_ref(), "queues")?;
        let make = || async { OcrQueues::new(self.sdk().await, queues) };
        Ok(self.queues.get_or_init(make).await)
    }

    /// The workers' queues with their dead letters.
    async fn watched_queues(&self) -> Result<&WatchedQueues> {
        let queues = self.queues().await?;
        let dead_letters = needed(self.config.dead_letters.as_ref(), "dead letters")?;
        let make = || async {
            let sdk = self.sdk().await;
            let watched = |queue: &Queue, dead_letters: &String| WatchedQueue {
                queue: queue.clone(),
                dead_letters: Queue::new(sdk, dead_letters.clone()),
            };
            WatchedQueues {
                gpu: watched(&queues.gpu, &dead_letters.gpu_url),
                cpu: watched(&queues.cpu, &dead_letters.cpu_url),
            }
        };
        Ok(self.watched_queues.get_or_init(make).await)
    }

    async fn functions(&self) -> &Functions {
        let make = || async { Functions::new(self.sdk().await) };
        self.functions.get_or_init(make).await
    }

    /// What the sweeper needs.
    pub async fn sweeper(&self) -> Result<Sweeper<'_>> {
        Ok(Sweeper {
            store: self.store()?,
            objects: self.objects()?,
            queues: self.queues().await?,
            cache: self.cache.as_ref(),
            functions: self.functions().await,
            scoring: needed(self.config.scoring_function.as_deref(), "scoring function")?,
            retention: needed(self.config.retention.as_ref(), "retention")?,
        })
    }

    /// How the parts that are needed are doing.
    pub async fn health(&self, now: DateTime<Utc>) -> HealthResponse {
        let instance = Instance {
            started_at: self.started_at,
            environment: self.config.environment.to_string(),
            ocr_engine: OCR_ENGINE.to_owned(),
        };
        let database = async { answers("database", async { Ok(self.store()?.ping().await?) }).await };
        let redis = async {
            let cache = needed(self.cache.as_ref(), "redis");
            let ping =
                async { cache?.ping().await.map_err(|error| AppError::unavailable(error.to_string())) };
            let is_there = answers("redis", ping).await;
            if !is_there {
                metric(MetricName::RedisUnavailable, 1.0, &[]);
            }
            is_there
        };
        let queue = async {
            let ask = async {
                let queues = self.queues().await?;
                let asked = queues.get(queues.preferred()).attributes().await;
                asked.map(drop).map_err(|error| AppError::unavailable(error.to_string()))
            };
            answers("queue", ask).await
        };
        health(&instance, database, redis, queue, now).await
    }

    /// How the workers' queues stand.
    pub async fn queue_status(&self, now: DateTime<Utc>) -> Result<QueueStatusResponse> {
        queue_status(self.store()?, self.watched_queues().await?, now).await
    }

    /// Numbers for whoever watches; a collection is kept for a while.
    pub async fn metrics(&self, now: DateTime<Utc>) -> Result<Arc<MetricsResponse>> {
        let (store, queues) = (self.store()?, self.watched_queues().await?);
        self.metrics.get(now, metrics::collect(store, queues, &self.breaker_policy, now)).await
    }

    /// Whether anybody may see the metrics: while developing, yes.
    pub const fn metrics_are_open(&self) -> bool {
        !self.config.environment.is_guarded()
    }

    /// Tells what a scoring decided, and wakes review-dispatch if a human is needed.
    pub async fn after_scoring(&self, scored: &Scored) {
        if let Some(latency_ms) = scored.latency_ms {
            let outcome: &str = scored.response.decision.into();
            metric(MetricName::Decision, 1.0, &[("outcome", outcome)]);
            #[expect(clippy::cast_precision_loss, reason = "milliseconds below 2^52")]
            metric(MetricName::VerificationLatencyMs, latency_ms as f64, &[]);
        }
        if scored.review_queued {
            self.wake_review_dispatch().await;
        }
    }

    /// Tells review-dispatch that there is something to send. It would look by itself within a minute: failing to wake
    /// it is no error.
    pub async fn wake_review_dispatch(&self) {
        let Some(name) = self.config.review_dispatch_function.as_deref() else { return };
        let payload = serde_json::json!({"reason": "review queued"});
        if let Err(error) = self.functions().await.invoke_event(name, &payload).await {
            tracing::warn!(%error, "review-dispatch was not woken");
        }
    }

    /// Tells how a dispatch went, how long the reviewer has had its oldest review, and how the breaker stands.
    pub async fn after_dispatch(&self, report: &DispatchReport, now: DateTime<Utc>) {
        let again = report.deferred + report.cancels_deferred;
        if again > 0 {
            metric(MetricName::Buli2RetryCount, f64::from(again), &[]);
        }
        let Ok(store) = self.store() else { return };
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
                let state = match breaker.state(&self.breaker_policy, now) {
                    BreakerState::Closed => 0.0,
                    BreakerState::HalfOpen => 1.0,
                    BreakerState::Open => 2.0,
                };
                metric(MetricName::CircuitBreakerState, state, &[]);
            }
            Err(error) => tracing::warn!(%error, "the breaker's state is not known"),
        }
    }
}

/// A section that the table of roles promises.
fn needed<T>(section: Option<T>, what: &'static str) -> Result<T> {
    section.ok_or_else(|| AppError::internal(format!("this function has no configuration for: {what}")))
}

async fn answers(what: &'static str, asked: impl Future<Output = Result<()>>) -> bool {
    match asked.await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(what, %error, "it does not answer");
            false
        }
    }
}

fn unusable<E: std::fmt::Display>(what: &'static str) -> impl FnOnce(E) -> StartError {
    move |error| StartError::Unusable { what, why: error.to_string() }
}

fn orchestrator(buli2: &filot_platform::config::Buli2) -> Buli2 {
    let client = Client::new(ClientConfig {
        api_url: buli2.api_url.clone(),
        api_key: buli2.api_key.expose().to_owned(),
        timeout: BULI2_TIMEOUT,
    });
    Buli2::new(client, &buli2.callback_url)
}
