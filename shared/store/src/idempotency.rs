//! Answers by the client's own name for a request, for operations without a row of their own to hold it.
//!
//! A key is locked while its request runs and holds the answer after that, sealed, for a day. A lock whose holder died
//! runs out, and the next request with the key takes it over; the old holder's answer then finds nothing to write to.

use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::db::{Db, Store, p};
use crate::documents::IdempotencyKey;
use crate::error::{Miss, Result, StoreError};
use crate::origin::Caller;
use crate::row::get;
use crate::sealing::Column;

/// After this, a request that holds its key without an answer is taken to have died: no function lives as long.
const LOCK: TimeDelta = TimeDelta::seconds(60);
/// How long an answer is kept.
pub(crate) const KEPT: TimeDelta = TimeDelta::hours(24);

/// An answer that is given again. It may hold personal data: sealed at rest, never logged.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredResponse {
    /// Its status.
    pub status: u16,
    /// Its body.
    pub body: String,
}

impl std::fmt::Debug for StoredResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("StoredResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

/// A key in the hands of the request that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyLock {
    user: Uuid,
    operation: &'static str,
    key: String,
    locked_until: DateTime<Utc>,
}

impl IdempotencyLock {
    /// An answer is sealed to its row's key.
    fn row(&self) -> Uuid {
        let mut hasher = Sha256::new();
        hasher.update(self.user.as_bytes());
        hasher.update(self.operation);
        hasher.update([0]);
        hasher.update(&self.key);
        let digest: [u8; 32] = hasher.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        Uuid::from_bytes(bytes)
    }
}

/// The next step for a request with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BeginIdempotent {
    /// Do it, then [`Store::finish_idempotent`] or [`Store::release_idempotent`].
    Fresh(IdempotencyLock),
    /// The same was answered before: answer the same.
    Replay(StoredResponse),
    /// The first request with this key is still running.
    InProgress,
    /// The key was used for another request.
    KeyReused,
}

impl Store {
    /// Takes the caller's key for a request of `operation`, or finds what became of the first request with it.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session.
    pub async fn begin_idempotent(
        &self,
        caller: &Caller,
        operation: &'static str,
        key: &IdempotencyKey,
        now: DateTime<Utc>,
    ) -> Result<BeginIdempotent> {
        let (session, user) = (caller.session_id.as_uuid(), caller.user_id.as_uuid());
        let hash = key.request_hash.as_slice();
        let lock = IdempotencyLock { user, operation, key: key.key.clone(), locked_until: now + LOCK };
        let expires_at = now + KEPT;
        // What is selected at the end is what was there before: of two at once, the second finds neither a row to take
        // nor one to read.
        let sql = "WITH session AS ( \
                     SELECT s.user_id FROM sessions s JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL \
                     WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3), \
                   taken AS ( \
                     INSERT INTO idempotency_keys AS k \
                       (user_id, operation, key, request_hash, locked_until, created_at, expires_at) \
                     SELECT user_id, $4, $5, $6, $7, $3, $8 FROM session \
                     ON CONFLICT (user_id, operation, key) DO UPDATE SET request_hash = EXCLUDED.request_hash, \
                       response_status = NULL, response = NULL, locked_until = EXCLUDED.locked_until, \
                       created_at = EXCLUDED.created_at, expires_at = EXCLUDED.expires_at \
                     WHERE k.expires_at <= $3 \
                       OR (k.locked_until <= $3 AND k.request_hash = EXCLUDED.request_hash) \
                     RETURNING k.key) \
                   SELECT EXISTS (SELECT FROM taken) AS taken, k.request_hash, k.response_status, k.response \
                   FROM session LEFT JOIN idempotency_keys k \
                     ON (k.user_id, k.operation, k.key) = (session.user_id, $4, $5)";
        let params = [
            p(&session),
            p(&user),
            p(&now),
            p(&lock.operation),
            p(&lock.key),
            p(&hash),
            p(&lock.locked_until),
            p(&expires_at),
        ];
        let row = self.client().await?.fetch_opt(sql, &params).await?.ok_or(Miss::SessionEnded)?;
        if get(&row, "taken")? {
            return Ok(BeginIdempotent::Fresh(lock));
        }
        let Some(first) = get::<Option<&[u8]>>(&row, "request_hash")? else {
            return Ok(BeginIdempotent::InProgress);
        };
        if first != hash {
            return Ok(BeginIdempotent::KeyReused);
        }
        let Some(status) = get::<Option<i16>>(&row, "response_status")? else {
            return Ok(BeginIdempotent::InProgress);
        };
        let sealed = get::<Option<&[u8]>>(&row, "response")?;
        let body = self.sealer().open_text(Column::IdempotentResponse, lock.row(), sealed)?;
        let status = u16::try_from(status).map_err(|_| StoreError::Corrupt { what: "response_status" })?;
        Ok(BeginIdempotent::Replay(StoredResponse { status, body: body.unwrap_or_default() }))
    }

    /// Keeps the answer of the request that holds the key. Whether it still held it.
    ///
    /// # Errors
    /// No miss; `StoreError::Invariant` for a status that is none of HTTP's.
    pub async fn finish_idempotent(&self, lock: &IdempotencyLock, response: &StoredResponse) -> Result<bool> {
        let sealed = self.sealer().seal(Column::IdempotentResponse, lock.row(), response.body.as_bytes())?;
        let status = i16::try_from(response.status)
            .map_err(|_| StoreError::Invariant("a status that is none of HTTP's"))?;
        let sql = "UPDATE idempotency_keys SET response_status = $5, response = $6, locked_until = NULL \
                   WHERE (user_id, operation, key) = ($1, $2, $3) AND locked_until = $4";
        let params =
            [p(&lock.user), p(&lock.operation), p(&lock.key), p(&lock.locked_until), p(&status), p(&sealed)];
        Ok(self.client().await?.change(sql, &params).await? == 1)
    }

    /// Gives the key back: the request came to no answer that would be the same next time.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn release_idempotent(&self, lock: &IdempotencyLock) -> Result<()> {
        let sql = "DELETE FROM idempotency_keys \
                   WHERE (user_id, operation, key) = ($1, $2, $3) AND locked_until = $4";
        let params = [p(&lock.user), p(&lock.operation), p(&lock.key), p(&lock.locked_until)];
        self.client().await?.change(sql, &params).await.map(|_| ())
    }
}
