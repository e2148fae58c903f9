//! The circuit breaker's rules: pure functions of (state, outcome, now). Where the state lives is the store's matter.

use chrono::{DateTime, TimeDelta, Utc};

/// When the breaker opens and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakerPolicy {
    /// Failures in a row that open it.
    pub failure_threshold: u32,
    /// How long it stays open before one probe may pass; also how long a probe may take before another is allowed.
    pub cooldown: TimeDelta,
}

impl Default for BreakerPolicy {
    /// Five failures in a row, 30 s.
    fn default() -> Self {
        Self { failure_threshold: 5, cooldown: TimeDelta::seconds(30) }
    }
}

/// The stored state of a breaker. Shared by every instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Breaker {
    /// Failures in a row up to now.
    pub consecutive_failures: u32,
    /// Since when it is open; `None` is closed.
    pub opened_at: Option<DateTime<Utc>>,
    /// Since when a probe is under way while it is half-open.
    pub probe_started_at: Option<DateTime<Utc>>,
}

/// The state of a breaker, in the usual terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, strum::Display, strum::EnumIter, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// Calls are refused.
    Open,
    /// The cool-down is over: one call may pass.
    HalfOpen,
}

/// Whether a call may pass now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// The call may pass.
    Pass,
    /// The call may pass as the one probe; the caller stores the returned breaker before it calls.
    Probe(Breaker),
    /// No call before the given time.
    Refuse {
        /// Earliest time at which asking again can help.
        until: DateTime<Utc>,
    },
}

impl Breaker {
    /// The state at `now`.
    pub fn state(&self, policy: &BreakerPolicy, now: DateTime<Utc>) -> BreakerState {
        match self.opened_at {
            None => BreakerState::Closed,
            Some(opened) if now < opened + policy.cooldown => BreakerState::Open,
            Some(_) => BreakerState::HalfOpen,
        }
    }

    /// Whether a call may pass at `now`.
    pub fn admit(&self, policy: &BreakerPolicy, now: DateTime<Utc>) -> Admission {
        let Some(opened) = self.opened_at else { return Admission::Pass };
        let probe_over = self.probe_started_at.map(|started| started + policy.cooldown);
        let until = (opened + policy.cooldown).max(probe_over.unwrap_or(opened));
        if now < until {
            Admission::Refuse { until }
        } else {
            Admission::Probe(Self { probe_started_at: Some(now), ..*self })
        }
    }

    /// After a call that was answered, also with a final error: the other side is there.
    pub fn succeeded(&self) -> Self {
        Self::default()
    }

    /// After a call that was not answered, or answered that the other side is in trouble.
    pub fn failed(&self, policy: &BreakerPolicy, now: DateTime<Utc>) -> Self {
        let consecutive_failures = self.consecutive_failures.saturating_add(1);
        let opens = consecutive_failures >= policy.failure_threshold;
        Self { consecutive_failures, opened_at: opens.then_some(now), probe_started_at: None }
    }
}
