//! Cancelling, at the reviewer, reviews whose document was erased: due until the reviewer was told.
//!
//! Telling it twice does no harm, so a turn is only a time that is pushed forward, not a lease.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::{CorrelationId, Decision, DocumentId, DocumentType, ReviewId, UserId};
use strum::{Display, EnumIter, EnumString};

use crate::db::{Db, Store, begin, commit, p};
use crate::dispatch::{lock_document_of, review_id};
use crate::documents::document_id;
use crate::erasure::finish_erasure;
use crate::error::{Miss, Result, StoreError};
use crate::row::{count, get, parse, score_opt};
use crate::users::user_id;

/// Progress of cancelling a review at the reviewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Display, EnumIter, EnumString, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum CancelState {
    /// The reviewer has it, or may have it, and is to be told.
    Due,
    /// The reviewer was told.
    Done,
}

/// A review that is to be cancelled at the reviewer. Nothing of what was read is left in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueCancel {
    /// The review.
    pub review: ReviewId,
    /// The reviewer's id of it; `None` if a call was never answered and the reviewer may have it all the same.
    pub task_id: Option<String>,
    /// Its document, erased.
    pub document: DocumentId,
    /// Whose document.
    pub user_id: UserId,
    /// As the user claimed it at upload.
    pub document_type: DocumentType,
    /// 0 to 100.
    pub score: u8,
    /// The score's decision.
    pub decision: Decision,
    /// Failed attempts at telling.
    pub attempts: u32,
    /// The upload's correlation id.
    pub correlation_id: CorrelationId,
}

impl Store {
    /// Takes up to `limit` reviews that are to be cancelled at the reviewer. Each is due again after `turn_s`, unless
    /// something else is noted first.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn take_due_cancels(
        &self,
        limit: u32,
        turn_s: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<DueCancel>> {
        let limit = i64::from(limit);
        let again = now + TimeDelta::seconds(turn_s.into());
        let sql = "WITH due AS MATERIALIZED ( \
                     SELECT id FROM manual_reviews WHERE cancel_state = 'due' AND next_cancel_at <= $1 \
                     ORDER BY next_cancel_at LIMIT $3 FOR UPDATE SKIP LOCKED) \
                   UPDATE manual_reviews r SET next_cancel_at = $2 FROM due, documents d \
                   WHERE r.id = due.id AND d.id = r.document_id \
                   RETURNING r.id, r.buli2_task_id, r.document_id, d.user_id, d.type, d.ai_score, d.ai_decision, \
                     r.cancel_attempts, r.correlation_id";
        let rows = self.client().await?.fetch(sql, &[p(&now), p(&again), p(&limit)]).await?;
        rows.iter()
            .map(|row| {
                Ok(DueCancel {
                    review: review_id(row, "id")?,
                    task_id: get(row, "buli2_task_id")?,
                    document: document_id(row, "document_id")?,
                    user_id: user_id(row, "user_id")?,
                    document_type: parse(row, "type")?,
                    score: score_opt(row, "ai_score")?.ok_or(StoreError::Corrupt { what: "ai_score" })?,
                    decision: parse(row, "ai_decision")?,
                    attempts: count(row, "cancel_attempts")?,
                    correlation_id: parse(row, "correlation_id")?,
                })
            })
            .collect()
    }

    /// The reviewer's id of a review that is to be cancelled is known now: it can be cancelled at once.
    ///
    /// # Errors
    /// `Miss::TaskOfAnother` if another review has this id.
    pub async fn cancel_learned(&self, review: ReviewId, task_id: &str, now: DateTime<Utc>) -> Result<()> {
        let id = review.as_uuid();
        let client = self.client().await?;
        let sql = "SELECT id FROM manual_reviews WHERE buli2_task_id = $2 AND id <> $1";
        if client.fetch_opt(sql, &[p(&id), p(&task_id)]).await?.is_some() {
            return Err(Miss::TaskOfAnother.into());
        }
        let sql = "UPDATE manual_reviews SET buli2_task_id = $2, next_cancel_at = $3, updated_at = $3 \
                   WHERE id = $1 AND cancel_state = 'due' AND buli2_task_id IS NULL";
        client.change(sql, &[p(&id), p(&task_id), p(&now)]).await.map(|_| ())
    }

    /// The reviewer could not be told; it is tried again. `error` says why and costs an attempt; `None` means that
    /// nothing was tried.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn cancel_deferred(
        &self,
        review: ReviewId,
        until: DateTime<Utc>,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let id = review.as_uuid();
        let sql = "UPDATE manual_reviews SET next_cancel_at = $2, cancel_error = coalesce($3, cancel_error), \
                     cancel_attempts = cancel_attempts + CASE WHEN $3 IS NULL THEN 0 ELSE 1 END, updated_at = $4 \
                   WHERE id = $1 AND cancel_state = 'due'";
        let params = [p(&id), p(&until), p(&error), p(&now)];
        self.client().await?.change(sql, &params).await.map(|_| ())
    }

    /// The reviewer was told about the task it was asked to cancel. `true` if that was the last there was to do for the
    /// erasure; a task id that came meanwhile keeps the cancellation due.
    ///
    /// # Errors
    /// `Miss::NotFound` without a review.
    pub async fn cancel_done(
        &self,
        review: ReviewId,
        task_id: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let document = lock_document_of(&tx, review).await?;
        let id = review.as_uuid();
        let sql = "UPDATE manual_reviews SET cancel_state = 'done', next_cancel_at = NULL, cancelled_at = $3, \
                     cancel_error = NULL, updated_at = $3 \
                   WHERE id = $1 AND cancel_state = 'due' AND buli2_task_id IS NOT DISTINCT FROM $2";
        tx.change(sql, &[p(&id), p(&task_id), p(&now)]).await?;
        let is_done = finish_erasure(&tx, document, now).await?;
        commit(tx).await?;
        Ok(is_done)
    }
}
