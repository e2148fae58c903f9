//! Erasing a document: what is in the database goes at once and in one transaction; what is elsewhere (the object, the
//! review at the reviewer) goes through the `erasures` outbox until it is done.
//!
//! Whoever holds the document at that moment loses it: a worker's lease, a scorer's version, a dispatcher's row. An
//! audit stub remains: ids, times, codes and events, and of a refused document its marks until they expire
//! ([`crate::marks`]).

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::lifecycle::{DispatchState, DocumentStatus, Edge, ReviewStatus, State};
use filot_domain::{CorrelationId, DocumentId, ReviewId};
use strum::IntoStaticStr;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, begin, commit, p};
use crate::documents::document_id;
use crate::error::{Result, StoreError};
use crate::origin::{Caller, Origin};
use crate::requests::lock_own;
use crate::row::{get, parse};
use crate::step::{self, Also};
use crate::{marks, notices};

/// Longer than any upload lives that began while the row was `receiving`: two with one idempotency key may store the
/// same file, and the second may do so after the first was finished, or given up.
const UPLOAD_LIFE: TimeDelta = TimeDelta::minutes(5);

/// Why a document is erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
enum Cause {
    /// Its owner asks for it.
    Request,
    /// Its time is over.
    Retention,
}

/// From when on documents are too old to be kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TooOld {
    /// Decided before this; `None` keeps them.
    pub completed_before: Option<DateTime<Utc>>,
    /// Given up before this; `None` keeps them.
    pub failed_before: Option<DateTime<Utc>>,
}

/// The effect of noting that an erased document's object was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectGone {
    /// A retry of its upload may still be storing it again: the row goes on watching, and it is to be deleted once more.
    Watched,
    /// It is gone for good.
    Noted,
    /// It is gone for good, and it was the last of its erasure.
    ErasureDone,
}

/// An erasure that is not finished outside the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueErasure {
    /// The document, erased.
    pub document: DocumentId,
    /// Its object, if that may still exist.
    pub object_key: Option<String>,
    /// The upload's correlation id.
    pub correlation_id: CorrelationId,
}

impl Store {
    /// Erases a document of the caller's. From now on nobody can show it, work on it, or decide it.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session, `Miss::NotFound` without such a document of the
    /// caller's.
    pub async fn erase_document(
        &self,
        caller: &Caller,
        id: DocumentId,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let row = lock_own(&tx, caller, id, now).await?;
        erase(&tx, &row, Cause::Request, self.fraud_policy().memory, origin, now).await?;
        commit(tx).await
    }

    /// Documents that are too old to be kept, the oldest first.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn too_old(&self, limit: u32, than: &TooOld) -> Result<Vec<DocumentId>> {
        let limit = i64::from(limit);
        let sql = "SELECT document_id AS id FROM ( \
                     (SELECT document_id, at FROM document_schedule \
                      WHERE task = 'retire_completed' AND at < $1 ORDER BY at LIMIT $3) \
                     UNION ALL (SELECT document_id, at FROM document_schedule \
                      WHERE task = 'retire_failed' AND at < $2 ORDER BY at LIMIT $3)) old ORDER BY at LIMIT $3";
        let params = [p(&than.completed_before), p(&than.failed_before), p(&limit)];
        let rows = self.client().await?.fetch(sql, &params).await?;
        rows.iter().map(|row| document_id(row, "id")).collect()
    }

    /// Erases a document if it is still too old to be kept; `false` if somebody did something with it meanwhile.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn erase_too_old(
        &self,
        id: DocumentId,
        than: &TooOld,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<bool> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let uuid = id.as_uuid();
        let sql = "SELECT * FROM documents WHERE id = $1 AND ((status = 'completed' AND processed_at < $2) \
                     OR (status = 'failed' AND processed_at < $3)) FOR NO KEY UPDATE";
        let params = [p(&uuid), p(&than.completed_before), p(&than.failed_before)];
        let Some(row) = tx.fetch_opt(sql, &params).await? else { return Ok(false) };
        erase(&tx, &row, Cause::Retention, self.fraud_policy().memory, origin, now).await?;
        commit(tx).await?;
        Ok(true)
    }

    /// Takes erasures that are not finished. Each is returned again after 1, 2, 4 … 60 minutes until it is done.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn take_due_erasures(&self, limit: u32, now: DateTime<Utc>) -> Result<Vec<DueErasure>> {
        let limit = i64::from(limit);
        let sql = "WITH due AS MATERIALIZED ( \
                     SELECT id FROM erasures WHERE state = 'requested' AND document_id IS NOT NULL \
                       AND next_attempt_at <= $1 ORDER BY next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED) \
                   UPDATE erasures e SET attempts = e.attempts + 1, next_attempt_at = \
                     $1 + least(interval '1 hour', interval '1 minute' * 2 ^ least(e.attempts, 6)) \
                   FROM documents d WHERE e.id = ANY (ARRAY(SELECT id FROM due)) AND d.id = e.document_id \
                   RETURNING d.id, d.object_key, d.correlation_id";
        let rows = self.client().await?.fetch(sql, &[p(&now), p(&limit)]).await?;
        rows.iter()
            .map(|row| {
                Ok(DueErasure {
                    document: document_id(row, "id")?,
                    object_key: get(row, "object_key")?,
                    correlation_id: parse(row, "correlation_id")?,
                })
            })
            .collect()
    }

    /// Notes that the object of an erased document was deleted.
    ///
    /// # Errors
    /// `Miss::Stale` if the document is not erased, `Miss::NotFound` without a document.
    pub async fn object_deleted(&self, id: DocumentId, now: DateTime<Utc>) -> Result<ObjectGone> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let row = step::lock(&tx, id).await?;
        if step::witness::<state::Erased>(&row)?.is_none() {
            return Err(step::stale(&row)?.into());
        }
        let (uuid, uploads_ended_before) = (id.as_uuid(), now - UPLOAD_LIFE);
        let sql = "UPDATE documents SET object_key = NULL, next_enqueue_at = NULL WHERE id = $1 AND NOT EXISTS ( \
                     SELECT FROM document_events e \
                     WHERE e.document_id = $1 AND e.from_status = 'receiving' AND e.at > $2)";
        if tx.change(sql, &[p(&uuid), p(&uploads_ended_before)]).await? == 0 {
            return Ok(ObjectGone::Watched);
        }
        let is_done = finish_erasure(&tx, id, now).await?;
        commit(tx).await?;
        Ok(if is_done { ObjectGone::ErasureDone } else { ObjectGone::Noted })
    }
}

