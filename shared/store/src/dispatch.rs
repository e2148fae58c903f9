//! The outbox that sends human reviews to the reviewer: a row is taken under a lease, sent, and acknowledged.
//!
//! Transactions that touch a document and its review lock the document first.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::lifecycle::DispatchState;
use filot_domain::{
    CardReading, CorrelationId, Decision, DocumentId, DocumentType, ReasonCode, ReviewId, UserId,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Param, Store, begin, commit, p};
use crate::documents::{document_id, reading};
use crate::error::{Miss, Result, StoreError};
use crate::notices::{self, NOTICES};
use crate::row::{count, get, parse, reasons, score_opt};
use crate::users::user_id;

/// The right to send a review, until somebody else takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchLease {
    review: ReviewId,
    owner: String,
    epoch: i64,
}

impl DispatchLease {
    /// The review.
    pub const fn review(&self) -> ReviewId {
        self.review
    }

    /// The dispatcher.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The fencing token.
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }
}

/// A review that is to be sent now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDispatch {
    /// The right to send it.
    pub lease: DispatchLease,
    /// Its document.
    pub document: DocumentId,
    /// Whose document.
    pub user_id: UserId,
    /// Failed attempts at sending it.
    pub attempts: u32,
    /// The upload's correlation id.
    pub correlation_id: CorrelationId,
}

/// The content of a review, for the reviewer. Identity data: never logged.
#[derive(Clone, PartialEq)]
pub struct DispatchPayload {
    /// The review.
    pub review: ReviewId,
    /// Its document.
    pub document: DocumentId,
    /// Whose document.
    pub user_id: UserId,
    /// As the user claimed it at upload.
    pub document_type: DocumentType,
    /// Fields, text and quality of the card.
    pub reading: CardReading,
    /// 0 to 100.
    pub score: u8,
    /// The score's decision.
    pub decision: Decision,
    /// Why.
    pub reasons: Vec<ReasonCode>,
    /// The upload's correlation id.
    pub correlation_id: CorrelationId,
}

impl std::fmt::Debug for DispatchPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DispatchPayload").field("review", &self.review).finish_non_exhaustive()
    }
}

/// Assignments that take a review out of the outbox.
pub(crate) const END_DISPATCH: &str = "dispatch_owner = NULL, dispatch_until = NULL, next_dispatch_at = NULL";

/// Whether a dispatcher, `$2`, still holds the review under its lease, `$3`.
const IS_HELD: &str = "dispatch_state = 'sending' AND dispatch_owner = $2 AND dispatch_epoch = $3";

impl Store {
    /// Takes up to `limit` reviews whose dispatcher disappeared, or that are due. Dispatchers do not wait for each other.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn take_due_dispatches(
        &self,
        owner: &str,
        limit: u32,
        lease_s: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<DueDispatch>> {
        let limit = i64::from(limit);
        let until = now + TimeDelta::seconds(lease_s.into());
        let rows = self
            .client()
            .await?
            .fetch(
                "WITH lost AS MATERIALIZED ( \
                   SELECT id FROM manual_reviews WHERE dispatch_state = 'sending' AND dispatch_until <= $2 \
                   ORDER BY dispatch_until LIMIT $4 FOR UPDATE SKIP LOCKED), \
                 queued AS MATERIALIZED ( \
                   SELECT id FROM manual_reviews WHERE dispatch_state = 'queued' AND next_dispatch_at <= $2 \
                   ORDER BY next_dispatch_at LIMIT $4 FOR UPDATE SKIP LOCKED), \
                 due AS MATERIALIZED (SELECT id FROM lost UNION ALL SELECT id FROM queued LIMIT $4) \
                 UPDATE manual_reviews r SET dispatch_state = 'sending', dispatch_owner = $1, dispatch_until = $3, \
                   dispatch_epoch = r.dispatch_epoch + 1, next_dispatch_at = NULL, updated_at = $2 \
                 FROM due, documents d WHERE r.id = due.id AND d.id = r.document_id \
                 RETURNING r.id, r.dispatch_owner, r.dispatch_epoch, r.dispatch_attempts, r.document_id, d.user_id, \
                   r.correlation_id",
                &[p(&owner), p(&now), p(&until), p(&limit)],
            )
            .await?;
        rows.iter()
            .map(|row| {
                Ok(DueDispatch {
                    lease: DispatchLease {
                        review: review_id(row, "id")?,
                        owner: get(row, "dispatch_owner")?,
                        epoch: get(row, "dispatch_epoch")?,
                    },
                    document: document_id(row, "document_id")?,
                    user_id: user_id(row, "user_id")?,
                    attempts: count(row, "dispatch_attempts")?,
                    correlation_id: parse(row, "correlation_id")?,
                })
            })
            .collect()
    }

