//! Documents as their owner sees them, and how one comes to be.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::lifecycle::{InState, ReviewStatus};
use filot_domain::retry::QueueKind;
use filot_domain::{
    CardKind, CardReading, CorrelationId, Decision, DocumentId, DocumentStatus, DocumentType, FieldName,
    FieldReading, Quality, ReasonCode, ReviewId, VerificationStatus,
};
use serde::Deserialize;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, begin, commit, p};
use crate::error::{Miss, Result, StoreError};
use crate::origin::{Caller, Origin};
use crate::quotas::{self, ExceededLimit, UserLimits};
use crate::row::{count, get, parse, parse_opt, reasons, score_opt};
use crate::sealing::{Column, Sealer};
use crate::step::{self, Also};

/// How long the uploading function has to enqueue before the sweeper looks.
pub(crate) const ENQUEUE_GRACE: TimeDelta = TimeDelta::seconds(30);
/// Whether a document `d` counts against the attempts of its user: all that did not pass, or not yet, erased or not, but
/// for those that nobody could read.
const IS_ATTEMPT: &str =
    "d.status <> 'failed' AND d.verification_status NOT IN ('auto_approved', 'manually_approved')";
/// Events a timeline shows at most, the newest.
const TIMELINE_MAX: i64 = 100;

/// The client's name for one upload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// As sent, 1 to 255 characters.
    pub key: String,
    /// SHA-256 over what must be the same for it to be the same request.
    pub request_hash: [u8; 32],
}

/// An upload that is about to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewDocument {
    /// Id of the new document.
    pub id: DocumentId,
    /// As the user claimed it at upload.
    pub document_type: DocumentType,
    /// Key of its object.
    pub object_key: String,
    /// SHA-256 of the file.
    pub content_sha256: [u8; 32],
    /// `image/jpeg`, `image/png` or `application/pdf`, as inspected.
    pub mime: String,
    /// Length of the file.
    pub bytes: u64,
    /// The client's name for this upload, if it gave one.
    pub idempotency: Option<IdempotencyKey>,
}

/// The next step for an upload.
#[derive(Debug, Clone)]
pub enum BeginUpload {
    /// Put the object under this key, then call [`Store::finish_upload`]. The id may be an earlier one, of an upload
    /// with the same idempotency key that died.
    Fresh {
        /// The row.
        document: InState<state::Receiving>,
        /// Where the object goes.
        object_key: String,
        /// The document's own: an earlier upload's, if that died.
        correlation_id: CorrelationId,
    },
    /// The same key and request were answered before: answer with the same document.
    Replay {
        /// As it is now.
        document: DocumentSummary,
        /// Correlation id of the first upload's answer: it follows the document through the pipeline.
        correlation_id: CorrelationId,
    },
    /// The first request with this key is still running.
    InProgress,
    /// The key was used for another request.
    KeyReused,
    /// The user has sent as many documents that did not pass as they may for now.
    TooManyAttempts {
        /// When the oldest of them counts no longer.
        until: DateTime<Utc>,
    },
    /// One more document is more than the user may have. Nothing was written.
    Refused(ExceededLimit),
}

/// The short form of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentSummary {
    /// Id.
    pub id: DocumentId,
    /// As the user claimed it at upload.
    pub document_type: DocumentType,
    /// Stage of the pipeline.
    pub status: DocumentStatus,
    /// Whether it is genuine, as far as decided.
    pub verification_status: VerificationStatus,
    /// Media type.
    pub mime: String,
    /// Length of the file.
    pub bytes: u64,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
    /// When it was decided or given up.
    pub processed_at: Option<DateTime<Utc>>,
}

/// Everything its owner sees of a document. The fields are identity data: never logged.
#[derive(Clone, PartialEq)]
pub struct DocumentView {
    /// The short form.
    pub summary: DocumentSummary,
    /// Kind of card in the picture, once read.
    pub card: Option<CardKind>,
    /// The fields that were read.
    pub fields: BTreeMap<FieldName, FieldReading>,
    /// Quality of the picture, once read.
    pub quality: Option<Quality>,
    /// 0 to 100, once scored.
    pub score: Option<u8>,
    /// The score's decision.
    pub decision: Option<Decision>,
    /// Why.
    pub reasons: Vec<ReasonCode>,
    /// Failed attempts at reading it.
    pub attempts: u32,
    /// The human review, if there is one.
    pub review: Option<ReviewSummary>,
    /// Its events, oldest first.
    pub timeline: Vec<TimelineEntry>,
}

