//! What the sweeper asks for. Every question leases its answers by pushing `next_enqueue_at` forward, so that two sweeps
//! at once share the work and a repair that fails is tried again later, not at once.
//!
//! `document_schedule` says in order what is due. A row of it may be older than its document's, which another transaction
//! holds: the document's row is locked and asked again.

use chrono::{DateTime, Utc};
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::retry::QueueKind;
use filot_domain::{CorrelationId, DocumentId, DocumentStatus};

use crate::db::{Db, Store, begin, commit, p};
use crate::documents::document_id;
use crate::error::{Result, StoreError};
use crate::origin::Origin;
use crate::row::{count, get, parse};
use crate::step::{self, Also};

/// A document that waits for a worker although its message should have brought one by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LostDocument {
    /// The document.
    pub id: DocumentId,
    /// `uploaded` or `processing`.
    pub status: DocumentStatus,
    /// The queue it waits on.
    pub queue: QueueKind,
    /// Messages sent for it so far.
    pub enqueues: u32,
    /// When the last one was sent.
    pub enqueued_at: Option<DateTime<Utc>>,
    /// Since when it has been in this state.
    pub waiting_since: DateTime<Utc>,
    /// The upload's correlation id.
    pub correlation_id: CorrelationId,
}

/// A document that was read but whose scoring did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unscored {
    /// The document.
    pub id: DocumentId,
    /// When it was read.
    pub read_at: DateTime<Utc>,
    /// The upload's correlation id.
    pub correlation_id: CorrelationId,
}

/// An object that an upload which died may have left in storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// The document.
    pub id: DocumentId,
    /// The object, which may or may not exist.
    pub object_key: String,
    /// `receiving`: [`Store::discard_upload`] first. `erased`: only the object is left.
    pub status: DocumentStatus,
}

/// Numbers of reviews that wait for the reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Reviews that should be sent now.
    pub due: u64,
    /// Reviews that await a decision.
    pub pending_reviews: u64,
    /// Since when the oldest of those due waits.
    pub oldest_due_at: Option<DateTime<Utc>>,
    /// Since when the reviewer has the oldest that it has not decided.
    pub oldest_undecided_at: Option<DateTime<Utc>>,
}

