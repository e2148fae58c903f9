//! What the simulator knows: its keys, how it behaves, and the reviews it has taken. It serves no request.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use serde_json::Value;
use tokio::sync::watch;

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reviewer {
    /// Looks at what was read: a card whose own numbers contradict what is printed on it is rejected, so is one that
    /// cannot be opened; everything else is approved.
    #[default]
    Rule,
    /// Approves everything.
    Approves,
    /// Rejects everything.
    Rejects,
    /// Never decides.
    Asleep,
    /// Decides early, late, twice, both ways, by the task alone, and lets others try with a forged signature.
    Erratic,
}

/// How BULI2 itself is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// Works.
    #[default]
    Well,
    /// Answers everything with this status, and this `Retry-After` in seconds.
    Answers(u16, Option<u32>),
    /// Takes requests and never answers.
    Hangs,
    /// Answers a review with this status, and repeats what it was sent.
    Echoes(u16),
    /// Does what it is asked, and answers 500.
    LosesAnswers,
}

/// A review that BULI2 has taken.
#[derive(Debug, Clone)]
pub struct Task {
    /// BULI2's id of it.
    pub task_id: String,
    /// `pending`, `approved`, `rejected` or `cancelled`.
    pub status: String,
    /// What was sent.
    pub request: Value,
    /// How often it was sent.
    pub times_sent: u32,
    /// HTTP status of the callback, once one was answered.
    pub callback_status: Option<u16>,
    /// Whether the reviewer could open the card.
    pub saw_card: bool,
    /// Whether we took it back.
    pub is_cancelled: bool,
    /// Every decision that was sent, and the HTTP status of its answer.
    pub said: Vec<Said>,
}

/// A decision on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// `approved` or `rejected`.
    pub decision: String,
    /// Whether its signature was BULI2's.
    pub is_signed: bool,
    /// HTTP status of the answer.
    pub status: u16,
}

/// What the simulator has to know to be believed, and to believe.
#[derive(Clone)]
pub struct Keys {
    /// What we send to BULI2.
    pub api_key: String,
    /// What BULI2 sends to us.
    pub service_key: String,
    /// What BULI2 signs with.
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