impl std::fmt::Debug for DocumentView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DocumentView").field("summary", &self.summary).finish_non_exhaustive()
    }
}

/// One event of a document's life.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TimelineEntry {
    /// Its name: `created`, or that of an edge.
    pub event: String,
    /// Status after it.
    pub status: DocumentStatus,
    /// Verification status after it.
    pub verification_status: VerificationStatus,
    /// Why, if there is a reason.
    pub reason: Option<ReasonCode>,
    /// When.
    pub at: DateTime<Utc>,
}

/// A human review as the document's owner sees it.
#[derive(Clone, PartialEq, Eq)]
pub struct ReviewSummary {
    /// Id.
    pub id: ReviewId,
    /// How it stands.
    pub status: ReviewStatus,
    /// The reviewer's words.
    pub notes: Option<String>,
    /// Since when a human is awaited.
    pub created_at: DateTime<Utc>,
    /// When the human decided.
    pub decided_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for ReviewSummary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReviewSummary")
            .field("id", &self.id)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// A document's verification as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationView {
    /// The document.
    pub document: DocumentId,
    /// As the user claimed it at upload.
    pub document_type: DocumentType,
    /// Stage of the pipeline.
    pub status: DocumentStatus,
    /// Whether it is genuine, as far as decided.
    pub verification_status: VerificationStatus,
    /// 0 to 100, once scored.
    pub score: Option<u8>,
    /// The score's decision.
    pub decision: Option<Decision>,
    /// Why.
    pub reasons: Vec<ReasonCode>,
    /// The human review, if there is one.
    pub review: Option<ReviewSummary>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// A document of the caller's with its review: one row if the session holds, with NULLs if there is no such document.
const OWN_DOCUMENT: &str = "FROM sessions s \
    LEFT JOIN documents d ON d.id = $3 AND d.user_id = s.user_id AND d.status NOT IN ('receiving', 'erased') \
    LEFT JOIN manual_reviews r ON r.document_id = d.id \
    WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $4";

/// A review's columns, as [`review`] reads them.
pub(crate) const REVIEW_COLUMNS: &str = "r.id AS review_id, r.status AS review_status, r.notes AS review_notes, \
    r.created_at AS review_created_at, r.decided_at AS review_decided_at";

impl Store {
    /// Creates the row of an upload before its object exists, unless its idempotency key was seen before, the user has tried
    /// often enough, or the user's limits are reached. Uploads at the same moment do not see each other's attempts: the
    /// limit of requests bounds by how many they can exceed it.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session.
    pub async fn begin_upload(
        &self,
        caller: &Caller,
        new: &NewDocument,
        limits: &UserLimits,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<BeginUpload> {
        let mut connection = self.client().await?;
        let client = begin(&mut connection).await?;
        quotas::lock_user(&client, caller, now).await?;
        let exceeded = quotas::exceeded(&client, caller.user_id, limits, Some(new.bytes), now).await?;
        let (session, user) = (caller.session_id.as_uuid(), caller.user_id.as_uuid());
        let (id, kind): (Uuid, &str) = (new.id.as_uuid(), new.document_type.into());
        let bytes = i64::try_from(new.bytes).map_err(|_| StoreError::Invariant("a file of this length"))?;
        let sha256 = new.content_sha256.as_slice();
        let key = new.idempotency.as_ref().map(|i| i.key.as_str());
        let key_hash = new.idempotency.as_ref().map(|i| i.request_hash.as_slice());
        let (actor, correlation) = (origin.actor.to_string(), origin.correlation_id.as_str());
        let policy = self.fraud_policy();
        let (attempts_since, attempts_max) =
            (now - policy.attempts_window, i64::from(policy.attempts_per_user));
        let may_begin = exceeded.is_none();
        let inserted = client
            .fetch_opt(
                &format!("INSERT INTO documents (id, user_id, type, object_key, content_sha256, mime, bytes, status, \
                   verification_status, version, idempotency_key, idempotency_hash, correlation_id, last_event, \
                   last_actor, last_correlation_id, next_enqueue_at, created_at, updated_at) \
                 SELECT $4, s.user_id, $5, $6, $7, $8, $9, 'receiving', 'pending', 1, $10, $11, $13, 'created', $12, \
                   $13, $3, $3, $3 \
                 FROM sessions s WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3 \
                   AND (SELECT count(*) FROM documents d \
                        WHERE d.user_id = s.user_id AND d.created_at > $14 AND {IS_ATTEMPT}) < $15 \
                   AND $16 \
                 ON CONFLICT ON CONSTRAINT documents_idempotency_unique DO NOTHING RETURNING *"),
                &[
                    p(&session),
                    p(&user),
                    p(&now),
                    p(&id),
                    p(&kind),
                    p(&new.object_key),
                    p(&sha256),
                    p(&new.mime),
                    p(&bytes),
                    p(&key),
                    p(&key_hash),
                    p(&actor),
                    p(&correlation),
                    p(&attempts_since),
                    p(&attempts_max),
                    p(&may_begin),
                ],
            )
            .await?;
        if let Some(row) = inserted {
            commit(client).await?;
            return fresh(&row);
        }
        let earlier = client
            .fetch_opt(
                "SELECT d.* FROM sessions s \
                 LEFT JOIN documents d ON d.user_id = s.user_id AND d.idempotency_key = $4 \
                 WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3",
                &[p(&session), p(&user), p(&now), p(&key)],
            )
            .await?;
        let row = earlier.ok_or(Miss::SessionEnded)?;
        if get::<Option<Uuid>>(&row, "id")?.is_none() {
            if let Some(exceeded) = exceeded {
                return Ok(BeginUpload::Refused(exceeded));
            }
            let sql = format!(
                "SELECT d.created_at FROM documents d WHERE d.user_id = $1 AND d.created_at > $2 AND {IS_ATTEMPT} \
                 ORDER BY d.created_at DESC LIMIT 1 OFFSET $3 - 1"
            );
            let params = [p(&user), p(&attempts_since), p(&attempts_max)];
            if let Some(last) = client.fetch_opt(&sql, &params).await? {
                let until = get::<DateTime<Utc>>(&last, "created_at")? + policy.attempts_window;
                return Ok(BeginUpload::TooManyAttempts { until });
            }
            // Without a limit that was reached, an earlier upload was there and was discarded between the two statements: the
            // client may try again.
            return Ok(BeginUpload::InProgress);
        }
        if get::<Option<&[u8]>>(&row, "idempotency_hash")? != key_hash {
            return Ok(BeginUpload::KeyReused);
        }
        if parse::<DocumentStatus>(&row, "status")? != DocumentStatus::Receiving {
            let (document, correlation_id) = (summary(&row)?, parse(&row, "correlation_id")?);
            return Ok(BeginUpload::Replay { document, correlation_id });
        }
        // One retry takes it over. The same file goes to the same key; if the first request is alive after all, only
        // one of the two finishes.
        let (id, free_at) = (get::<Uuid>(&row, "id")?, now - quotas::UPLOAD_PATIENCE);
        let taken_until = now + quotas::UPLOAD_PATIENCE;
        let sql = "UPDATE documents SET not_before = $2 WHERE id = $1 AND status = 'receiving' \
                     AND CASE WHEN not_before IS NULL THEN created_at <= $3 ELSE not_before <= $4 END RETURNING *";
        let taken = client.fetch_opt(sql, &[p(&id), p(&taken_until), p(&free_at), p(&now)]).await?;
        commit(client).await?;
        taken.map_or(Ok(BeginUpload::InProgress), |row| fresh(&row))
    }

    /// The object could not be stored: whoever sends the same upload again need not wait until this one is believed
    /// dead.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn release_upload(&self, upload: InState<state::Receiving>, now: DateTime<Utc>) -> Result<()> {
        let id = upload.id().as_uuid();
        let sql = "UPDATE documents SET not_before = $2 WHERE id = $1 AND status = 'receiving'";
        self.client().await?.change(sql, &[p(&id), p(&now)]).await.map(|_| ())
    }