impl Store {
    /// Documents nobody is working on and nobody was told about lately. Each is returned again after 1, 2, 4 … 60
    /// minutes, by the number of messages already sent for it.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn lost_documents(&self, limit: u32, now: DateTime<Utc>) -> Result<Vec<LostDocument>> {
        let limit = i64::from(limit);
        let rows = self
            .client()
            .await?
            .fetch(
                "WITH due AS MATERIALIZED ( \
                   SELECT d.id FROM document_schedule s JOIN documents d ON d.id = s.document_id \
                   WHERE s.task = 'enqueue' AND s.at <= $1 AND (s.held_until IS NULL OR s.held_until <= $1) \
                     AND d.status IN ('uploaded', 'processing') AND d.next_enqueue_at <= $1 \
                     AND (d.lease_until IS NULL OR d.lease_until <= $1) \
                     AND (d.not_before IS NULL OR d.not_before <= $1) \
                   ORDER BY s.at LIMIT $2 FOR UPDATE OF d SKIP LOCKED) \
                 UPDATE documents d SET \
                   next_enqueue_at = $1 + least(interval '1 hour', interval '1 minute' * 2 ^ least(d.enqueues, 6)) \
                 FROM due WHERE d.id = due.id \
                 RETURNING d.id, d.status, d.queue, d.enqueues, d.enqueued_at, d.updated_at, d.correlation_id",
                &[p(&now), p(&limit)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(LostDocument {
                    id: document_id(row, "id")?,
                    status: parse(row, "status")?,
                    queue: parse(row, "queue")?,
                    enqueues: count(row, "enqueues")?,
                    enqueued_at: get(row, "enqueued_at")?,
                    waiting_since: get(row, "updated_at")?,
                    correlation_id: parse(row, "correlation_id")?,
                })
            })
            .collect()
    }

    /// Documents read a while ago and not scored. Each is returned again after as long as it has waited, at least a
    /// minute and at most a quarter of an hour.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn stale_ocr_completed(&self, limit: u32, now: DateTime<Utc>) -> Result<Vec<Unscored>> {
        let limit = i64::from(limit);
        let rows = self
            .client()
            .await?
            .fetch(
                "WITH due AS MATERIALIZED ( \
                   SELECT d.id FROM document_schedule s JOIN documents d ON d.id = s.document_id \
                   WHERE s.task = 'score' AND s.at <= $1 AND d.status = 'ocr_completed' AND d.next_enqueue_at <= $1 \
                   ORDER BY s.at LIMIT $2 FOR UPDATE OF d SKIP LOCKED) \
                 UPDATE documents d SET next_enqueue_at = \
                   $1 + greatest(interval '1 minute', least(interval '15 minutes', $1 - d.read_at)) \
                 FROM due WHERE d.id = due.id RETURNING d.id, d.read_at, d.correlation_id",
                &[p(&now), p(&limit)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Unscored {
                    id: document_id(row, "id")?,
                    read_at: get(row, "read_at")?,
                    correlation_id: parse(row, "correlation_id")?,
                })
            })
            .collect()
    }

    /// Uploads begun before `older_than` and never finished, and those given up whose object may still exist. Each is
    /// returned again after ten minutes, until [`Store::object_deleted`]. What was erased on request or by age is an
    /// erasure's matter: [`Store::take_due_erasures`].
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn half_received(
        &self,
        limit: u32,
        older_than: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Leftover>> {
        let limit = i64::from(limit);
        let rows = self
            .client()
            .await?
            .fetch(
                "WITH due AS MATERIALIZED ( \
                   SELECT d.id FROM document_schedule s JOIN documents d ON d.id = s.document_id \
                   WHERE s.task = 'discard' AND s.at <= $1 AND d.next_enqueue_at <= $1 \
                     AND ((d.status = 'receiving' AND d.created_at < $3) OR d.status = 'erased') \
                   ORDER BY s.at LIMIT $2 FOR UPDATE OF d SKIP LOCKED) \
                 UPDATE documents d SET next_enqueue_at = $1 + interval '10 minutes' \
                 FROM due WHERE d.id = due.id RETURNING d.id, d.object_key, d.status",
                &[p(&now), p(&limit), p(&older_than)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Leftover {
                    id: document_id(row, "id")?,
                    object_key: get(row, "object_key")?,
                    status: parse(row, "status")?,
                })
            })
            .collect()
    }

    /// Ends an upload that never finished. From now on it cannot finish any more, so that its object may be deleted.
    /// Repeating it is fine.
    ///
    /// # Errors
    /// `Miss::Stale` if the upload did finish, `Miss::NotFound` without a document.
    pub async fn discard_upload(&self, id: DocumentId, origin: &Origin, now: DateTime<Utc>) -> Result<()> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let row = step::lock(&tx, id).await?;
        let Some(receiving) = step::witness::<state::Receiving>(&row)? else {
            return match parse(&row, "status")? {
                DocumentStatus::Erased => Ok(()),
                _ => Err(step::stale(&row)?.into()),
            };
        };
        let params = [p(&now)];
        let also = Also {
            set: "deleted_at = $10, next_enqueue_at = $10, not_before = NULL, idempotency_key = NULL, \
                  idempotency_hash = NULL",
            params: &params,
            ..Also::default()
        };
        step::take_locked(&tx, receiving.step(edge::Erase), origin, now, also).await?;
        commit(tx).await
    }

    /// Numbers of reviews that wait for the reviewer.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn dispatch_backlog(&self, now: DateTime<Utc>) -> Result<Backlog> {
        // Each from the index that holds nothing else.
        let sql = "SELECT \
                     (SELECT count(*) FROM manual_reviews \
                      WHERE dispatch_state = 'queued' AND next_dispatch_at <= $1) AS due, \
                     (SELECT count(*) FROM manual_reviews WHERE status = 'pending') AS pending, \
                     (SELECT min(next_dispatch_at) FROM manual_reviews \
                      WHERE dispatch_state = 'queued' AND next_dispatch_at <= $1) AS oldest, \
                     (SELECT min(acknowledged_at) FROM manual_reviews WHERE status = 'pending') AS undecided";
        let row = self.client().await?.fetch_opt(sql, &[p(&now)]).await?;
        let row = row.ok_or(StoreError::Corrupt { what: "count" })?;
        Ok(Backlog {
            due: get::<i64>(&row, "due")?.unsigned_abs(),
            pending_reviews: get::<i64>(&row, "pending")?.unsigned_abs(),
            oldest_due_at: get(&row, "oldest")?,
            oldest_undecided_at: get(&row, "undecided")?,
        })
    }

    /// Documents that wait on a queue, as their rows say.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn waiting_on(&self, queue: QueueKind) -> Result<u64> {
        let queue: &str = queue.into();
        let sql = "SELECT count(*) AS waiting FROM document_schedule \
                   WHERE task = 'enqueue' AND queue = $1 AND held_until IS NULL";
        let row = self.client().await?.fetch_opt(sql, &[p(&queue)]).await?;
        row.map_or(Ok(0), |row| Ok(get::<i64>(&row, "waiting")?.unsigned_abs()))
    }
}
