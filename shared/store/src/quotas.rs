//! What one user may take of what all of them share: places in the queue, work of a day, storage, and readers while others
//! wait.
//!
//! The limits of an upload are checked before the row exists: what was accepted is never refused later (INV-1). Two requests
//! of one user wait for each other, so that both see what the other one takes: the user's row is locked, always before a
//! document's.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::retry::QueueKind;
use filot_domain::{ReasonCode, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, p};
use crate::error::{Miss, Result, StoreError};
use crate::origin::Caller;
use crate::row::get;

/// The time over which the work of a day is counted.
const DAY: TimeDelta = TimeDelta::days(1);
/// After this, an upload that has not finished is taken to have died, unless it said so itself: it is no longer in flight, and
/// its idempotency key may be taken over.
pub(crate) const UPLOAD_PATIENCE: TimeDelta = TimeDelta::seconds(60);
/// How long a document may be put off for others, since its upload or its last attempt.
const PUT_OFF_MAX: TimeDelta = TimeDelta::minutes(5);

/// The limits of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLimits {
    /// Documents that are not read and scored yet.
    pub in_flight: u32,
    /// Uploads and new tries in 24 hours.
    pub per_day: u32,
    /// Bytes of all stored files.
    pub storage_bytes: u64,
}

impl UserLimits {
    /// No limits, for what the product itself uploads.
    pub const NONE: Self = Self { in_flight: u32::MAX, per_day: u32::MAX, storage_bytes: u64::MAX };
}

/// The limit that a request would exceed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExceededLimit {
    /// Too many documents wait or are being read.
    InFlight,
    /// The day's work is used up until then.
    PerDay {
        /// When the oldest of it is a day old.
        free_at: DateTime<Utc>,
    },
    /// The file does not fit any more.
    Storage,
}

/// Locks a user's row until the transaction ends, under their session (INV-6).
///
/// # Errors
/// `Miss::SessionEnded` without a valid session.
pub(crate) async fn lock_user(db: &impl Db, caller: &Caller, now: DateTime<Utc>) -> Result<()> {
    let (session, user) = (caller.session_id.as_uuid(), caller.user_id.as_uuid());
    let sql = "SELECT u.id FROM users u JOIN sessions s ON s.user_id = u.id \
               WHERE u.id = $2 AND s.id = $1 AND s.ended_at IS NULL AND s.expires_at > $3 \
               FOR NO KEY UPDATE OF u";
    db.fetch_opt(sql, &[p(&session), p(&user), p(&now)]).await?.ok_or(Miss::SessionEnded)?;
    Ok(())
}

/// The limit that one more document with a file of `bytes` would exceed, or, without `bytes`, one more try.
///
/// The user's row is locked. A discarded upload counts for nothing; an erased document still counts for its day.
pub(crate) async fn exceeded(
    db: &impl Db,
    user: UserId,
    limits: &UserLimits,
    bytes: Option<u64>,
    now: DateTime<Utc>,
) -> Result<Option<ExceededLimit>> {
    if *limits == UserLimits::NONE {
        return Ok(None);
    }
    let (user, alive_since, day_ago) = (user.as_uuid(), now - UPLOAD_PATIENCE, now - DAY);
    let sql = "WITH own AS MATERIALIZED ( \
                 SELECT id, status, bytes, created_at, updated_at, queue FROM documents WHERE user_id = $1), \
               work AS ( \
                 SELECT created_at AS at FROM own WHERE created_at > $3 AND (queue IS NOT NULL OR status = 'receiving') \
                 UNION ALL \
                 SELECT e.at FROM own JOIN document_events e ON e.document_id = own.id \
                 WHERE own.updated_at > $3 AND e.event = 'requeued' AND e.at > $3) \
               SELECT \
                 (SELECT count(*) FROM own WHERE status IN ('uploaded', 'processing', 'ocr_completed') \
                    OR (status = 'receiving' AND created_at > $2)) AS in_flight, \
                 (SELECT count(*) FROM work) AS today, (SELECT min(at) FROM work) AS oldest, \
                 (SELECT coalesce(sum(bytes), 0)::bigint FROM own WHERE status <> 'erased') AS stored";
    let row = db.fetch_opt(sql, &[p(&user), p(&alive_since), p(&day_ago)]).await?;
    let row = row.ok_or(StoreError::Corrupt { what: "count" })?;
    let number = |column| get::<i64>(&row, column).map(i64::unsigned_abs);
    if number("today")? >= u64::from(limits.per_day) {
        let oldest: Option<DateTime<Utc>> = get(&row, "oldest")?;
        return Ok(Some(ExceededLimit::PerDay { free_at: oldest.unwrap_or(now) + DAY }));
    }
    if bytes.is_some_and(|bytes| {
        number("stored").unwrap_or(u64::MAX).saturating_add(bytes) > limits.storage_bytes
    }) {
        return Ok(Some(ExceededLimit::Storage));
    }
    if number("in_flight")? >= u64::from(limits.in_flight) {
        return Ok(Some(ExceededLimit::InFlight));
    }
    Ok(None)
}

