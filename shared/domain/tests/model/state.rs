//! What the model remembers: rows, messages, and what workers and functions hold in their memory.

use filot_domain::breaker::{Breaker, BreakerPolicy};
use filot_domain::lifecycle::{DispatchState, DocumentStatus, ReviewStatus, VerificationStatus};
use filot_domain::retry::QueueKind;
use filot_domain::review::ReviewDecision;
use filot_domain::{Decision, DocumentId};

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

/// A row's version, or a lease's epoch, after each step of the model: the row is at [`CURRENT`], whoever remembers that
/// very version is at [`CURRENT`], everybody else at [`STALE`]. Versions only rise and are only compared, so nothing
/// is lost, and the states are finitely many however long the history is.
pub const CURRENT: i64 = 1;
/// See [`CURRENT`].
pub const STALE: i64 = 0;

/// The whole system at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct World {
    /// Documents with their messages and reviews.
    pub docs: Vec<Doc>,
    /// What workers do, one message each. Two tasks may belong to one process: the owner's name then tells them apart
    /// as little as nothing, so the model has no owner and rests on version and epoch alone.
    pub tasks: Vec<Task>,
    /// Invocations of functions that need more than one step.
    pub calls: Vec<Call>,
    /// The breaker before the reviewer.
    pub breaker: Mark,
    /// Whose document holds the one identity that all documents show, each of another user.
    pub holder: Option<usize>,
    /// Faults that may still happen, where they are bounded.
    pub faults_left: u8,
}

/// A row of `documents`, what belongs to it, and what the properties remember of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Doc {
    pub status: DocumentStatus,
    pub verification: VerificationStatus,
    pub version: i64,
    pub attempts: u32,
    pub queue: QueueKind,
    /// `lease_owner` is not NULL. Whether the lease ran out is no state: at any moment it may have.
    pub leased: bool,
    pub epoch: i64,
    /// `next_enqueue_at` is not NULL: the sweeper will look. When is no state: at any moment it may be due.
    pub watched: bool,
    /// `object_key` is not NULL.
    pub key: bool,
    /// The object lies in storage.
    pub object: bool,
    /// Whether at least one message is visible, or will be, on the GPU's and on the CPU's queue.
    pub messages: [bool; 2],
    pub review: Option<Review>,
    /// The reviewer received the review, whether or not we know.
    pub at_reviewer: bool,
    pub log: Log,
}

/// A row of `manual_reviews`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Review {
    pub status: ReviewStatus,
    pub dispatch: DispatchState,
    pub epoch: i64,
    /// `buli2_task_id` is not NULL.
    pub task: bool,
}

/// What the properties need of the past. The product has no part of it but the fold of `document_events`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Log {
    /// The fold of the events.
    pub status: DocumentStatus,
    /// The fold of the events.
    pub verification: VerificationStatus,
    /// An event did not follow the one before along a known edge; also of the review and of its dispatch.
    pub broken: bool,
    /// Evaluations that counted.
    pub evaluations: u8,
    /// Reviews that were written.
    pub reviews: u8,
    /// Decisions of a human that were applied.
    pub verdicts: u8,
    /// The first of them.
    pub verdict: Option<ReviewDecision>,
    /// A task wrote although its lease was gone.
    pub stale_write: bool,
    /// A worker of the CPU's queue had it since it was last queued by a user.
    pub tried_on_cpu: bool,
    /// It failed for want of tries and no worker of the CPU's queue had it.
    pub untried: bool,
    /// It was rejected by score and escalated.
    pub escalated: bool,
}

/// What one task of a worker holds in memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Task {
    Idle,
    /// Claimed; the file is fetched and read, or the result is being written.
    Reading {
        doc: usize,
        from: QueueKind,
        version: i64,
        epoch: i64,
        attempts: u32,
        queue: QueueKind,
    },
    /// Read: the scoring is asked for until it answers.
    Scoring {
        doc: usize,
        from: QueueKind,
    },
    /// To be sent to the other queue.
    Moving {
        doc: usize,
        from: QueueKind,
        to: QueueKind,
        sent: bool,
    },
}

/// What one invocation of a function holds in memory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Call {
    /// The row `receiving` exists; the object is put, then the row is finished.
    Upload { doc: usize, version: i64, put: bool },
    /// A message is sent, then its sending is noted.
    Enqueue { doc: usize, queue: QueueKind, sent: bool },
    /// Loaded and scored; the evaluation is to be committed.
    Score { doc: usize, version: i64, decision: Decision },
    /// Only with [`crate::plants::Plant::ReviewAfterScoring`]: the decision is committed, the review is to be written.
    WriteReview { doc: usize },
    /// A review on its way to the reviewer.
    Dispatch { doc: usize, epoch: i64, errand: Errand },
    /// A leftover is removed.
    Remove { doc: usize, stage: Removal },
}

/// How far a dispatch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Errand {
    Taken,
    /// The breaker let it pass, the payload is loaded.
    Loaded,
    Answered(Answer),
    /// The breaker knows of the answer.
    Recorded(Answer),
}

/// What became of handing over a review.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Answer {
    Accepted,
    /// No answer, whether or not the request arrived.
    Unreachable,
    Refused,
}

/// How far the removal of a leftover is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Removal {
    /// The upload is ended first.
    Discard,
    /// The object is deleted.
    Delete,
    /// That it is gone is noted.
    Note,
}

