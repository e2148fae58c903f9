//! How often a caller may call, counted for all instances together.
//!
//! Counters are Redis's, in fixed windows of a minute that begin with a caller's first request. A limit guards our costs
//! and other callers, not identities: while Redis is away requests pass, the metric `redis.unavailable` counts them, and for
//! some seconds Redis is not asked again.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use filot_cache::Cache;
use filot_domain::UserId;
use filot_platform::telemetry::{MetricName, metric};
use sha2::{Digest, Sha256};

use crate::error::AppError;
use crate::error_code::ErrorCode;

const WINDOW: Duration = Duration::from_secs(60);
/// How long Redis is not asked after it did not answer.
const PAUSE: TimeDelta = TimeDelta::seconds(5);

/// A limit and its scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quota {
    /// Part of the counter's name: requests of one scope are counted together.
    pub scope: &'static str,
    /// How often in a minute.
    pub per_minute: u32,
}

impl Quota {
    /// Per user, or per address before login.
    pub const PER_CALLER: Self = Self { scope: "caller", per_minute: 60 };
    /// Our own services.
    pub const INTERNAL: Self = Self { scope: "internal", per_minute: 600 };

    /// Expensive routes and those that guard an account, counted for each function alone.
    pub const fn sensitive(function: &'static str) -> Self {
        Self { scope: function, per_minute: 10 }
    }
}

/// LimitKeyse requests are counted together.
#[derive(Clone, Copy)]
pub enum LimitKey<'a> {
    /// A user with a valid token.
    User(UserId),
    /// A service with this valid key.
    Service(&'a str),
    /// Anybody else. Requests without any address count as one caller's.
    Address(Option<IpAddr>),
}

impl LimitKey<'_> {
    /// What stands in the counter's name, for a minute: no key, and no address in clear (there are so few that a digest
    /// only keeps honest people from reading it). A user's id says nothing about them.
    fn name(self) -> String {
        match self {
            Self::User(id) => format!("user:{id}"),
            Self::Service(key) => format!("service:{}", digest(b"service", key.as_bytes())),
            Self::Address(Some(IpAddr::V4(address))) => {
                format!("address:{}", digest(b"v4", &address.octets()))
            }
            // One line, one customer: a /64 is theirs alone, and they choose among its addresses at will.
            Self::Address(Some(IpAddr::V6(address))) => match address.to_ipv4_mapped() {
                Some(address) => Self::Address(Some(IpAddr::V4(address))).name(),
                None => format!("address:{}", digest(b"v6", &address.octets()[..8])),
            },
            Self::Address(None) => "address:unknown".to_owned(),
        }
    }
}

fn digest(kind: &[u8], value: &[u8]) -> String {
    let mut hasher = Sha256::new();
    hasher.update(b"filot rate limit ");
    hasher.update(kind);
    hasher.update([0]);
    hasher.update(value);
    let digest: [u8; 32] = hasher.finalize().into();
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The state of a caller's limit after a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitStatus {
    /// Requests a minute.
    pub limit: u32,
    /// Of which are left.
    pub remaining: u32,
    /// Seconds until there are all of them again.
    pub resets_in_s: u32,
    /// Whether this request was one too many.
    pub is_exceeded: bool,
}

impl LimitStatus {
    /// `rate_limited`, if this request was one too many.
    pub fn refusal(&self) -> Option<AppError> {
        self.is_exceeded.then(|| AppError {
            retry_after_s: Some(self.resets_in_s),
            ..AppError::new(ErrorCode::RateLimited, "Too many requests. Please wait a moment.")
        })
    }
}

/// Counts requests.
#[derive(Debug)]
pub struct RateLimiter {
    cache: Cache,
    /// Milliseconds since the epoch: Redis did not answer, and is not asked before.
    paused_until_ms: AtomicI64,
}

impl RateLimiter {
    /// Counts in this Redis.
    pub const fn new(cache: Cache) -> Self {
        Self { cache, paused_until_ms: AtomicI64::new(i64::MIN) }
    }

    /// Counts a request. Nothing is known, and the request passes, while Redis is away.
    pub async fn take(&self, quota: Quota, key: LimitKey<'_>, now: DateTime<Utc>) -> Option<LimitStatus> {
        if now.timestamp_millis() < self.paused_until_ms.load(Ordering::Relaxed) {
            metric(MetricName::RedisUnavailable, 1.0, &[]);
            return None;
        }
        let name = format!("limit:{}:{}", quota.scope, key.name());
        match self.cache.count(&name, WINDOW).await {
            Ok(counted) => {
                let count = u32::try_from(counted.count).unwrap_or(u32::MAX);
                let left_ms = counted.ends_in.as_millis().min(WINDOW.as_millis());
                Some(LimitStatus {
                    limit: quota.per_minute,
                    remaining: quota.per_minute.saturating_sub(count),
                    resets_in_s: u32::try_from(left_ms.div_ceil(1000)).unwrap_or(u32::MAX).max(1),
                    is_exceeded: count > quota.per_minute,
                })
            }
            Err(error) => {
                tracing::warn!(%error, "requests are not counted");
                metric(MetricName::RedisUnavailable, 1.0, &[]);
                self.paused_until_ms.store((now + PAUSE).timestamp_millis(), Ordering::Relaxed);
                None
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> String {
        LimitKey::Address(Some(text.parse().unwrap())).name()
    }

    #[test]
    fn a_line_counts_as_one_caller_and_two_lines_as_two() {
        assert_ne!(address("203.0.113.7"), address("203.0.113.8"));
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:203.0.113.7"), address("203.0.113.7"));
        assert_ne!(LimitKey::Address(None).name(), address("::"));
    }

    #[test]
    fn inv_7_a_counters_name_holds_no_address_and_no_key() {
        assert!(!address("203.0.113.7").contains("203"));
        assert!(!address("2001:db8:1:2::1").contains("db8"));
        let name = LimitKey::Service("a-service-key").name();
        assert!(!name.contains("key"));
        assert_ne!(name, LimitKey::Service("another-key").name());
    }
}
