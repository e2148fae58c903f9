//! Human reviews as the reviewer decides them and as others see them.
//!
//! Transactions that touch a document and its review lock the document first.

use chrono::{DateTime, Utc};
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::review::{DecisionEffect, ReviewDecision, effect_of};
use filot_domain::{DocumentId, ReasonCode, ReviewId, UserId, VerificationStatus};
use tokio_postgres::Row;

use crate::cancels::CancelState;
use crate::db::{Db, Store, begin, commit, p};
use crate::dispatch::{END_DISPATCH, note_ticket, review_id};
use crate::documents::{REVIEW_COLUMNS, ReviewSummary, document_id, review};
use crate::error::{Miss, Result, StoreError};
use crate::marks;
use crate::notices::{self, NOTICES};
use crate::origin::Origin;
use crate::row::{count, get, parse, parse_opt};
use crate::scoring::claim_identities;
use crate::sealing::Column;
use crate::step::{self, Also};
use crate::users::user_id;

/// The reviewer's decision.
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
    /// The reviewer's words; sealed when stored.
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

/// The effect of a callback. The first decision wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallbackOutcome {
    /// The review and its document are decided now.
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
    /// The document was erased: the decision has no effect.
    Cancelled {
        /// The review.
        review: ReviewId,
        /// Its document.
        document: DocumentId,
    },
    /// The opposite was said before.
    Contrary {
        /// The review.
        review: ReviewId,
        /// How it stands.
        status: ReviewStatus,
    },
    /// Another user holds an identity that the document shows: the approval does not count. The review stays open, and the
    /// reviewer gets it again with this reason.
    IdentityConflict {
        /// The review.
        review: ReviewId,
        /// Its document, which goes on waiting.
        document: DocumentId,
    },
    /// There is no such review.
    Unknown,
    /// The ids of the callback belong to different reviews.
    Mismatch,
    /// No review has this task id, but one is being sent at this moment: ask again shortly.
    NotYetAcknowledged,
}

/// A review with all that is known about its way to the reviewer.
#[derive(Clone, PartialEq, Eq)]
pub struct ReviewView {
    /// The review.
    pub review: ReviewSummary,
    /// Its document.
    pub document: DocumentId,
    /// Why a human is asked, with what became known after the review was sent.
    pub reasons: Vec<ReasonCode>,
    /// The reviewer's id of it, once known.
    pub task_id: Option<String>,
    /// State of its outbox row.
    pub dispatch_state: DispatchState,
    /// Failed attempts at sending it.
    pub dispatch_attempts: u32,
    /// When it is sent next, if it waits.
    pub next_dispatch_at: Option<DateTime<Utc>>,
    /// Why it was not sent the last time, as a code.
    pub dispatch_error: Option<String>,
    /// When the reviewer acknowledged it.
    pub acknowledged_at: Option<DateTime<Utc>>,
    /// Progress of its cancellation at the reviewer; `None` if there is nothing to cancel.
    pub cancel_state: Option<CancelState>,
}

impl std::fmt::Debug for ReviewView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { review, document, dispatch_state, cancel_state, .. } = self;
        f.debug_struct("ReviewView")
            .field("review", review)
            .field("document", document)
            .field("dispatch_state", dispatch_state)
            .field("cancel_state", cancel_state)
            .finish_non_exhaustive()
    }
}

/// The object that a reviewer looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewFile {
    /// The document.
    pub document: DocumentId,
    /// Its object.
    pub object_key: String,
    /// Its media type.
    pub mime: String,
}

