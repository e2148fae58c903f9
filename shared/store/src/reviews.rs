//! Human reviews: the outbox that sends them to the reviewer, and the reviewer's decision.
//!
//! Transactions that touch a document and its review lock the document first.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::review::{DecisionEffect, ReviewDecision, effect_of};
use filot_domain::{
    CardReading, CorrelationId, Decision, DocumentId, DocumentType, ReasonCode, ReviewId, UserId,
    VerificationStatus,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, begin, commit, p};
use crate::documents::{document_id, reading};
use crate::error::{Miss, Result, StoreError};
use crate::origin::Origin;
use crate::row::{count, get, parse, reasons, score_opt};
use crate::scoring::claim_identity;
use crate::sealing::Column;
use crate::step::{self, Also};
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

/// What the reviewer is told. Identity data: never logged.
#[derive(Clone, PartialEq)]
pub struct DispatchPayload {
    /// The review.
    pub review: ReviewId,
    /// Its document.
    pub document: DocumentId,
    /// Whose document.
    pub user_id: UserId,
    /// What the user says it is.
    pub document_type: DocumentType,
    /// What was read.
    pub reading: CardReading,
    /// 0 to 100.
    pub score: u8,
    /// What the score said.
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

/// What the reviewer says.
#[derive(Clone)]
pub struct Callback {
    /// The review, by our id.
    pub review: Option<ReviewId>,
    /// The review, by the reviewer's id.
    pub task_id: Option<String>,
    /// Must be the review's document, if given.
    pub document: Option<DocumentId>,
    /// Must be the document's owner, if given.
    pub user_id: Option<UserId>,
    /// The decision.
    pub decision: ReviewDecision,
    /// What the reviewer wrote; sealed.
    pub notes: Option<String>,
}

impl std::fmt::Debug for Callback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { review, task_id, decision, .. } = self;
        f.debug_struct("Callback")
            .field("review", review)
            .field("task_id", task_id)
            .field("decision", decision)
            .finish_non_exhaustive()
    }
}

/// What a callback did. The first decision wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackOutcome {
    /// It decided.
    Applied {
        /// The review.
        review: ReviewId,
        /// Its document, now completed.
        document: DocumentId,
        /// Whose document.
        user_id: UserId,
    },
    /// The same was said before.
    Repeated {
        /// The review.
        review: ReviewId,
        /// Its document.
        document: DocumentId,
    },
    /// The opposite was said before, or the review is cancelled.
    Contrary {
        /// The review.
        review: ReviewId,
        /// How it stands.
        status: ReviewStatus,
    },
    /// There is no such review.
    Unknown,
    /// The ids of the callback belong to different reviews.
    Mismatch,
    /// No review has this task id, but one is being sent at this moment: ask again shortly.
    NotYetAcknowledged,
}

/// Where a reviewer finds the picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewFile {
    /// The document.
    pub document: DocumentId,
    /// Its object.
    pub object_key: String,
    /// Its media type.
    pub mime: String,
}

const SETTLE: &str = "dispatch_owner = NULL, dispatch_until = NULL, next_dispatch_at = NULL";

impl Store {
    /// Takes up to `limit` reviews that are due, or whose dispatcher disappeared. Dispatchers do not wait for each other.
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
                "WITH due AS MATERIALIZED ( \
                   SELECT id FROM manual_reviews \
                   WHERE (dispatch_state = 'queued' AND next_dispatch_at <= $2) \
                      OR (dispatch_state = 'sending' AND dispatch_until <= $2) \
                   ORDER BY coalesce(next_dispatch_at, dispatch_until) LIMIT $4 FOR UPDATE SKIP LOCKED) \
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

    /// Loads what a leased review tells the reviewer.
    pub async fn load_dispatch(&self, lease: &DispatchLease) -> Result<DispatchPayload> {
        let client = self.client().await?;
        let id = lease.review.as_uuid();
        let row = client
            .fetch_opt(
                "SELECT d.*, r.correlation_id AS review_correlation_id FROM manual_reviews r \
                 JOIN documents d ON d.id = r.document_id \
                 WHERE r.id = $1 AND r.dispatch_state = 'sending' AND r.dispatch_owner = $2 AND r.dispatch_epoch = $3",
                &[p(&id), p(&lease.owner), p(&lease.epoch)],
            )
            .await?;
        let Some(row) = row else { return Err(settled(&client, lease.review).await?.into()) };
        Ok(DispatchPayload {
            review: lease.review,
            document: document_id(&row, "id")?,
            user_id: user_id(&row, "user_id")?,
            document_type: parse(&row, "type")?,
            reading: reading(self.sealer(), &row)?.ok_or(StoreError::Corrupt { what: "result" })?,
            score: score_opt(&row, "ai_score")?.ok_or(StoreError::Corrupt { what: "ai_score" })?,
            decision: parse(&row, "ai_decision")?,
            reasons: reasons(&row, "reasons")?,
            correlation_id: parse(&row, "review_correlation_id")?,
        })
    }