    /// The object is stored: the document waits for a worker of `queue`.
    ///
    /// If the caller then fails to enqueue, the sweeper does so after half a minute (INV-1).
    ///
    /// # Errors
    /// `Miss::Stale` in any other state than `receiving`, as when the sweeper gave the upload up.
    pub async fn finish_upload(
        &self,
        document: InState<state::Receiving>,
        queue: QueueKind,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<DocumentSummary> {
        let client = self.client().await?;
        let queue: &str = queue.into();
        let next = now + ENQUEUE_GRACE;
        let params = [p(&queue), p(&next)];
        let set = "queue = $10, next_enqueue_at = $11, not_before = NULL";
        let also = Also { set, params: &params, ..Also::default() };
        let (_, row) = step::take(&client, document.step(edge::Store), origin, now, also).await?;
        summary(&row)
    }

    /// Notes that a message was sent, and when to look whether it got lost. No effect once the document was read.
    ///
    /// A note may come late. It moves a document that nobody holds to the CPU's queue; whoever holds it decides where it
    /// goes next, and nothing but a new try brings it back to the GPU's.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn mark_enqueued(
        &self,
        id: DocumentId,
        queue: QueueKind,
        now: DateTime<Utc>,
        next_check_at: DateTime<Utc>,
    ) -> Result<()> {
        let (id, queue): (Uuid, &str) = (id.as_uuid(), queue.into());
        let sql = "UPDATE documents SET enqueued_at = $3, enqueues = enqueues + 1, next_enqueue_at = $4, \
                     queue = CASE WHEN $2 = 'cpu' AND lease_owner IS NULL THEN 'cpu' ELSE queue END \
                   WHERE id = $1 AND status IN ('uploaded', 'processing')";
        let params = [p(&id), p(&queue), p(&now), p(&next_check_at)];
        self.client().await?.change(sql, &params).await.map(|_| ())
    }