impl Store {
    /// Applies the reviewer's decision to the review and its document, in one transaction.
    ///
    /// # Errors
    /// `Miss::Stale` if the document does not await a human. What a caller can do wrong is an outcome, not an
    /// error.
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
        if status == ReviewStatus::Cancelled {
            return Ok(CallbackOutcome::Cancelled { review, document });
        }
        match effect_of(callback.decision, status) {
            DecisionEffect::Repeat => return Ok(CallbackOutcome::Repeated { review, document }),
            DecisionEffect::Conflict => return Ok(CallbackOutcome::Contrary { review, status }),
            DecisionEffect::Decide => {}
        }
        let Some(evaluated) = step::witness::<state::AiEvaluated>(&row)? else {
            return Err(step::stale(&row)?.into());
        };
        if callback.decision == ReviewDecision::Approved
            && !claim_shown_identities(&tx, document, owner, now).await?
        {
            // The review stays open, and the reviewer is told.
            notices::note(&tx, review, ReasonCode::IdentityConflict, now).await?;
            commit(tx).await?;
            return Ok(CallbackOutcome::IdentityConflict { review, document });
        }
        self.close_review(&tx, review, &review_row, callback, now).await?;

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
        step::take(&tx, evaluated.step(edge::Decide), origin, now, also).await?;
        match callback.decision {
            ReviewDecision::Approved => {
                marks::forgive(&tx, document, owner, now).await?;
                notices::note_claims(&tx, document, owner, now).await?;
            }
            ReviewDecision::Rejected => {
                marks::remember(&tx, document, self.fraud_policy().memory, now).await?;
            }
        }
        commit(tx).await?;
        Ok(CallbackOutcome::Applied { review, document, user_id: owner })
    }

    /// Writes the decision on the review and takes it out of the outbox.
    async fn close_review(
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
            (state, _) => state,
        };
        let (status, decision): (&str, &str) =
            (callback.decision.review_status().into(), callback.decision.into());
        let dispatch: &str = dispatch.into();
        let sql = format!(
            "UPDATE manual_reviews SET status = $2, decision = $3, notes = $4, decided_at = $5, updated_at = $5, \
               dispatch_state = $6, buli2_task_id = $7, \
               acknowledged_at = CASE WHEN $6 = 'acknowledged' THEN coalesce(acknowledged_at, $5) \
                                      ELSE acknowledged_at END, {END_DISPATCH} \
             WHERE id = $1 RETURNING document_id"
        );
        let params = [p(&id), p(&status), p(&decision), p(&notes), p(&now), p(&dispatch), p(&task)];
        let row = db.fetch_opt(&sql, &params).await?.ok_or(Miss::NotFound)?;
        notices::end(db, review, now).await?;
        match &task {
            Some(task) => note_ticket(db, document_id(&row, "document_id")?, task).await,
            None => Ok(()),
        }
    }

    /// A review, for internal callers.
    ///
    /// # Errors
    /// `Miss::NotFound` without a review.
    pub async fn review(&self, id: ReviewId) -> Result<ReviewView> {
        let sql = format!(
            "SELECT {REVIEW_COLUMNS}, r.document_id, r.buli2_task_id, r.dispatch_state, r.dispatch_attempts, \
             r.next_dispatch_at, r.dispatch_error, r.acknowledged_at, r.cancel_state, d.reasons, {NOTICES} \
             FROM manual_reviews r JOIN documents d ON d.id = r.document_id WHERE r.id = $1"
        );
        let id = id.as_uuid();
        let row = self.client().await?.fetch_opt(&sql, &[p(&id)]).await?.ok_or(Miss::NotFound)?;
        Ok(ReviewView {
            review: review(self.sealer(), &row)?.ok_or(Miss::NotFound)?,
            document: document_id(&row, "document_id")?,
            reasons: notices::all_reasons(&row)?,
            task_id: get(&row, "buli2_task_id")?,
            dispatch_state: parse(&row, "dispatch_state")?,
            dispatch_attempts: count(&row, "dispatch_attempts")?,
            next_dispatch_at: get(&row, "next_dispatch_at")?,
            dispatch_error: get(&row, "dispatch_error")?,
            acknowledged_at: get(&row, "acknowledged_at")?,
            cancel_state: parse_opt(&row, "cancel_state")?,
        })
    }

    /// The object of a review's document.
    ///
    /// # Errors
    /// `Miss::NotFound` without a review, or if it was cancelled or its document erased.
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
                 AND dispatch_epoch > 0 AND dispatch_state IN ('queued', 'sending') \
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

/// A human's approval claims the identities too. `false` if another user holds one: then nothing is claimed, and the document
/// cannot be approved.
async fn claim_shown_identities(
    db: &impl Db,
    document: DocumentId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (document, user) = (document.as_uuid(), user.as_uuid());
    let sql =
        "SELECT kind, number_hash FROM document_identities WHERE document_id = $1 ORDER BY kind, number_hash";
    let rows = db.fetch(sql, &[p(&document)]).await?;
    let hashes: Vec<(String, Vec<u8>)> =
        rows.iter().map(|row| Ok((get(row, "kind")?, get(row, "number_hash")?))).collect::<Result<_>>()?;
    claim_identities(db, &hashes, user, document, now).await
}
