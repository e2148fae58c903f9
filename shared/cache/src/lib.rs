//! Redis: the results channel, the workers' heartbeats and the counters of rate limits; never the authority.
//!
//! Everything here may be lost at any time, and every caller goes on without it: calls end within [`Timeouts`], and a
//! server that is away costs an error, not a wait. Works with Redis and with Upstash, which speaks the same protocol over TLS.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use filot_domain::retry::QueueKind;
use filot_platform::config::Redis;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, IntoConnectionInfo, RedisError};
use serde::Serialize;
use tokio::sync::OnceCell;

/// Counts and, in the same step, makes sure that the counter ends: a counter that never ends would lock its caller out
/// for good.
const COUNT: &str = "local count = redis.call('INCR', KEYS[1]) \
                     local left_ms = redis.call('PTTL', KEYS[1]) \
                     if left_ms < 0 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) left_ms = tonumber(ARGV[1]) end \
                     return {count, left_ms}";

/// How long a call may take before the caller goes on without an answer.
#[derive(Debug, Clone, Copy)]
pub struct Timeouts {
    /// To reach the server.
    pub connect: Duration,
    /// For one answer.
    pub response: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_millis(300), response: Duration::from_millis(300) }
    }
}

/// The connection and the prefix of every key.
#[derive(Clone)]
pub struct CacheConfig {
    /// `redis://` or `rediss://`.
    pub url: String,
    /// Overrides the password in the URL.
    pub password: Option<String>,
    /// Before every key and channel (`QUEUE_PREFIX`).
    pub prefix: String,
    /// Limits of one call.
    pub timeouts: Timeouts,
}

impl From<&Redis> for CacheConfig {
    fn from(redis: &Redis) -> Self {
        Self {
            url: redis.url.expose().to_owned(),
            password: redis.password.as_ref().map(|password| password.expose().to_owned()),
            prefix: redis.prefix.clone(),
            timeouts: Timeouts::default(),
        }
    }
}

impl fmt::Debug for CacheConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URL may hold the password.
        f.debug_struct("CacheConfig").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

/// Why a call failed. Callers count it and go on.
#[derive(Debug, thiserror::Error)]
pub enum CacheError {
    /// Not a Redis URL.
    #[error("REDIS_URL is not a redis:// or rediss:// URL")]
    Url,
    /// No connection, or no answer in time, or an error as answer. The text names no key and no value.
    #[error("redis: {0}")]
    Unavailable(&'static str),
    /// The message could not be written as JSON.
    #[error("the message is not JSON")]
    Message,
}

impl From<RedisError> for CacheError {
    fn from(error: RedisError) -> Self {
        Self::Unavailable(if error.is_timeout() {
            "timeout"
        } else if error.is_connection_refusal() || error.is_io_error() || error.is_connection_dropped() {
            "connection"
        } else {
            "refused"
        })
    }
}

/// The state of a counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// How often it was counted in its window, this time included.
    pub count: u64,
    /// Time until the window ends; the next one begins at nothing.
    pub ends_in: Duration,
}

/// A connection that is made on first use and made again when it breaks.
#[derive(Clone)]
pub struct Cache {
    config: Arc<CacheConfig>,
    client: Client,
    manager: Arc<OnceCell<ConnectionManager>>,
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("config", &self.config).finish_non_exhaustive()
    }
}

impl Cache {
    /// Checks the URL; connects on first use.
    ///
    /// # Errors
    /// The URL is not `redis://` or `rediss://`.
    pub fn new(config: CacheConfig) -> Result<Self, CacheError> {
        let mut info = config.url.as_str().into_connection_info().map_err(|_| CacheError::Url)?;
        if let Some(password) = &config.password {
            let settings = info.redis_settings().clone().set_password(password);
            info = info.set_redis_settings(settings);
        }
        let client = Client::open(info).map_err(|_| CacheError::Url)?;
        Ok(Self { config: Arc::new(config), client, manager: Arc::default() })
    }

    /// Asks the server for an answer.
    ///
    /// # Errors
    /// Redis did not answer.
    pub async fn ping(&self) -> Result<(), CacheError> {
        let mut connection = self.connection().await?;
        redis::cmd("PING").exec_async(&mut connection).await?;
        Ok(())
    }

    /// Publishes a message on `channel` (named without the prefix).
    ///
    /// # Errors
    /// Redis did not take it, or it cannot be written as JSON. That nobody listens is no error.
    pub async fn publish<T: Serialize>(&self, channel: &str, message: &T) -> Result<(), CacheError> {
        let text = serde_json::to_string(message).map_err(|_| CacheError::Message)?;
        let mut connection = self.connection().await?;
        let _listeners: u64 = connection.publish(self.key(channel), text).await?;
        Ok(())
    }

    /// Notes that a worker of this kind lives, for `ttl`.
    ///
    /// # Errors
    /// Redis did not take it.
    pub async fn record_heartbeat(
        &self,
        kind: QueueKind,
        worker: &str,
        ttl: Duration,
    ) -> Result<(), CacheError> {
        let mut connection = self.connection().await?;
        // One key per kind: the question is whether any worker of the kind lives, and a key can be asked without a scan.
        let key = self.worker_key(kind);
        let _: () = connection.set_ex(key, worker, ttl.as_secs().max(1)).await?;
        Ok(())
    }

    /// Whether the heartbeat of any worker of this kind still counts.
    ///
    /// # Errors
    /// Redis did not answer.
    pub async fn has_worker(&self, kind: QueueKind) -> Result<bool, CacheError> {
        let mut connection = self.connection().await?;
        Ok(connection.exists(self.worker_key(kind)).await?)
    }

    /// Counts one more of `what`. The window begins with the first that is counted and ends `window` later, whatever is
    /// counted in it. One round trip; nobody else counts in between.
    ///
    /// # Errors
    /// Redis did not answer.
    pub async fn count(&self, what: &str, window: Duration) -> Result<Count, CacheError> {
        let mut connection = self.connection().await?;
        let window_ms = u64::try_from(window.as_millis()).unwrap_or(u64::MAX).max(1);
        let mut call = redis::cmd("EVAL");
        call.arg(COUNT).arg(1).arg(self.key(what)).arg(window_ms);
        let (count, left_ms): (u64, u64) = call.query_async(&mut connection).await?;
        Ok(Count { count, ends_in: Duration::from_millis(left_ms) })
    }

    fn worker_key(&self, kind: QueueKind) -> String {
        self.key(&format!("workers:{kind}"))
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.config.prefix)
    }

    async fn connection(&self) -> Result<ConnectionManager, CacheError> {
        let timeouts = self.config.timeouts;
        let first = self.manager.get_or_try_init(|| {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(timeouts.connect))
                .set_response_timeout(Some(timeouts.response))
                // A caller waits for one try; the next caller tries again.
                .set_number_of_retries(0);
            ConnectionManager::new_with_config(self.client.clone(), config)
        });
        // One caller connects, the others wait for it: none of them longer than if it were alone.
        let manager = tokio::time::timeout(timeouts.connect, first)
            .await
            .map_err(|_elapsed| CacheError::Unavailable("timeout"))??;
        Ok(manager.clone())
    }
}