    /// A document of the caller's, with its timeline.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session, `Miss::NotFound` without such a document of the
    /// caller's.
    pub async fn get_document(
        &self,
        caller: &Caller,
        id: DocumentId,
        now: DateTime<Utc>,
    ) -> Result<DocumentView> {
        let sql = format!(
            "SELECT d.*, {REVIEW_COLUMNS}, \
               (SELECT jsonb_agg(jsonb_build_object('event', e.event, 'status', e.to_status, \
                   'verification_status', e.verification_to, 'reason', e.reason, 'at', e.at) ORDER BY e.version) \
                FROM (SELECT * FROM document_events e WHERE e.document_id = $3 \
                      ORDER BY e.version DESC LIMIT {TIMELINE_MAX}) e) AS timeline \
             {OWN_DOCUMENT}"
        );
        let row = self.own_row(&sql, caller, id, now).await?;
        let reading = reading(self.sealer(), &row)?;
        let timeline: serde_json::Value = get(&row, "timeline")?;
        let timeline =
            serde_json::from_value(timeline).map_err(|_| StoreError::Corrupt { what: "document_events" })?;
        let (card, quality, fields) = match reading {
            Some(reading) => (Some(reading.kind), Some(reading.quality), reading.fields),
            None => (None, None, BTreeMap::new()),
        };
        Ok(DocumentView {
            summary: summary(&row)?,
            card,
            fields,
            quality,
            score: score_opt(&row, "ai_score")?,
            decision: parse_opt(&row, "ai_decision")?,
            reasons: reasons(&row, "reasons")?,
            attempts: count(&row, "attempts")?,
            review: review(self.sealer(), &row)?,
            timeline,
        })
    }

    /// The verification of a document of the caller's.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session, `Miss::NotFound` without such a document of the
    /// caller's.
    pub async fn verification_status(
        &self,
        caller: &Caller,
        id: DocumentId,
        now: DateTime<Utc>,
    ) -> Result<VerificationView> {
        let sql = format!(
            "SELECT d.id, d.type, d.status, d.verification_status, d.ai_score, d.ai_decision, d.reasons, \
             d.updated_at, {REVIEW_COLUMNS} {OWN_DOCUMENT}"
        );
        let row = self.own_row(&sql, caller, id, now).await?;
        Ok(VerificationView {
            document: id,
            document_type: parse(&row, "type")?,
            status: parse(&row, "status")?,
            verification_status: parse(&row, "verification_status")?,
            score: score_opt(&row, "ai_score")?,
            decision: parse_opt(&row, "ai_decision")?,
            reasons: reasons(&row, "reasons")?,
            review: review(self.sealer(), &row)?,
            updated_at: get(&row, "updated_at")?,
        })
    }

