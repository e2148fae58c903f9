//! Numbers about all documents, for whoever watches the product: counts, times and ids, never what a document says.
//!
//! Questions about what is under way read `document_schedule`, whose rows are narrow and as many as there is work. The
//! counts by state are kept as documents change (`document_counts`), not counted.

use chrono::{DateTime, Utc};
use filot_domain::retry::QueueKind;
use filot_domain::{DocumentId, DocumentStatus, VerificationStatus};

use crate::db::{Db, Store, p};
use crate::documents::document_id;
use crate::error::Result;
use crate::row::{count, get, parse, parse_opt};

/// Documents on one queue, as their rows say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueLoad {
    /// Wait for a worker.
    pub waiting: u64,
    /// Since when the one that waits longest does.
    pub oldest_waiting_at: Option<DateTime<Utc>>,
    /// A worker holds them.
    pub active: u64,
}

/// The numbers of both queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QueueLoads {
    /// Workers with a GPU.
    pub gpu: QueueLoad,
    /// Workers without.
    pub cpu: QueueLoad,
}

/// A document that waits for a machine and has not moved for long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StuckDocument {
    /// The document.
    pub id: DocumentId,
    /// Where it is.
    pub status: DocumentStatus,
    /// The kind of worker it waits for; none yet while it is received.
    pub queue: Option<QueueKind>,
    /// Since when it has been there.
    pub since: DateTime<Utc>,
    /// Failed attempts to read it.
    pub attempts: u32,
    /// Messages sent for it.
    pub enqueues: u32,
}

/// Documents that are stuck.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stuck {
    /// How many there are.
    pub count: u64,
    /// The oldest of them.
    pub oldest: Vec<StuckDocument>,
}

/// The number of documents in one pair of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateCount {
    /// Stage of the pipeline.
    pub status: DocumentStatus,
    /// Whether they are genuine, as far as decided.
    pub verification_status: VerificationStatus,
    /// How many.
    pub documents: u64,
}

impl Store {
    /// How many documents wait on each queue and how many are being worked on.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn queue_loads(&self, now: DateTime<Utc>) -> Result<QueueLoads> {
        let sql = "SELECT queue, count(*) FILTER (WHERE held_until > $1) AS active, \
                     count(*) FILTER (WHERE coalesce(held_until <= $1, true)) AS waiting, \
                     min(since) FILTER (WHERE coalesce(held_until <= $1, true)) AS oldest \
                   FROM document_schedule WHERE task = 'enqueue' GROUP BY queue";
        let mut loads = QueueLoads::default();
        for row in &self.client().await?.fetch(sql, &[p(&now)]).await? {
            let load = QueueLoad {
                waiting: get::<i64>(row, "waiting")?.unsigned_abs(),
                oldest_waiting_at: get(row, "oldest")?,
                active: get::<i64>(row, "active")?.unsigned_abs(),
            };
            match parse(row, "queue")? {
                QueueKind::Gpu => loads.gpu = load,
                QueueKind::Cpu => loads.cpu = load,
            }
        }
        Ok(loads)
    }

    /// Documents that wait for a machine, are held by none, and have not moved since `before`.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn stuck_documents(
        &self,
        limit: u32,
        before: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Stuck> {
        let limit = i64::from(limit);
        let sql = "WITH stuck AS NOT MATERIALIZED ( \
                     SELECT document_id, since FROM document_schedule \
                     WHERE NOT starts_with(task, 'retire_') AND since <= $1 \
                       AND coalesce(held_until <= $2, true)) \
                   SELECT d.id, d.status, d.queue, d.updated_at, d.attempts, d.enqueues, \
                     (SELECT count(*) FROM stuck) AS stuck \
                   FROM (SELECT document_id, since FROM stuck ORDER BY since LIMIT $3) oldest \
                   JOIN documents d ON d.id = oldest.document_id ORDER BY oldest.since, d.id";
        let rows = self.client().await?.fetch(sql, &[p(&before), p(&now), p(&limit)]).await?;
        let mut stuck = Stuck::default();
        for row in &rows {
            stuck.count = get::<i64>(row, "stuck")?.unsigned_abs();
            stuck.oldest.push(StuckDocument {
                id: document_id(row, "id")?,
                status: parse(row, "status")?,
                queue: parse_opt(row, "queue")?,
                since: get(row, "updated_at")?,
                attempts: count(row, "attempts")?,
                enqueues: count(row, "enqueues")?,
            });
        }
        Ok(stuck)
    }

    /// How many documents are in each pair of states; pairs without a document are left out.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn documents_by_state(&self) -> Result<Vec<StateCount>> {
        let sql = "SELECT status, verification_status, sum(documents)::bigint AS documents FROM ( \
                     SELECT status, verification_status, documents FROM document_counts \
                     UNION ALL SELECT status, verification_status, change FROM document_count_changes) counted \
                   GROUP BY 1, 2 HAVING sum(documents) > 0";
        let rows = self.client().await?.fetch(sql, &[]).await?;
        rows.iter()
            .map(|row| {
                Ok(StateCount {
                    status: parse(row, "status")?,
                    verification_status: parse(row, "verification_status")?,
                    documents: get::<i64>(row, "documents")?.unsigned_abs(),
                })
            })
            .collect()
    }

    /// Adds at most `batch` of the noted changes to the counts by state, and returns how many: fewer than `batch` when
    /// none is left, or another call is at it.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn fold_counts(&self, batch: u32) -> Result<u64> {
        let batch = i32::try_from(batch).unwrap_or(i32::MAX);
        let sql = "SELECT fold_document_counts($1) AS folded";
        let row = self.client().await?.fetch_opt(sql, &[p(&batch)]).await?;
        row.map_or(Ok(0), |row| Ok(get::<i64>(&row, "folded")?.unsigned_abs()))
    }
}
