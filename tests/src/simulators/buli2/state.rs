//! State of the simulator: its keys, its behaviour, and the reviews it received. It serves no request.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use serde_json::Value;
use tokio::sync::watch;

/// How reviews are decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reviewer {
    /// Rejects a card whose numbers contradict its other fields, one whose identity another user holds, and one that cannot
    /// be opened; approves all others.
    #[default]
    Rule,
    /// Approves everything.
    Approves,
    /// Rejects everything.
    Rejects,
    /// Never decides.
    Asleep,
    /// Decides early, late, twice, both ways or by task id; sometimes a forged decision comes first.
    Erratic,
}

/// How BULI2 answers requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// Works.
    #[default]
    Well,
    /// Answers everything with this status, and this `Retry-After` in seconds.
    Answers(u16, Option<u32>),
    /// Takes requests and never answers.
    Hangs,
    /// Answers a review with this status and the request in the body.
    Echoes(u16),
    /// Does its work, and answers 500.
    LosesAnswers,
}

/// A review that BULI2 received.
#[derive(Debug, Clone)]
pub struct Task {
    /// BULI2's task id.
    pub task_id: String,
    /// `pending`, `approved`, `rejected` or `cancelled`.
    pub status: String,
    /// The request as it was sent first, with the reasons that were sent last.
    pub request: Value,
    /// Number of times it was sent.
    pub times_sent: u32,
    /// HTTP status of the callback, once one was answered.
    pub callback_status: Option<u16>,
    /// Whether the reviewer could open the card.
    pub saw_card: bool,
    /// Whether the product cancelled it.
    pub is_cancelled: bool,
    /// Every decision that was sent, and the HTTP status of its answer.
    pub said: Vec<Said>,
}

/// A decision that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// `approved` or `rejected`.
    pub decision: String,
    /// Whether its signature was BULI2's.
    pub is_signed: bool,
    /// HTTP status of the answer.
    pub status: u16,
}

/// The keys between BULI2 and the product.
#[derive(Clone)]
pub struct Keys {
    /// Bearer key of requests to BULI2.
    pub api_key: String,
    /// Bearer key of callbacks.
    pub service_key: String,
    /// HMAC secret of callbacks.
    pub signature_secret: String,
}

pub(super) struct Shared {
    pub keys: Keys,
    pub http: reqwest::Client,
    pub reviewer: Mutex<Reviewer>,
    pub health: Mutex<Health>,
    pub api_url: Mutex<String>,
    pub tasks: Mutex<BTreeMap<String, Task>>,
    pub calls: watch::Sender<u64>,
    pub rng: Mutex<StdRng>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