/// A breaker without its clock: its instants are either now or a cool-down ago, whichever the action says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mark {
    failures: u32,
    opened: bool,
    probing: bool,
}

impl Mark {
    pub const CLOSED: Self = Self { failures: 0, opened: false, probing: false };

    /// The breaker of the domain, all of whose instants are [`then`].
    pub fn breaker(self) -> Breaker {
        Breaker {
            consecutive_failures: self.failures,
            opened_at: self.opened.then(then),
            probe_started_at: self.probing.then(then),
        }
    }

    pub fn of(breaker: &Breaker, policy: &BreakerPolicy) -> Self {
        Self {
            // Above the threshold one failure more makes no difference.
            failures: breaker.consecutive_failures.min(policy.failure_threshold),
            opened: breaker.opened_at.is_some(),
            probing: breaker.probe_started_at.is_some(),
        }
    }

    pub const fn is_closed(self) -> bool {
        !self.opened
    }
}

/// The instant at which everything happened that happened before.
pub fn then() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH
}

/// Now: within the cool-down of whatever happened before, or after it.
pub fn now(policy: &BreakerPolicy, is_cooled: bool) -> DateTime<Utc> {
    then() + if is_cooled { policy.cooldown } else { TimeDelta::zero() }
}

pub const fn slot(queue: QueueKind) -> usize {
    match queue {
        QueueKind::Gpu => 0,
        QueueKind::Cpu => 1,
    }
}

pub fn id_of(doc: usize) -> DocumentId {
    DocumentId::from_uuid(Uuid::from_u128(doc as u128 + 1))
}

impl Doc {
    /// Just begun: `begin_upload` wrote the row, nothing else is there.
    pub fn begun() -> Self {
        Self {
            status: DocumentStatus::Receiving,
            verification: VerificationStatus::Pending,
            version: CURRENT,
            attempts: 0,
            queue: QueueKind::Gpu,
            leased: false,
            epoch: CURRENT,
            watched: true,
            key: true,
            object: false,
            messages: [false; 2],
            review: None,
            at_reviewer: false,
            log: Log {
                status: DocumentStatus::Receiving,
                verification: VerificationStatus::Pending,
                broken: false,
                evaluations: 0,
                reviews: 0,
                verdicts: 0,
                verdict: None,
                stale_write: false,
                tried_on_cpu: false,
                untried: false,
                escalated: false,
            },
        }
    }
}

impl Doc {
    /// Uploaded, and its message sent.
    pub fn uploaded() -> Self {
        let mut doc = Self::begun();
        (doc.status, doc.log.status) = (DocumentStatus::Uploaded, DocumentStatus::Uploaded);
        doc.object = true;
        doc.messages[slot(QueueKind::Gpu)] = true;
        doc
    }
}

impl Task {
    pub const fn doc(&self) -> Option<usize> {
        match self {
            Self::Idle => None,
            Self::Reading { doc, .. } | Self::Scoring { doc, .. } | Self::Moving { doc, .. } => Some(*doc),
        }
    }

    /// Whether this task holds the lease of a document's row.
    pub fn holds(&self, document: usize, row: &Doc) -> bool {
        matches!(self, Self::Reading { doc, epoch, .. } if *doc == document && row.leased && *epoch == row.epoch)
    }
}

impl World {
    /// Brings two histories that cannot be told apart any more to one state.
    pub fn settled(mut self) -> Self {
        for task in &mut self.tasks {
            if let Task::Reading { doc, version, epoch, attempts, queue, .. } = task {
                let row = &self.docs[*doc];
                *version = freshness(*version, row.version);
                *epoch = freshness(*epoch, row.epoch);
                if *version == STALE && *epoch == STALE {
                    // What it remembers goes into a write that misses.
                    (*attempts, *queue) = (0, QueueKind::Gpu);
                }
            }
        }
        for call in &mut self.calls {
            match call {
                Call::Upload { doc, version, .. } | Call::Score { doc, version, .. } => {
                    *version = freshness(*version, self.docs[*doc].version);
                }
                Call::Dispatch { doc, epoch, .. } => {
                    let review = self.docs[*doc].review.as_ref();
                    *epoch = review.map_or(STALE, |review| freshness(*epoch, review.epoch));
                }
                Call::Enqueue { .. } | Call::WriteReview { .. } | Call::Remove { .. } => {}
            }
        }
        for doc in &mut self.docs {
            (doc.version, doc.epoch) = (CURRENT, CURRENT);
            if let Some(review) = &mut doc.review {
                review.epoch = CURRENT;
            }
            if !matches!(doc.status, DocumentStatus::Uploaded | DocumentStatus::Processing) {
                // Nothing reads these any more, and a new try starts them over.
                (doc.attempts, doc.queue) = (0, QueueKind::Gpu);
            }
        }
        // Workers are alike, and so are invocations.
        self.tasks.sort_by_cached_key(hash_of);
        self.calls.sort_by_cached_key(hash_of);
        self
    }
}

const fn freshness(known: i64, row: i64) -> i64 {
    if known == row { CURRENT } else { STALE }
}

fn hash_of(value: &impl std::hash::Hash) -> u64 {
    use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
    BuildHasherDefault::<DefaultHasher>::default().hash_one(value)
}
