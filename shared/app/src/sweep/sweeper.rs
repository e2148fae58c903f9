//! Shared by the parts of a sweep: the capabilities of the sweeper, its report and its bound.

use filot_cache::Cache;
use filot_cloud::{Functions, Objects, OcrQueues};
use filot_platform::config::Retention;
use filot_store::Store;
use serde::Serialize;

/// Rows of one kind that are taken at once. A part takes batches until none is left or its time is up: what it took and did
/// not come to waits for its next turn, so a batch is small.
pub(super) const BATCH: u32 = 100;
/// Repairs of one batch that wait for a service side by side.
pub(super) const SIDE_BY_SIDE: usize = 8;

/// Whether a batch of this many was the last of the backlog.
pub(super) const fn is_last(found: usize) -> bool {
    found < BATCH as usize
}

/// The sweeper's capabilities.
#[derive(Debug, Clone, Copy)]
pub struct Sweeper<'a> {
    /// The rows.
    pub store: &'a Store,
    /// The files.
    pub objects: &'a Objects,
    /// The workers' queues.
    pub queues: &'a OcrQueues,
    /// Where GPU workers' heartbeats are; `None` without Redis: then they are assumed to run.
    pub cache: Option<&'a Cache>,
    /// To ask for scoring.
    pub functions: &'a Functions,
    /// The scoring function's name.
    pub scoring: &'a str,
    /// How long documents are kept.
    pub retention: &'a Retention,
}

/// Repairs of a run, by kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SweepReport {
    /// Documents sent to their queue again.
    pub requeued: u32,
    /// Of these, sent to the CPU because no GPU worker is there.
    pub rerouted: u32,
    /// Documents left alone because they are only late.
    pub backlogged: u32,
    /// Scorings asked for again.
    pub rescored: u32,
    /// Half-received uploads removed.
    pub removed: u32,
    /// Documents erased because they were too old.
    pub retired: u32,
    /// Erasures of which nothing is left anywhere.
    pub erased: u32,
    /// Expired tokens, keys and marks, and sessions long over, removed.
    pub forgotten: u64,
    /// Repairs that failed and will be tried again.
    pub failed: u32,
}