    /// Loads what a leased review tells the reviewer. News that the reviewer did not have yet counts as told from now on.
    ///
    /// # Errors
    /// `Miss::DispatchLost` if this dispatcher no longer holds the review, `Miss::NotFound` without a review.
    pub async fn load_dispatch(&self, lease: &DispatchLease, now: DateTime<Utc>) -> Result<DispatchPayload> {
        let client = self.client().await?;
        let id = lease.review.as_uuid();
        let row = client
            .fetch_opt(
                &format!(
                    "SELECT d.*, r.correlation_id AS review_correlation_id, r.dispatch_state, {IS_HELD} AS is_held, \
                       {NOTICES} \
                     FROM manual_reviews r JOIN documents d ON d.id = r.document_id WHERE r.id = $1"
                ),
                &[p(&id), p(&lease.owner), p(&lease.epoch)],
            )
            .await?
            .ok_or(Miss::NotFound)?;
        if !get::<Option<bool>>(&row, "is_held")?.unwrap_or(false) {
            return Err(dispatch_lost(&row)?.into());
        }
        notices::taken_up(&client, lease.review, &reasons(&row, "notices")?, now).await?;
        Ok(DispatchPayload {
            review: lease.review,
            document: document_id(&row, "id")?,
            user_id: user_id(&row, "user_id")?,
            document_type: parse(&row, "type")?,
            reading: reading(self.sealer(), &row)?.ok_or(StoreError::Corrupt { what: "result" })?,
            score: score_opt(&row, "ai_score")?.ok_or(StoreError::Corrupt { what: "ai_score" })?,
            decision: parse(&row, "ai_decision")?,
            reasons: notices::all_reasons(&row)?,
            correlation_id: parse(&row, "review_correlation_id")?,
        })
    }

    /// The reviewer has it. Counts even if the lease ran out meanwhile: what arrived has arrived.
    ///
    /// # Errors
    /// [`Miss::DispatchLost`] if the review left the outbox meanwhile, as when the decision came before this answer: the
    /// task id is kept then too. [`Miss::TaskOfAnother`] if the reviewer answered a task id that another review has.
    pub async fn acknowledge_dispatch(
        &self,
        lease: &DispatchLease,
        task_id: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let id = lease.review.as_uuid();
        lock_document_of(&tx, lease.review).await?;
        let sql = "SELECT id FROM manual_reviews WHERE buli2_task_id = $2 AND id <> $1";
        if tx.fetch_opt(sql, &[p(&id), p(&task_id)]).await?.is_some() {
            return Err(Miss::TaskOfAnother.into());
        }
        let sql = format!(
            "UPDATE manual_reviews SET dispatch_state = 'acknowledged', buli2_task_id = $2, acknowledged_at = $3, \
               dispatch_error = NULL, updated_at = $3, {END_DISPATCH} \
             WHERE id = $1 AND dispatch_state IN ('queued', 'sending') RETURNING document_id"
        );
        let params = [p(&id), p(&task_id), p(&now)];
        let outcome = match tx.fetch_opt(&sql, &params).await? {
            Some(row) => {
                note_ticket(&tx, document_id(&row, "document_id")?, task_id).await?;
                Ok(())
            }
            None => {
                note_late_task(&tx, lease.review, task_id, now).await?;
                let sql = "SELECT dispatch_state, buli2_task_id FROM manual_reviews WHERE id = $1";
                let row = tx.fetch_opt(sql, &[p(&id)]).await?.ok_or(Miss::NotFound)?;
                let is_acknowledged =
                    parse::<DispatchState>(&row, "dispatch_state")? == DispatchState::Acknowledged;
                if is_acknowledged && get::<Option<&str>>(&row, "buli2_task_id")? == Some(task_id) {
                    Ok(())
                } else {
                    Err(dispatch_lost(&row)?.into())
                }
            }
        };
        commit(tx).await?;
        outcome
    }