/// Records, once, that nothing of an erased document is left anywhere. The document's row is locked.
pub(crate) async fn finish_erasure(db: &impl Db, document: DocumentId, now: DateTime<Utc>) -> Result<bool> {
    let id = document.as_uuid();
    let sql = "UPDATE erasures e SET state = 'done', done_at = $2, next_attempt_at = NULL \
               WHERE e.document_id = $1 AND e.state = 'requested' \
                 AND EXISTS (SELECT FROM documents d WHERE d.id = e.document_id AND d.object_key IS NULL) \
                 AND NOT EXISTS (SELECT FROM manual_reviews r \
                                 WHERE r.document_id = e.document_id AND r.cancel_state = 'due')";
    Ok(db.change(sql, &[p(&id), p(&now)]).await? == 1)
}

/// Erases a locked document, and puts on record what is left to do elsewhere.
///
/// `memory` is how long the marks of a document stay that a human was to decide.
async fn erase(
    db: &impl Db,
    row: &Row,
    cause: Cause,
    memory: TimeDelta,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<()> {
    let (id, user): (Uuid, Uuid) = (get(row, "id")?, get(row, "user_id")?);
    withdraw_review(db, id, now).await?;
    release_identities(db, id, user).await?;
    marks::erase(db, row, memory, now).await?;
    match parse(row, "status")? {
        DocumentStatus::Uploaded => forget::<state::Uploaded>(db, row, origin, now).await?,
        DocumentStatus::Processing => forget::<state::Processing>(db, row, origin, now).await?,
        DocumentStatus::OcrCompleted => forget::<state::OcrCompleted>(db, row, origin, now).await?,
        DocumentStatus::AiEvaluated => forget::<state::AiEvaluated>(db, row, origin, now).await?,
        DocumentStatus::Completed => forget::<state::Completed>(db, row, origin, now).await?,
        DocumentStatus::Failed => forget::<state::Failed>(db, row, origin, now).await?,
        // Neither is ever shown, so nobody can ask for it; a dead upload is discarded by the sweeper.
        DocumentStatus::Receiving | DocumentStatus::Erased => return Err(step::stale(row)?.into()),
    }
    let (erasure, cause): (Uuid, &str) = (Uuid::now_v7(), cause.into());
    let sql = "INSERT INTO erasures (id, user_id, document_id, cause, next_attempt_at, requested_at) \
               VALUES ($1, $2, $3, $4, $5, $5)";
    db.change(sql, &[p(&erasure), p(&user), p(&id), p(&cause), p(&now)]).await.map(|_| ())
}

/// The step itself: every field that is personal, and every claim on the row, goes with it.
async fn forget<S>(db: &impl Db, row: &Row, origin: &Origin, now: DateTime<Utc>) -> Result<()>
where
    S: State<Status = DocumentStatus>,
    edge::Erase: Edge<S>,
{
    let document = step::witness::<S>(row)?.ok_or(StoreError::Corrupt { what: "status" })?;
    let params = [p(&now)];
    let also = Also {
        set: "result = NULL, ocr_text = NULL, stage_ms = NULL, idempotency_key = NULL, idempotency_hash = NULL, \
              lease_owner = NULL, lease_until = NULL, lease_renewed_at = NULL, not_before = NULL, \
              next_enqueue_at = $10, deleted_at = $10",
        params: &params,
        ..Also::default()
    };
    step::take_locked(db, document.step(edge::Erase), origin, now, also).await.map(|_| ())
}

/// Takes back the review of a document, if it has one that is not decided, and removes what the reviewer wrote.
async fn withdraw_review(db: &impl Db, document: Uuid, now: DateTime<Utc>) -> Result<()> {
    let sql = "SELECT id, status, dispatch_state, dispatch_epoch, dispatch_until, buli2_task_id \
               FROM manual_reviews WHERE document_id = $1 FOR UPDATE";
    let Some(review) = db.fetch_opt(sql, &[p(&document)]).await? else { return Ok(()) };
    let id: Uuid = get(&review, "id")?;
    if parse::<ReviewStatus>(&review, "status")? != ReviewStatus::Pending {
        let sql = "UPDATE manual_reviews SET notes = NULL, updated_at = $2 WHERE id = $1";
        return db.change(sql, &[p(&id), p(&now)]).await.map(|_| ());
    }
    notices::end(db, ReviewId::from_uuid(id), now).await?;
    let cancel_at = cancel_at(&review, now)?;
    let sql = "UPDATE manual_reviews SET status = 'cancelled', decided_at = $2, updated_at = $2, notes = NULL, \
                 dispatch_state = 'withdrawn', dispatch_owner = NULL, dispatch_until = NULL, \
                 next_dispatch_at = NULL, next_cancel_at = $3, \
                 cancel_state = CASE WHEN $3 IS NULL THEN NULL ELSE 'due' END \
               WHERE id = $1";
    db.change(sql, &[p(&id), p(&now), p(&cancel_at)]).await.map(|_| ())
}

/// When a review that is taken back is to be cancelled at the reviewer; `None` if the reviewer cannot have it.
fn cancel_at(review: &Row, now: DateTime<Utc>) -> Result<Option<DateTime<Utc>>> {
    if get::<Option<&str>>(review, "buli2_task_id")?.is_some() {
        return Ok(Some(now));
    }
    let tries: i64 = get(review, "dispatch_epoch")?;
    Ok(match parse(review, "dispatch_state")? {
        // A dispatcher is calling at this moment. Its answer brings the task id; if it never comes, its turn is over then.
        DispatchState::Sending => {
            let until: Option<DateTime<Utc>> = get(review, "dispatch_until")?;
            Some(until.unwrap_or(now).max(now) + TimeDelta::seconds(1))
        }
        // A call that seemed to fail may have arrived; so may one before the call that was refused.
        DispatchState::Queued if tries > 0 => Some(now),
        DispatchState::Refused if tries > 1 => Some(now),
        _ => None,
    })
}

/// Gives up the identities that a document shows. One that another approved document of the same user shows as well
/// passes to that document, so that the user goes on holding it (INV-4).
///
/// The claims are locked in the one order in which all transactions lock them, those that other documents of the user
/// hold included: of two erasures at once the second sees what the first left.
async fn release_identities(db: &impl Db, document: Uuid, user: Uuid) -> Result<()> {
    let claims = db
        .fetch(
            "SELECT c.kind, c.number_hash, c.document_id FROM document_identities i \
             JOIN identity_claims c USING (kind, number_hash) \
             WHERE i.document_id = $1 AND c.user_id = $2 ORDER BY c.kind, c.number_hash FOR UPDATE OF c",
            &[p(&document), p(&user)],
        )
        .await?;
    for claim in &claims {
        if get::<Uuid>(claim, "document_id")? != document {
            continue;
        }
        let (kind, hash): (&str, &[u8]) = (get(claim, "kind")?, get(claim, "number_hash")?);
        let passed_on = db
            .change(
                "UPDATE identity_claims SET document_id = heir.id FROM ( \
                   SELECT d.id FROM documents d JOIN document_identities i ON i.document_id = d.id \
                   WHERE d.user_id = $3 AND d.id <> $4 AND d.status <> 'erased' \
                     AND d.verification_status IN ('auto_approved', 'manually_approved') \
                     AND i.kind = $1 AND i.number_hash = $2 ORDER BY d.created_at LIMIT 1) heir \
                 WHERE kind = $1 AND number_hash = $2",
                &[p(&kind), p(&hash), p(&user), p(&document)],
            )
            .await?;
        if passed_on == 0 {
            let sql = "DELETE FROM identity_claims WHERE kind = $1 AND number_hash = $2";
            db.change(sql, &[p(&kind), p(&hash)]).await?;
        }
    }
    let sql = "DELETE FROM document_identities WHERE document_id = $1";
    db.change(sql, &[p(&document)]).await.map(|_| ())
}