impl Store {
    /// How often a file of the user's with this content has used up a reader's memory or time, in any of their documents.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn exhaustions(&self, user: UserId, content_sha256: &[u8; 32]) -> Result<u32> {
        exhaustions(&self.client().await?, user, content_sha256).await
    }
}

/// [`Store::exhaustions`] on a connection or in a transaction.
pub(crate) async fn exhaustions(db: &impl Db, user: UserId, content_sha256: &[u8]) -> Result<u32> {
    let sql = "SELECT reader_exhaustions($1, $2) AS times";
    let row = db.fetch_opt(sql, &[p(&user.as_uuid()), p(&content_sha256)]).await?;
    let times = row.map_or(Ok(0), |row| get::<i64>(&row, "times"))?;
    Ok(u32::try_from(times).unwrap_or(u32::MAX))
}

/// Whether a waiting document is put off because others wait whose turn it is: its owner holds a reader already, or has just
/// used one up.
///
/// So one reader at a time is the most that a user gets while somebody waits who has none, and files that use readers up come
/// after all others. Nobody is put off for those who had their turn as well, nor for longer than [`PUT_OFF_MAX`]. `row` is
/// the document's, locked.
pub(crate) async fn is_put_off(
    db: &impl Db,
    row: &Row,
    serves: QueueKind,
    now: DateTime<Utc>,
) -> Result<bool> {
    let recently = now - PUT_OFF_MAX;
    if get::<DateTime<Utc>>(row, "updated_at")? < recently {
        return Ok(false);
    }
    let user: Uuid = get(row, "user_id")?;
    // Two claims for one user at once would both find that the user holds nothing. Not the user's row: a document's is
    // locked already.
    let one_by_one = "SELECT pg_advisory_xact_lock(hashtextextended('fair share ' || $1::text, 0))";
    db.change(one_by_one, &[p(&user)]).await?;
    let (queue, exhausted): (&str, &str) = (serves.into(), ReasonCode::ReaderExhausted.into());
    let had_a_turn = |user: &str| {
        format!(
            "EXISTS (SELECT FROM documents h WHERE h.user_id = {user} \
               AND ((h.status = 'processing' AND h.lease_until > $2) OR (h.last_reason = $5 AND h.updated_at > $4)))"
        )
    };
    let sql = format!(
        "SELECT {} AND EXISTS (SELECT FROM document_schedule s JOIN documents o ON o.id = s.document_id \
           WHERE NOT starts_with(s.task, 'retire_') AND s.since > $4 AND s.task = 'enqueue' AND s.queue = $3 \
             AND o.status = 'uploaded' AND o.user_id <> $1 AND o.enqueued_at > $4 AND NOT {}) AS put_off",
        had_a_turn("$1"),
        had_a_turn("o.user_id"),
    );
    let found = db.fetch_opt(&sql, &[p(&user), p(&now), p(&queue), p(&recently), p(&exhausted)]).await?;
    found.map_or(Ok(false), |row| get(&row, "put_off"))
}