    /// The reviewer has it. Counts even if the lease ran out meanwhile: what arrived has arrived.
    ///
    /// [`Miss::DispatchSettled`] if it was settled meanwhile, as when the decision came before this answer: the task id
    /// is kept then too.
    pub async fn acknowledge_dispatch(
        &self,
        lease: &DispatchLease,
        task_id: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let id = lease.review.as_uuid();
        // The document first, as everywhere: the callback may come at this very moment and locks in that order.
        let sql = "SELECT d.id FROM documents d JOIN manual_reviews r ON r.document_id = d.id \
                   WHERE r.id = $1 FOR UPDATE OF d";
        tx.fetch_opt(sql, &[p(&id)]).await?;
        let sql = format!(
            "UPDATE manual_reviews SET dispatch_state = 'acknowledged', buli2_task_id = $2, acknowledged_at = $3, \
               dispatch_error = NULL, updated_at = $3, {SETTLE} \
             WHERE id = $1 AND dispatch_state IN ('queued', 'sending') RETURNING document_id"
        );
        let params = [p(&id), p(&task_id), p(&now)];
        let outcome = match tx.fetch_opt(&sql, &params).await? {
            Some(row) => {
                note_ticket(&tx, document_id(&row, "document_id")?, task_id).await?;
                Ok(())
            }
            None => {
                let sql = "UPDATE manual_reviews SET buli2_task_id = $2, updated_at = $3 \
                           WHERE id = $1 AND buli2_task_id IS NULL";
                tx.change(sql, &params).await?;
                let sql = "SELECT buli2_task_id FROM manual_reviews WHERE id = $1 AND dispatch_state = 'acknowledged'";
                match tx.fetch_opt(sql, &[p(&id)]).await? {
                    Some(row) if get::<Option<&str>>(&row, "buli2_task_id")? == Some(task_id) => Ok(()),
                    _ => Err(settled(&tx, lease.review).await?.into()),
                }
            }
        };
        commit(tx).await?;
        outcome
    }

    /// Not sent; it waits for its next turn. `error` says why and costs an attempt; `None` means that nothing was tried.
    pub async fn defer_dispatch(
        &self,
        lease: &DispatchLease,
        until: DateTime<Utc>,
        error: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let sql = "UPDATE manual_reviews SET dispatch_state = 'queued', next_dispatch_at = $4, \
                     dispatch_error = coalesce($5, dispatch_error), \
                     dispatch_attempts = dispatch_attempts + CASE WHEN $5 IS NULL THEN 0 ELSE 1 END, \
                     dispatch_owner = NULL, dispatch_until = NULL, updated_at = $6 \
                   WHERE id = $1 AND dispatch_state = 'sending' AND dispatch_owner = $2 AND dispatch_epoch = $3";
        let id = lease.review.as_uuid();
        let params = [p(&id), p(&lease.owner), p(&lease.epoch), p(&until), p(&error), p(&now)];
        let client = self.client().await?;
        match client.change(sql, &params).await? {
            0 => Err(settled(&client, lease.review).await?.into()),
            _ => Ok(()),
        }
    }

    /// The reviewer refuses it for good. It stays visible on the review until somebody sends it again.
    pub async fn refuse_dispatch(
        &self,
        lease: &DispatchLease,
        error: &str,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let sql = format!(
            "UPDATE manual_reviews SET dispatch_state = 'refused', dispatch_error = $4, \
               dispatch_attempts = dispatch_attempts + 1, updated_at = $5, {SETTLE} \
             WHERE id = $1 AND dispatch_state = 'sending' AND dispatch_owner = $2 AND dispatch_epoch = $3"
        );
        let id = lease.review.as_uuid();
        let params = [p(&id), p(&lease.owner), p(&lease.epoch), p(&error), p(&now)];
        let client = self.client().await?;
        match client.change(&sql, &params).await? {
            0 => Err(settled(&client, lease.review).await?.into()),
            _ => Ok(()),
        }
    }

