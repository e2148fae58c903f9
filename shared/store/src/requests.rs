//! The two requests an owner has for an uploaded document: another try, and a human.

use chrono::{DateTime, Utc};
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::lifecycle::{DispatchState, DocumentStatus, VerificationStatus};
use filot_domain::retry::{EXHAUSTIONS_MAX, QueueKind};
use filot_domain::{DocumentId, EvaluationId, ReviewId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, begin, commit, p};
use crate::documents::{DocumentSummary, ENQUEUE_GRACE, REVIEW_COLUMNS, ReviewSummary, review, summary};
use crate::error::{Miss, Result, StoreError};
use crate::marks;
use crate::origin::{Caller, Origin};
use crate::quotas::{self, ExceededLimit, UserLimits};
use crate::row::{get, parse};
use crate::scoring::{NewIds, insert_review};
use crate::step::{self, Also};

/// What became of the wish for another try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requeued {
    /// The document waits for a worker and is to be told to one now.
    Waiting {
        /// The document.
        document: DocumentSummary,
        /// The queue it waits on.
        queue: QueueKind,
    },
    /// Its file used up readers too often: nobody tries it again. Nothing was written.
    Exhausting,
    /// One more try is more than the user may have. Nothing was written.
    Refused(ExceededLimit),
}

/// A document that awaits a human.
#[derive(Debug, Clone)]
pub struct Escalated {
    /// The document.
    pub document: DocumentSummary,
    /// Its one review.
    pub review: ReviewSummary,
    /// Whether the review is to be sent because of this very call.
    pub queued: bool,
}

impl Store {
    /// Prepares another try: a failed document waits on `queue` again with its attempts started over; one that waits
    /// already stays as it is.
    ///
    /// If the caller then fails to enqueue, the sweeper does so after half a minute (INV-1).
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session, `Miss::NotFound` without such a document of the
    /// caller's. `Miss::Stale` in any other state.
    pub async fn requeue(
        &self,
        caller: &Caller,
        id: DocumentId,
        queue: QueueKind,
        limits: &UserLimits,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Requeued> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        quotas::lock_user(&tx, caller, now).await?;
        let row = lock_own(&tx, caller, id, now).await?;
        if parse::<DocumentStatus>(&row, "status")? == DocumentStatus::Uploaded {
            return Ok(Requeued::Waiting { document: summary(&row)?, queue: parse(&row, "queue")? });
        }
        let Some(failed) = step::witness::<state::Failed>(&row)? else {
            return Err(step::stale(&row)?.into());
        };
        if quotas::exhaustions(&tx, caller.user_id, get(&row, "content_sha256")?).await? >= EXHAUSTIONS_MAX {
            return Ok(Requeued::Exhausting);
        }
        if let Some(exceeded) = quotas::exceeded(&tx, caller.user_id, limits, None, now).await? {
            return Ok(Requeued::Refused(exceeded));
        }
        let name: &str = queue.into();
        let next = now + ENQUEUE_GRACE;
        let params = [p(&name), p(&next)];
        let also = Also {
            set: "attempts = 0, queue = $10, next_enqueue_at = $11, not_before = NULL, enqueued_at = NULL, \
                  enqueues = 0, processed_at = NULL, reasons = '{}'",
            params: &params,
            ..Also::default()
        };
        let (_, row) = step::take_locked(&tx, failed.step(edge::Requeue), origin, now, also).await?;
        commit(tx).await?;
        Ok(Requeued::Waiting { document: summary(&row)?, queue })
    }