    /// Session and ownership are checked by the statement that loads (INV-6).
    async fn own_row(&self, sql: &str, caller: &Caller, id: DocumentId, now: DateTime<Utc>) -> Result<Row> {
        let (session, user, id) = (caller.session_id.as_uuid(), caller.user_id.as_uuid(), id.as_uuid());
        let row = self.client().await?.fetch_opt(sql, &[p(&session), p(&user), p(&id), p(&now)]).await?;
        let row = row.ok_or(Miss::SessionEnded)?;
        if get::<Option<Uuid>>(&row, "id")?.is_none() {
            return Err(Miss::NotFound.into());
        }
        Ok(row)
    }
}

fn fresh(row: &Row) -> Result<BeginUpload> {
    let document = step::witness(row)?.ok_or(StoreError::Corrupt { what: "status" })?;
    let (object_key, correlation_id) = (get(row, "object_key")?, parse(row, "correlation_id")?);
    Ok(BeginUpload::Fresh { document, object_key, correlation_id })
}

/// Bytes of the file.
pub(crate) fn file_bytes(row: &Row) -> Result<u64> {
    u64::try_from(get::<i64>(row, "bytes")?).map_err(|_| StoreError::Corrupt { what: "bytes" })
}

/// A document's id out of a column.
pub(crate) fn document_id(row: &Row, column: &'static str) -> Result<DocumentId> {
    get::<Uuid>(row, column).map(DocumentId::from_uuid)
}

/// The short form of a document's row.
pub(crate) fn summary(row: &Row) -> Result<DocumentSummary> {
    Ok(DocumentSummary {
        id: document_id(row, "id")?,
        document_type: parse(row, "type")?,
        status: parse(row, "status")?,
        verification_status: parse(row, "verification_status")?,
        mime: get(row, "mime")?,
        bytes: file_bytes(row)?,
        created_at: get(row, "created_at")?,
        processed_at: get(row, "processed_at")?,
    })
}

/// A document's review out of a row that has [`REVIEW_COLUMNS`].
pub(crate) fn review(sealer: &Sealer, row: &Row) -> Result<Option<ReviewSummary>> {
    let Some(id) = get::<Option<Uuid>>(row, "review_id")? else { return Ok(None) };
    Ok(Some(ReviewSummary {
        id: ReviewId::from_uuid(id),
        status: parse(row, "review_status")?,
        notes: sealer.open_text(Column::ReviewNotes, id, get::<Option<&[u8]>>(row, "review_notes")?)?,
        created_at: get(row, "review_created_at")?,
        decided_at: get(row, "review_decided_at")?,
    }))
}

/// The reading of a document's row, opened: `result` without the text, and `ocr_text`.
pub(crate) fn reading(sealer: &Sealer, row: &Row) -> Result<Option<CardReading>> {
    let id: Uuid = get(row, "id")?;
    let Some(sealed) = get::<Option<&[u8]>>(row, "result")? else { return Ok(None) };
    let plain = sealer.open(Column::DocumentResult, id, sealed)?;
    let mut reading: CardReading =
        serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt { what: "result" })?;
    let text = sealer.open_text(Column::DocumentText, id, get::<Option<&[u8]>>(row, "ocr_text")?)?;
    reading.text = text.unwrap_or_default();
    Ok(Some(reading))
}

/// A reading, sealed for a document's row: `result` without the text, and `ocr_text`.
pub(crate) fn seal_reading(
    sealer: &Sealer,
    id: DocumentId,
    reading: &CardReading,
) -> Result<(Vec<u8>, Vec<u8>)> {
    let id = id.as_uuid();
    let mut bare = reading.clone();
    let text = std::mem::take(&mut bare.text);
    let plain = serde_json::to_vec(&bare).map_err(|_| StoreError::Invariant("a reading that is no JSON"))?;
    Ok((
        sealer.seal(Column::DocumentResult, id, &plain)?,
        sealer.seal(Column::DocumentText, id, text.as_bytes())?,
    ))
}