    /// Applies the reviewer's decision to the review and its document, in one transaction.
    pub async fn apply_callback(
        &self,
        callback: &Callback,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<CallbackOutcome> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let (review, document) = match find_review(&tx, callback).await? {
            Found::Review { review, document } => (review, document),
            Found::Nothing(outcome) => return Ok(outcome),
        };
        let row = step::lock(&tx, document).await?;
        let owner = user_id(&row, "user_id")?;
        if callback.document.is_some_and(|id| id != document)
            || callback.user_id.is_some_and(|id| id != owner)
        {
            return Ok(CallbackOutcome::Mismatch);
        }
        let id = review.as_uuid();
        let sql = "SELECT status, dispatch_state, buli2_task_id FROM manual_reviews WHERE id = $1 FOR UPDATE";
        let review_row = tx.fetch_opt(sql, &[p(&id)]).await?.ok_or(Miss::NotFound)?;
        if let Some(task) = &callback.task_id {
            // A review may be known under several task ids, if it was sent more than once; a task has one review.
            let sql = "SELECT id FROM manual_reviews WHERE buli2_task_id = $1 AND id <> $2";
            if tx.fetch_opt(sql, &[p(task), p(&id)]).await?.is_some() {
                return Ok(CallbackOutcome::Mismatch);
            }
        }
        let status = parse(&review_row, "status")?;
        match effect_of(callback.decision, status) {
            DecisionEffect::Repeat => return Ok(CallbackOutcome::Repeated { review, document }),
            DecisionEffect::Conflict => return Ok(CallbackOutcome::Contrary { review, status }),
            DecisionEffect::Decide => {}
        }
        let Some(evaluated) = step::witness::<state::AiEvaluated>(&row)? else {
            return Err(step::stale(&row)?.into());
        };
        self.settle_review(&tx, review, &review_row, callback, now).await?;

        let verification = callback.decision.verification_status();
        if !VerificationStatus::PendingManualReview.allows("decided", verification) {
            return Err(StoreError::Invariant("an edge of the verification status"));
        }
        let verification: &str = verification.into();
        let params = [p(&verification), p(&now)];
        let also = Also {
            set: "verification_status = $10, processed_at = $11",
            only_if: "verification_status = 'pending_manual_review'",
            params: &params,
            ..Also::default()
        };
        if step::take(&tx, evaluated.step(edge::Decide), origin, now, also).await?.is_none() {
            return Err(step::stale(&row)?.into());
        }
        if callback.decision == ReviewDecision::Approved {
            claim_shown_identities(&tx, document, owner, now).await?;
        }
        commit(tx).await?;
        Ok(CallbackOutcome::Applied { review, document, user_id: owner })
    }

    /// Writes the decision on the review and takes it out of the outbox.
    async fn settle_review(
        &self,
        db: &impl Db,
        review: ReviewId,
        row: &Row,
        callback: &Callback,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let id = review.as_uuid();
        let notes = self.sealer().seal_text(Column::ReviewNotes, id, callback.notes.as_deref())?;
        let known: Option<String> = get(row, "buli2_task_id")?;
        let task = known.or_else(|| callback.task_id.clone());
        // A decision that overtakes our own answer shows that the reviewer has it; without a task id there is nothing
        // to acknowledge with, and nothing left to send.
        let dispatch = match (parse(row, "dispatch_state")?, task.is_some()) {
            (DispatchState::Queued | DispatchState::Sending, true) => DispatchState::Acknowledged,
            (DispatchState::Queued | DispatchState::Sending, false) => DispatchState::Withdrawn,
            (settled, _) => settled,
        };
        let (status, decision): (&str, &str) =
            (callback.decision.review_status().into(), callback.decision.into());
        let dispatch: &str = dispatch.into();
        let sql = format!(
            "UPDATE manual_reviews SET status = $2, decision = $3, notes = $4, decided_at = $5, updated_at = $5, \
               dispatch_state = $6, buli2_task_id = $7, \
               acknowledged_at = CASE WHEN $6 = 'acknowledged' THEN coalesce(acknowledged_at, $5) \
                                      ELSE acknowledged_at END, {SETTLE} \
             WHERE id = $1 RETURNING document_id"
        );
        let params = [p(&id), p(&status), p(&decision), p(&notes), p(&now), p(&dispatch), p(&task)];
        let row = db.fetch_opt(&sql, &params).await?.ok_or(Miss::NotFound)?;
        match &task {
            Some(task) => note_ticket(db, document_id(&row, "document_id")?, task).await,
            None => Ok(()),
        }
    }

