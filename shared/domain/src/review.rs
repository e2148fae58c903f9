//! Human reviews: what a reviewer may say and what it does to what was said before.

use serde::{Deserialize, Serialize};
use strum::{Display, EnumIter, EnumString, IntoStaticStr};

use crate::lifecycle::{ReviewStatus, VerificationStatus};

/// What the reviewer decided.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    Display,
    EnumIter,
    EnumString,
    IntoStaticStr,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ReviewDecision {
    /// The document is genuine.
    Approved,
    /// It is not, or nobody can tell.
    Rejected,
}

impl ReviewDecision {
    /// The review's state after this decision.
    pub const fn review_status(self) -> ReviewStatus {
        match self {
            Self::Approved => ReviewStatus::Approved,
            Self::Rejected => ReviewStatus::Rejected,
        }
    }

    /// The document's verification state after this decision.
    pub const fn verification_status(self) -> VerificationStatus {
        match self {
            Self::Approved => VerificationStatus::ManuallyApproved,
            Self::Rejected => VerificationStatus::ManuallyRejected,
        }
    }
}

/// The effect of a decision on a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionEffect {
    /// The first decision: it counts.
    Decide,
    /// The same decision again: nothing changes.
    Repeat,
    /// The opposite was said before, or the review is cancelled: refused.
    Conflict,
}

/// First decision wins.
pub const fn effect_of(decision: ReviewDecision, current: ReviewStatus) -> DecisionEffect {
    match (current, decision) {
        (ReviewStatus::Pending, _) => DecisionEffect::Decide,
        (ReviewStatus::Approved, ReviewDecision::Approved)
        | (ReviewStatus::Rejected, ReviewDecision::Rejected) => DecisionEffect::Repeat,
        _ => DecisionEffect::Conflict,
    }
}
