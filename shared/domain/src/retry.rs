//! When to try again: pure functions of (history, now, random).

use chrono::{DateTime, TimeDelta, Utc};

use crate::reason::ReasonCode;

/// Exponential back-off with equal jitter: half of each delay is fixed, half is random, so that nobody retries at once
/// and a herd is still spread.
///
/// Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015 ("equal jitter").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// Ceiling of the first delay.
    pub base: TimeDelta,
    /// Ceiling of every delay.
    pub cap: TimeDelta,
}

impl Backoff {
    /// The delay before attempt number `attempts + 1`, after `attempts` failures (1 or more).
    ///
    /// `random` is uniform in 0..1. `retry_after`, when the other side named one, is a lower bound, itself bounded by
    /// `cap` so that nobody can park us for ever.
    pub fn delay(&self, attempts: u32, random: f64, retry_after: Option<TimeDelta>) -> TimeDelta {
        let doublings = attempts.saturating_sub(1).min(30);
        let base_ms = self.base.num_milliseconds().max(1);
        let cap_ms = self.cap.num_milliseconds().max(1);
        let ceiling_ms = base_ms.saturating_mul(1_i64 << doublings).min(cap_ms);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_precision_loss,
            reason = "milliseconds below 2^52"
        )]
        let jittered_ms = ceiling_ms / 2 + ((ceiling_ms as f64 / 2.0) * random.clamp(0.0, 1.0)) as i64;
        let asked_ms = retry_after.map_or(0, |asked| asked.num_milliseconds()).clamp(0, cap_ms);
        TimeDelta::milliseconds(jittered_ms.max(asked_ms))
    }
}

/// How long after a message was sent its document is looked at again: it may be lost. Longer than a worker needs for a
/// document on a quiet day; on a busy one the queue's depth shows that the message is only late.
pub const CHECK_MESSAGE_AFTER: TimeDelta = TimeDelta::minutes(5);

/// The queue, and so the kind of worker, that a document waits for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    serde::Serialize,
    serde::Deserialize,
    strum::Display,
    strum::EnumString,
    strum::EnumIter,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum QueueKind {
    /// Workers with a GPU.
    Gpu,
    /// Workers without.
    Cpu,
}

/// How often a file may use up a reader's memory or time before nobody tries it again: each time costs as much as the most
/// expensive file there is, and a second time is no accident.
pub const EXHAUSTIONS_MAX: u32 = 2;

/// The limits of retrying a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Recorded failures on the GPU before anything else happens (`OCR_GPU_MAX_RETRIES`).
    pub max_attempts: u32,
    /// Whether one more attempt is made on the CPU (`OCR_GPU_AUTOFALLBACK`).
    pub cpu_fallback: bool,
    /// Pause between attempts.
    pub backoff: Backoff,
}

/// What happens after a failed attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// Try again on the given queue, not before the given time.
    Retry {
        /// Queue to wait on.
        queue: QueueKind,
        /// Earliest time of the next attempt.
        not_before: DateTime<Utc>,
    },
    /// Give up for good.
    Fail,
}

/// The effect of a failure on another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The file itself is at fault: every try would end the same way.
    Permanent,
    /// Another try may succeed.
    Transient,
}

impl ReasonCode {
    /// Whether a failure with this reason can be mended by another try.
    pub const fn failure_kind(self) -> FailureKind {
        match self {
            Self::FileUnreadable | Self::ImageTooLarge | Self::PdfUnsupported | Self::FileMissing => {
                FailureKind::Permanent
            }
            _ => FailureKind::Transient,
        }
    }
}

/// Decides what happens to a document after its `attempts`-th recorded failure, which happened on `queue`.
///
/// `max_attempts` tries on the queue it was sent to, then, if that was the GPU's and the fallback is allowed, one on the
/// CPU, then failed. A lost lease that was counted meanwhile shortens the tries, never lengthens them.
pub fn after_failure(
    policy: &RetryPolicy,
    reason: ReasonCode,
    attempts: u32,
    queue: QueueKind,
    now: DateTime<Utc>,
    random: f64,
) -> AfterFailure {
    if reason.failure_kind() == FailureKind::Permanent {
        return AfterFailure::Fail;
    }
    let queue = if attempts < policy.max_attempts {
        queue
    } else if queue == QueueKind::Gpu && policy.cpu_fallback {
        QueueKind::Cpu
    } else {
        return AfterFailure::Fail;
    };
    AfterFailure::Retry { queue, not_before: now + policy.backoff.delay(attempts, random, None) }
}
