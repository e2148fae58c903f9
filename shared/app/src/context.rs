//! What a process has at hand: its configuration, and what it talks to, connected on first use.
//!
//! Made once at cold start, without any I/O beyond reading the configuration: a function that answers from its head (a
//! wrong token, a wrong file) never waits for a database.

use std::sync::OnceLock;
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use filot_buli2::{Client, ClientConfig};
use filot_cache::{Cache, CacheConfig, Timeouts};
use filot_cloud::{Functions, Objects, ObjectsConfig, Queue, SdkConfig};
use filot_domain::breaker::BreakerPolicy;
use filot_domain::scoring::Thresholds;
use filot_platform::{Config, ConfigErrors, Environment, Role, Secret};
use filot_store::{IdentityHashKey, SealingKeys, Store, StoreConfig};
use tokio::sync::OnceCell;
use url::Url;

use crate::auth::access::{AccessTokens, Lifetime};
use crate::auth::reviewer::SignatureSecrets;
use crate::auth::stack::{StackProject, StackVerifier};
use crate::enqueue::OcrQueues;
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
        let cache = cache(&config)?;
        Ok(Self {
            started_at,
            access_tokens: AccessTokens::new(keys, lifetime),
            store: store(&config)?,
            stack: OnceLock::new(),
            limiter: cache.clone().map(RateLimiter::new),
            cache,
            orchestrator: config.buli2.as_ref().map(orchestrator),
            objects: config.storage.as_ref().map(|storage| {
                Objects::new(ObjectsConfig {
                    endpoint: storage.endpoint.clone(),
                    access_key_id: storage.access_key_id.clone(),
                    secret_access_key: storage.secret_access_key.clone(),
                    bucket: storage.bucket.clone(),
                    region: storage.region.clone(),
                })
            }),
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

    /// What a callback's signature is checked with. Without configuration there is no secret, and every one is refused.
    pub fn signature_secrets(&self) -> SignatureSecrets<'_> {
        let callback = self.config.callback.as_ref();
        SignatureSecrets {
            secrets: callback.map_or(&[], |callback| &callback.signature_secrets),
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

    /// Redis.
    pub fn cache(&self) -> Result<&Cache> {
        needed(self.cache.as_ref(), "redis")
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
        let make = || async {
            let sdk = self.sdk().await;
            OcrQueues {
                gpu: Queue::new(sdk, queues.gpu_url.clone()),
                cpu: Queue::new(sdk, queues.cpu_url.clone()),
                gpu_enabled: queues.gpu_enabled,
            }
        };
        Ok(self.queues.get_or_init(make).await)
    }

    /// The workers' queues with their dead letters.
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

    /// What `GET /health` says without asking anybody.
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

    /// The function that sends reviews. `None` where nobody configured its name: it runs by itself every minute.
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

fn store(config: &Config) -> std::result::Result<Option<Store>, StartError> {
    let Some(database) = &config.database else { return Ok(None) };
    let what = "SEALING_KEY";
    let mut keys = Vec::with_capacity(database.sealing_keys.len());
    for (id, key) in &database.sealing_keys {
        let bytes =
            BASE64_STANDARD.decode(key.expose()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let bytes = bytes.ok_or_else(|| unusable(what)(format!("{id} is not 32 bytes in base64")))?;
        keys.push((id.clone(), bytes));
    }
    let active = keys.first().map(|(id, _)| id.clone()).unwrap_or_default();
    let sealing = SealingKeys::new(active, keys).map_err(unusable(what))?;
    let identity_hash = IdentityHashKey::new(database.identity_hash_key.expose().as_bytes())
        .map_err(unusable("IDENTITY_HASH_KEY"))?;
    let store = Store::connect(StoreConfig {
        url: database.url.expose().to_owned(),
        max_connections: database.max_connections,
        sealing,
        identity_hash,
    });
    store.map(Some).map_err(unusable("DATABASE_URL"))
}

fn cache(config: &Config) -> std::result::Result<Option<Cache>, StartError> {
    let Some(redis) = &config.redis else { return Ok(None) };
    let cache = Cache::new(CacheConfig {
        url: redis.url.expose().to_owned(),
        password: redis.password.as_ref().map(|password| password.expose().to_owned()),
        prefix: redis.prefix.clone(),
        timeouts: Timeouts::default(),
    });
    cache.map(Some).map_err(unusable("REDIS_URL"))
}

fn orchestrator(buli2: &filot_platform::config::Buli2) -> Buli2 {
    let client = Client::new(ClientConfig {
        api_url: buli2.api_url.clone(),
        api_key: buli2.api_key.expose().to_owned(),
        timeout: BULI2_TIMEOUT,
    });
    Buli2::new(client, &buli2.callback_url)
}