    /// Sends an automatically rejected document to a human: the step and the review's outbox row are one transaction
    /// (INV-5). A document that awaits a human already keeps its one review, and if the reviewer had refused that for
    /// good it is sent again.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session, `Miss::NotFound` without such a document of the
    /// caller's. `Miss::Stale` in any other state.
    pub async fn escalate(
        &self,
        caller: &Caller,
        id: DocumentId,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Escalated> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let row = lock_own(&tx, caller, id, now).await?;
        let verification = parse::<VerificationStatus>(&row, "verification_status")?;
        let (row, queued) = match step::witness::<state::Completed>(&row)? {
            Some(completed) if verification.allows("escalated", VerificationStatus::PendingManualReview) => {
                let ids = NewIds {
                    evaluation: last_evaluation(&tx, id).await?,
                    review: ReviewId::from_uuid(Uuid::now_v7()),
                };
                insert_review(&tx, &ids, id, &parse(&row, "correlation_id")?, now).await?;
                marks::await_human(&tx, id).await?;
                let also = Also {
                    set: "verification_status = 'pending_manual_review', processed_at = NULL",
                    only_if: "verification_status = 'auto_rejected'",
                    ..Also::default()
                };
                let (_, row) =
                    step::take_locked(&tx, completed.step(edge::Escalate), origin, now, also).await?;
                (row, true)
            }
            None if verification == VerificationStatus::PendingManualReview => {
                let queued = resend_refused(&tx, id, now).await?;
                (row, queued)
            }
            _ => return Err(step::stale(&row)?.into()),
        };
        let uuid = id.as_uuid();
        let sql = format!("SELECT {REVIEW_COLUMNS} FROM manual_reviews r WHERE r.document_id = $1");
        let found = tx.fetch_opt(&sql, &[p(&uuid)]).await?.ok_or(Miss::NotFound)?;
        let review = review(self.sealer(), &found)?.ok_or(StoreError::Corrupt { what: "manual_reviews" })?;
        commit(tx).await?;
        Ok(Escalated { document: summary(&row)?, review, queued })
    }
}

/// Locks a document of the caller's until the transaction ends. The session is checked by the same statement (INV-6).
///
/// The lock lets others refer to the row by key meanwhile, as an erasure does when it passes an identity on.
pub(crate) async fn lock_own(
    db: &impl Db,
    caller: &Caller,
    id: DocumentId,
    now: DateTime<Utc>,
) -> Result<Row> {
    let (session, user, id) = (caller.session_id.as_uuid(), caller.user_id.as_uuid(), id.as_uuid());
    let sql = "SELECT d.* FROM sessions s LEFT JOIN LATERAL ( \
                 SELECT * FROM documents d WHERE d.id = $3 AND d.user_id = s.user_id \
                   AND d.status NOT IN ('receiving', 'erased') FOR NO KEY UPDATE) d ON true \
               WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $4";
    let row = db.fetch_opt(sql, &[p(&session), p(&user), p(&id), p(&now)]).await?;
    let row = row.ok_or(Miss::SessionEnded)?;
    match get::<Option<Uuid>>(&row, "id")? {
        Some(_) => Ok(row),
        None => Err(Miss::NotFound.into()),
    }
}

async fn last_evaluation(db: &impl Db, document: DocumentId) -> Result<EvaluationId> {
    let id = document.as_uuid();
    let sql =
        "SELECT id FROM verification_results WHERE document_id = $1 ORDER BY document_version DESC LIMIT 1";
    let row = db.fetch_opt(sql, &[p(&id)]).await?;
    let row = row.ok_or(StoreError::Corrupt { what: "verification_results" })?;
    get(&row, "id").map(EvaluationId::from_uuid)
}

/// Puts a review that the reviewer refused back into the outbox; `false` if it is not refused.
async fn resend_refused(db: &impl Db, document: DocumentId, now: DateTime<Utc>) -> Result<bool> {
    if !DispatchState::Refused.allows("resent", DispatchState::Queued) {
        return Err(StoreError::Invariant("an edge of the dispatch"));
    }
    let id = document.as_uuid();
    let sql = "UPDATE manual_reviews SET dispatch_state = 'queued', next_dispatch_at = $2, updated_at = $2 \
               WHERE document_id = $1 AND dispatch_state = 'refused'";
    Ok(db.change(sql, &[p(&id), p(&now)]).await? == 1)
}
