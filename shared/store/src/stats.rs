//! Numbers about all documents, for whoever watches the product: counts, times and ids, never what a document says.
//!
//! Questions about what is under way read only the rows that are watched (few, by their index); the counts by state read
//! an index and no row.

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
        let sql = "SELECT queue, count(*) FILTER (WHERE lease_until > $1) AS active, \
                     count(*) FILTER (WHERE coalesce(lease_until <= $1, true)) AS waiting, \
                     min(updated_at) FILTER (WHERE coalesce(lease_until <= $1, true)) AS oldest \
                   FROM documents WHERE status IN ('uploaded', 'processing') AND next_enqueue_at IS NOT NULL \
                   GROUP BY queue";
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
        let sql = "SELECT id, status, queue, updated_at, attempts, enqueues, count(*) OVER () AS stuck \
                   FROM documents WHERE next_enqueue_at IS NOT NULL AND updated_at <= $1 \
                     AND coalesce(lease_until <= $2, true) \
                   ORDER BY updated_at, id LIMIT $3";
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
        let sql = "SELECT status, verification_status, count(*) AS documents FROM documents GROUP BY 1, 2";
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
}