    /// Where the picture of a review is.
    pub async fn review_file(&self, review: ReviewId) -> Result<ReviewFile> {
        let id = review.as_uuid();
        let sql = "SELECT d.id, d.object_key, d.mime FROM manual_reviews r JOIN documents d ON d.id = r.document_id \
                   WHERE r.id = $1 AND r.status <> 'cancelled' AND d.status <> 'erased'";
        let row = self.client().await?.fetch_opt(sql, &[p(&id)]).await?.ok_or(Miss::NotFound)?;
        Ok(ReviewFile {
            document: document_id(&row, "id")?,
            object_key: get(&row, "object_key")?,
            mime: get(&row, "mime")?,
        })
    }
}

enum Found {
    Review { review: ReviewId, document: DocumentId },
    Nothing(CallbackOutcome),
}

/// Finds the review a callback speaks of: by our id if it is given, else by the reviewer's.
async fn find_review(db: &impl Db, callback: &Callback) -> Result<Found> {
    if let Some(review) = callback.review {
        let id = review.as_uuid();
        let row = db.fetch_opt("SELECT id, document_id FROM manual_reviews WHERE id = $1", &[p(&id)]).await?;
        return found(row.as_ref());
    }
    let Some(task) = &callback.task_id else { return Ok(Found::Nothing(CallbackOutcome::Unknown)) };
    let sql = "SELECT id, document_id FROM manual_reviews WHERE buli2_task_id = $1";
    if let Some(row) = db.fetch_opt(sql, &[p(task)]).await? {
        return found(Some(&row));
    }
    // An unknown task may be one whose answer has not reached us yet, or never will: a call that timed out may have been
    // taken all the same, and its review waits for its next turn.
    let document = callback.document.map(DocumentId::as_uuid);
    let sql = "SELECT EXISTS (SELECT FROM manual_reviews WHERE buli2_task_id IS NULL \
                 AND (dispatch_state = 'sending' OR (dispatch_state = 'queued' AND dispatch_epoch > 0)) \
                 AND ($1 IS NULL OR document_id = $1)) AS sending";
    let sending = match db.fetch_opt(sql, &[p(&document)]).await? {
        Some(row) => get(&row, "sending")?,
        None => false,
    };
    Ok(Found::Nothing(if sending { CallbackOutcome::NotYetAcknowledged } else { CallbackOutcome::Unknown }))
}

fn found(row: Option<&Row>) -> Result<Found> {
    let Some(row) = row else { return Ok(Found::Nothing(CallbackOutcome::Unknown)) };
    Ok(Found::Review { review: review_id(row, "id")?, document: document_id(row, "document_id")? })
}

fn review_id(row: &Row, column: &'static str) -> Result<ReviewId> {
    get::<Uuid>(row, column).map(ReviewId::from_uuid)
}

async fn settled(db: &impl Db, review: ReviewId) -> Result<Miss> {
    let id = review.as_uuid();
    match db.fetch_opt("SELECT dispatch_state FROM manual_reviews WHERE id = $1", &[p(&id)]).await? {
        Some(row) => Ok(Miss::DispatchSettled { state: parse(&row, "dispatch_state")? }),
        None => Ok(Miss::NotFound),
    }
}

/// Keeps the reviewer's id on the document too.
async fn note_ticket(db: &impl Db, document: DocumentId, task_id: &str) -> Result<()> {
    let id = document.as_uuid();
    db.change("UPDATE documents SET buli2_ticket_id = $2 WHERE id = $1", &[p(&id), p(&task_id)])
        .await
        .map(|_| ())
}

/// A human's approval claims the identities too, where they are free: the next user who shows them is not approved
/// without a human.
async fn claim_shown_identities(
    db: &impl Db,
    document: DocumentId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let (document, user) = (document.as_uuid(), user.as_uuid());
    let sql =
        "SELECT kind, number_hash FROM document_identities WHERE document_id = $1 ORDER BY kind, number_hash";
    for row in db.fetch(sql, &[p(&document)]).await? {
        claim_identity(db, get(&row, "kind")?, get(&row, "number_hash")?, user, document, now).await?;
    }
    Ok(())
}
