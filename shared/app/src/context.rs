//! The process's configuration, and the clients made from it, each connected on first use.
//!
//! Made once at cold start, without any I/O beyond reading the configuration: a request that is refused before it needs a
//! server (a wrong token, a wrong file) never waits for one. It builds and hands out; it must not run a use case or write
//! a metric.

use std::sync::OnceLock;
use std::time::Duration;

use chrono::{DateTime, Utc};
use filot_buli2::{Client, ClientConfig};
use filot_cache::Cache;
use filot_cloud::{Functions, Objects, OcrQueues, Queue, SdkConfig};
use filot_domain::breaker::BreakerPolicy;
use filot_domain::scoring::Thresholds;
use filot_platform::{Config, ConfigErrors, Environment, Role, Secret};
use filot_store::{ConfigError, Store, UserLimits};
use tokio::sync::OnceCell;
use url::Url;

use crate::auth::access::{AccessTokens, Lifetime};
use crate::auth::reviewer::SignatureSecrets;
use crate::auth::stack::{StackProject, StackVerifier};
use crate::document_dto::Numbers;
use crate::error::{AppError, Result};
use crate::health::Instance;
use crate::limits::RateLimiter;
use crate::metrics::MetricsCache;
use crate::orchestrator::Buli2;
use crate::queue_depths::{WatchedQueue, WatchedQueues};
use crate::sweep::Sweeper;
use crate::wake_dispatch::ReviewDispatch;

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

/// The configuration of a process and the clients made from it.
#[derive(Debug)]
pub struct Context {
    config: Config,
    started_at: DateTime<Utc>,
    access_tokens: AccessTokens,
    store: Option<Store>,
    stack: OnceLock<StackVerifier>,
    cache: Option<Cache>,
    limiter: Option<RateLimiter>,
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
    ///
    /// # Errors
    /// Every variable that is missing or unsafe, at once; an outage when the secrets cannot be read now.
    pub async fn load(role: Role) -> std::result::Result<Self, StartError> {
        Self::new(Config::load(role).await?, Utc::now())
    }

    /// Prepares what a configuration describes.
    ///
    /// # Errors
    /// The first variable that nothing can be made of.
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
            limiter: cache.clone().map(RateLimiter::new),
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
    pub const fn limiter(&self) -> Option<&RateLimiter> {
        self.limiter.as_ref()
    }

    /// Secrets that Cloudflare adds to a request. Without configuration there is none, and no request counts as Cloudflare's.
    pub fn origin_secrets(&self) -> &[Secret] {
        &self.config.origin_secrets
    }

    /// Issues and verifies our own access tokens.
    pub const fn access_tokens(&self) -> &AccessTokens {
        &self.access_tokens
    }

    /// Active keys of internal callers. Without configuration there is none, and every caller is refused.
    pub fn service_keys(&self) -> &[Secret] {
        &self.config.service_keys
    }

    /// Secrets of callbacks' signatures. Without configuration there is none, and every callback is refused.
    pub fn signature_secrets(&self) -> SignatureSecrets<'_> {
        let callback = self.config.callback.as_ref();
        SignatureSecrets {
            secrets: callback.map_or(&[], |callback| &callback.signature_secrets),
            require_timestamp: callback.is_none_or(|callback| callback.require_timestamp),
        }
    }

    /// Scores that approve and reject, 0 to 100.
    pub const fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// Whether owners see numbers.
    pub const fn numbers(&self) -> Numbers {
        if self.config.owner_sees_scores { Numbers::Shown } else { Numbers::Hidden }
    }

    /// When the breaker before BULI2 opens.
    pub const fn breaker_policy(&self) -> &BreakerPolicy {
        &self.breaker_policy
    }

    /// Postgres, as the role of the functions.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
    pub fn store(&self) -> Result<&Store> {
        needed(self.store.as_ref(), "database")
    }

    /// Redis: limits, heartbeats, results.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
    pub fn cache(&self) -> Result<&Cache> {
        needed(self.cache.as_ref(), "redis")
    }

    /// The documents' files, in S3 or R2.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
    pub fn objects(&self) -> Result<&Objects> {
        needed(self.objects.as_ref(), "storage")
    }

    /// How long an owner's link to a file lives.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
    pub fn download_lifetime(&self) -> Result<Duration> {
        let storage = needed(self.config.storage.as_ref(), "storage")?;
        Ok(Duration::from_secs(storage.link_s.into()))
    }

    /// Who carries out reviews.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
    pub fn orchestrator(&self) -> Result<&Buli2> {
        needed(self.orchestrator.as_ref(), "BULI2")
    }

    /// The address of Postgres for the role that owns the schema.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
    pub fn migrate_url(&self) -> Result<&str> {
        needed(self.config.migrate_url.as_ref(), "migration").map(Secret::expose)
    }

    /// Verifies Stack Auth's tokens.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
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
        // Boxed: its future is large, and every future that may load it would hold it.
        self.sdk.get_or_init(|| Box::pin(filot_cloud::sdk_config())).await
    }

    /// The workers' queues.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
    pub async fn queues(&self) -> Result<&OcrQueues> {
        let queues = needed(self.config.queues.as_ref(), "queues")?;
        let make = || async { OcrQueues::new(self.sdk().await, queues) };
        Ok(self.queues.get_or_init(make).await)
    }

    /// The workers' queues with their dead letters.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
    pub async fn watched_queues(&self) -> Result<&WatchedQueues> {
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

    /// The sweeper with its capabilities.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
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

    /// How much of what all users share one of them may use.
    ///
    /// # Errors
    /// `internal` when this function has no configuration for it.
    pub fn user_limits(&self) -> Result<UserLimits> {
        let limits = needed(self.config.user_limits.as_ref(), "user limits")?;
        Ok(UserLimits {
            in_flight: limits.in_flight,
            per_day: limits.per_day,
            storage_bytes: u64::from(limits.storage_mb) * 1024 * 1024,
        })
    }

    /// Facts about this instance, for `GET /health`.
    pub const fn instance(&self) -> Instance {
        Instance { started_at: self.started_at, environment: self.config.environment }
    }

    /// The last collection of metrics.
    pub const fn metrics_cache(&self) -> &MetricsCache {
        &self.metrics
    }

    /// Whether anybody may see the metrics: while developing, yes.
    pub const fn metrics_are_open(&self) -> bool {
        !self.config.environment.is_guarded()
    }

    /// The function that sends reviews; `None` where its name is not configured: it runs every minute anyway.
    pub async fn review_dispatch(&self) -> Option<ReviewDispatch<'_>> {
        let name = self.config.review_dispatch_function.as_deref()?;
        Some(ReviewDispatch { functions: self.functions().await, name })
    }
}

/// A section that the table of roles promises.
fn needed<T>(section: Option<T>, what: &'static str) -> Result<T> {
    section.ok_or_else(|| AppError::internal(format!("this function has no configuration for: {what}")))
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