    /// Not sent; it waits for its next turn. `error` says why and costs an attempt; `None` means that nothing was tried.
    ///
    /// # Errors
    /// `Miss::DispatchLost` if this dispatcher no longer holds the review, `Miss::NotFound` without a review.
    pub async fn defer_dispatch(
        &self,
        lease: &DispatchLease,
        until: DateTime<Utc>,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let set = "dispatch_state = 'queued', next_dispatch_at = $4, \
                   dispatch_error = coalesce($5, dispatch_error), \
                   dispatch_attempts = dispatch_attempts + CASE WHEN $5 IS NULL THEN 0 ELSE 1 END, \
                   dispatch_owner = NULL, dispatch_until = NULL, updated_at = $6";
        let id = lease.review.as_uuid();
        let params = [p(&id), p(&lease.owner), p(&lease.epoch), p(&until), p(&error), p(&now)];
        change_held(&self.client().await?, set, &params).await
    }

    /// The reviewer refuses it for good. It stays visible on the review until somebody sends it again.
    ///
    /// # Errors
    /// `Miss::DispatchLost` if this dispatcher no longer holds the review, `Miss::NotFound` without a review.
    pub async fn refuse_dispatch(
        &self,
        lease: &DispatchLease,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let set = format!(
            "dispatch_state = 'refused', dispatch_error = $4, dispatch_attempts = dispatch_attempts + 1, \
             updated_at = $5, {END_DISPATCH}"
        );
        let id = lease.review.as_uuid();
        let params = [p(&id), p(&lease.owner), p(&lease.epoch), p(&error), p(&now)];
        change_held(&self.client().await?, &set, &params).await
    }
}

/// Locks the document of a review: first, as everywhere, because the callback may come at this very moment.
pub(crate) async fn lock_document_of(db: &impl Db, review: ReviewId) -> Result<DocumentId> {
    let id = review.as_uuid();
    let sql = "SELECT d.id FROM documents d JOIN manual_reviews r ON r.document_id = d.id \
               WHERE r.id = $1 FOR UPDATE OF d";
    let row = db.fetch_opt(sql, &[p(&id)]).await?.ok_or(Miss::NotFound)?;
    document_id(&row, "id")
}

/// A review's id out of a column.
pub(crate) fn review_id(row: &Row, column: &'static str) -> Result<ReviewId> {
    get::<Uuid>(row, column).map(ReviewId::from_uuid)
}

/// Changes the review `$1` if its dispatcher still holds it. One statement, as [`crate::step::update_and_explain`].
async fn change_held(db: &impl Db, set: &str, params: &[Param<'_>]) -> Result<()> {
    let sql = format!(
        "WITH found AS ( \
           SELECT id AS found_id, dispatch_state AS found_state FROM manual_reviews WHERE id = $1 FOR NO KEY UPDATE), \
         updated AS ( \
           UPDATE manual_reviews SET {set} FROM found WHERE id = found_id AND {IS_HELD} RETURNING id) \
         SELECT found_state AS dispatch_state, updated.id FROM found LEFT JOIN updated ON updated.id = found_id"
    );
    let row = db.fetch_opt(&sql, params).await?.ok_or(Miss::NotFound)?;
    match get::<Option<Uuid>>(&row, "id")? {
        Some(_) => Ok(()),
        None => Err(dispatch_lost(&row)?.into()),
    }
}

fn dispatch_lost(row: &Row) -> Result<Miss> {
    Ok(Miss::DispatchLost { state: parse(row, "dispatch_state")? })
}

/// A task id that came after its review left the outbox. If the review was cancelled meanwhile, its document was erased
/// while the call was under way: the task is to be cancelled at the reviewer too, at once.
async fn note_late_task(db: &impl Db, review: ReviewId, task_id: &str, now: DateTime<Utc>) -> Result<()> {
    let id = review.as_uuid();
    let sql = "UPDATE manual_reviews SET buli2_task_id = $2, updated_at = $3, cancel_state = 'due', \
                 next_cancel_at = $3, cancelled_at = NULL \
               WHERE id = $1 AND status = 'cancelled' AND buli2_task_id IS DISTINCT FROM $2";
    db.change(sql, &[p(&id), p(&task_id), p(&now)]).await?;
    let sql = "UPDATE manual_reviews SET buli2_task_id = $2, updated_at = $3 \
               WHERE id = $1 AND status <> 'cancelled' AND buli2_task_id IS NULL";
    db.change(sql, &[p(&id), p(&task_id), p(&now)]).await.map(|_| ())
}

/// Keeps the reviewer's id on the document too.
pub(crate) async fn note_ticket(db: &impl Db, document: DocumentId, task_id: &str) -> Result<()> {
    let id = document.as_uuid();
    db.change("UPDATE documents SET buli2_ticket_id = $2 WHERE id = $1", &[p(&id), p(&task_id)])
        .await
        .map(|_| ())
}
