//! Shared by the parts of a sweep: the capabilities of the sweeper, its report and its bound.

use filot_cache::Cache;
use filot_cloud::{Functions, Objects, OcrQueues};
use filot_platform::config::Retention;
use filot_store::Store;
use serde::Serialize;

/// Rows of each kind in one run.
pub(super) const BATCH: u32 = 100;

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
    /// Expired tokens, keys and marks removed.
    pub forgotten: u64,
    /// Repairs that failed and will be tried again.
    pub failed: u32,
}
