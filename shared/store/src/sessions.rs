//! Sessions and their refresh tokens.
//!
//! A session is a chain of refresh tokens of which only the newest may be used. Its immediate predecessor yields that
//! newest one again for [`GRACE`], because an answer that gets lost on its way to a phone must not log anybody out. Any
//! older one is in two hands: its use ends the session.
//!
//! - Every rotation, and every end, holds the session's row: two refreshes at once make one successor, and a refresh
//!   never outlives a logout.
//! - A session slides: it ends when its newest token does, a lifetime after the last refresh, and not before.
//! - Tokens are stored as hashes. The one exception is the newest one, sealed under its predecessor; the next
//!   rotation, the session's end or [`Store::forget_expired`] wipes it.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::{SessionId, UserId};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, begin, commit, p};
use crate::error::{Miss, Result, StoreError};
use crate::idempotency;
use crate::marks;
use crate::origin::Caller;
use crate::row::get;
use crate::sealing::Column;
use crate::users::{USER_COLUMNS, User, user};

/// How long the immediate predecessor of the newest token yields that token again.
const GRACE: TimeDelta = TimeDelta::seconds(60);
/// How long a session is kept after it is over. It says who was logged in when, which a breach notice has to say.
const SESSIONS_KEPT: TimeDelta = TimeDelta::days(365);
/// How long a sealed successor is kept at least: the grace, and more than clocks differ by.
const SEALED_KEPT: TimeDelta = TimeDelta::minutes(5);

/// A login.
#[derive(Clone)]
pub struct NewSession {
    /// Id; tokens carry it as `sid`.
    pub id: SessionId,
    /// Whose login.
    pub user_id: UserId,
    /// When the session ends by itself.
    pub expires_at: DateTime<Utc>,
    /// SHA-256 of the first refresh token.
    pub refresh_token_hash: [u8; 32],
    /// When that token ends by itself.
    pub refresh_expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for NewSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NewSession")
            .field("id", &self.id)
            .field("user_id", &self.user_id)
            .finish_non_exhaustive()
    }
}

/// The token that follows the one that is presented, if that one is the newest.
#[derive(Clone, Copy)]
pub struct NextToken<'a> {
    /// The token itself: it is sealed, so that it can be given out again.
    pub token: &'a str,
    /// Its SHA-256.
    pub hash: [u8; 32],
    /// When it ends by itself, and the session with it.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for NextToken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("NextToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The outcome of presenting a refresh token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotation {
    /// The token is good: this is its successor.
    Refreshed(Box<Refreshed>),
    /// The token is not good.
    Refused(RefusedRefresh),
}

/// A session that goes on.
#[derive(Clone, PartialEq, Eq)]
pub struct Refreshed {
    /// Whose it is.
    pub user: User,
    /// The session's id.
    pub session_id: SessionId,
    /// Its newest refresh token: the one that was passed in, or the one an earlier refresh made.
    pub token: String,
    /// When that ends by itself.
    pub expires_at: DateTime<Utc>,
}

impl std::fmt::Debug for Refreshed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Refreshed").field("session_id", &self.session_id).finish_non_exhaustive()
    }
}

/// Why a refresh token is not good. For logs; the client is told nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefusedRefresh {
    /// No such token, or no longer.
    #[error("the refresh token is unknown")]
    Unknown,
    /// Its time is over.
    #[error("the refresh token has expired")]
    Expired,
    /// Its session is over.
    #[error("the refresh token's session has ended")]
    SessionEnded,
    /// It was used before, and not a moment ago: the session is ended now.
    #[error("a refresh token was used again, session {0} is ended")]
    Reused(SessionId),
}

/// Numbers of rows that were removed because their time is over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Forgotten {
    /// Refresh tokens that ended by themselves.
    pub refresh_tokens: u64,
    /// Sealed successors that nobody may ask for any more.
    pub successors: u64,
    /// Idempotency keys and their answers.
    pub idempotency_keys: u64,
    /// Sessions that have been over for a year.
    pub sessions: u64,
    /// Marks of documents whose refusal is long ago.
    pub marks: u64,
}

impl Forgotten {
    /// All of them.
    pub const fn total(&self) -> u64 {
        self.refresh_tokens + self.successors + self.idempotency_keys + self.sessions + self.marks
    }
}

impl Store {
    /// Begins a session with its first refresh token.
    ///
    /// # Errors
    /// `Miss::NotFound` without a user.
    pub async fn create_session(&self, new: &NewSession, now: DateTime<Utc>) -> Result<()> {
        let (id, user_id) = (new.id.as_uuid(), new.user_id.as_uuid());
        let hash = new.refresh_token_hash.as_slice();
        // One statement, so that there is never a session without its token; and whoever deletes the user meanwhile waits,
        // and then finds the session.
        let sql = "WITH owner AS (SELECT id FROM users WHERE id = $2 AND deleted_at IS NULL FOR SHARE), \
                   session AS ( \
                     INSERT INTO sessions (id, user_id, created_at, expires_at) \
                     SELECT $1, owner.id, $3, $4 FROM owner RETURNING id) \
                   INSERT INTO refresh_tokens (token_hash, session_id, issued_at, expires_at) \
                   SELECT $5, session.id, $3, $6 FROM session";
        let params = [p(&id), p(&user_id), p(&now), p(&new.expires_at), p(&hash), p(&new.refresh_expires_at)];
        match self.client().await?.change(sql, &params).await? {
            0 => Err(Miss::NotFound.into()),
            _ => Ok(()),
        }
    }

    /// Takes the refresh token with hash `presented` and answers its successor, which is `next` if it is the first to
    /// ask. A token that was used before the grace ends its session.
    ///
    /// # Errors
    /// No miss: a token that is refused is a `Rotation::Refused`.
    pub async fn rotate_refresh_token(
        &self,
        presented: &[u8; 32],
        next: &NextToken<'_>,
        now: DateTime<Utc>,
    ) -> Result<Rotation> {
        let hash = presented.as_slice();
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        // Whoever else refreshes or ends this session waits here.
        let sql = format!(
            "SELECT s.id AS session, (s.ended_at IS NOT NULL OR s.expires_at <= $2) AS is_over, {USER_COLUMNS} \
             FROM sessions s JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL \
             WHERE s.id = (SELECT session_id FROM refresh_tokens WHERE token_hash = $1) FOR UPDATE OF s"
        );
        let Some(session) = tx.fetch_opt(&sql, &[p(&hash), p(&now)]).await? else {
            return Ok(Rotation::Refused(RefusedRefresh::Unknown));
        };
        if get(&session, "is_over")? {
            return Ok(Rotation::Refused(RefusedRefresh::SessionEnded));
        }
        // A statement of its own: it sees what was committed while the lock was waited for.
        let sql = "SELECT t.expires_at, t.replaced_at, t.successor, n.expires_at AS next_expires_at, \
                     n.replaced_at AS next_replaced_at \
                   FROM refresh_tokens t LEFT JOIN refresh_tokens n ON n.token_hash = t.successor_hash \
                   WHERE t.token_hash = $1";
        let Some(token) = tx.fetch_opt(sql, &[p(&hash)]).await? else {
            return Ok(Rotation::Refused(RefusedRefresh::Unknown));
        };
        if get::<DateTime<Utc>>(&token, "expires_at")? <= now {
            return Ok(Rotation::Refused(RefusedRefresh::Expired));
        }
        let session_id = get::<Uuid>(&session, "session")?;
        let refreshed = |token: String, expires_at| -> Result<Rotation> {
            let user = user(&session)?;
            let session_id = SessionId::from_uuid(session_id);
            Ok(Rotation::Refreshed(Box::new(Refreshed { user, session_id, token, expires_at })))
        };

        if get::<Option<DateTime<Utc>>>(&token, "replaced_at")?.is_none() {
            let sealed =
                self.sealer().seal(Column::RefreshSuccessor, row_of(presented), next.token.as_bytes())?;
            let next_hash = next.hash.as_slice();
            let sql = "WITH next AS ( \
                         INSERT INTO refresh_tokens (token_hash, session_id, issued_at, expires_at) \
                         VALUES ($3, $2, $5, $6)), \
                       older AS ( \
                         UPDATE refresh_tokens SET successor = NULL \
                         WHERE session_id = $2 AND token_hash <> $1 AND successor IS NOT NULL), \
                       session AS ( \
                         UPDATE sessions SET expires_at = greatest(expires_at, $6) WHERE id = $2) \
                       UPDATE refresh_tokens SET successor_hash = $3, successor = $4, replaced_at = $5 \
                       WHERE token_hash = $1";
            let params = [p(&hash), p(&session_id), p(&next_hash), p(&sealed), p(&now), p(&next.expires_at)];
            tx.change(sql, &params).await?;
            commit(tx).await?;
            return refreshed(next.token.to_owned(), next.expires_at);
        }
        if let Some((sealed, expires_at)) = again(&token, now)? {
            let plain = self.sealer().open(Column::RefreshSuccessor, row_of(presented), sealed)?;
            let plain = String::from_utf8(plain).map_err(|_| StoreError::Corrupt { what: "successor" })?;
            return refreshed(plain, expires_at);
        }
        let sql = "WITH session AS ( \
                     UPDATE sessions SET ended_at = $2, end_reason = 'token_reuse' WHERE id = $1) \
                   UPDATE refresh_tokens SET successor = NULL WHERE session_id = $1 AND successor IS NOT NULL";
        tx.change(sql, &[p(&session_id), p(&now)]).await?;
        commit(tx).await?;
        Ok(Rotation::Refused(RefusedRefresh::Reused(SessionId::from_uuid(session_id))))
    }

    /// Ends the caller's session: its access and refresh tokens stop working.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session.
    pub async fn end_session(&self, caller: &Caller, now: DateTime<Utc>) -> Result<()> {
        let (session, user) = (caller.session_id.as_uuid(), caller.user_id.as_uuid());
        let sql = "WITH session AS ( \
                     UPDATE sessions SET ended_at = $3, end_reason = 'logout' \
                     WHERE id = $1 AND user_id = $2 AND ended_at IS NULL AND expires_at > $3 RETURNING id), \
                   wiped AS ( \
                     UPDATE refresh_tokens t SET successor = NULL FROM session \
                     WHERE t.session_id = session.id AND t.successor IS NOT NULL) \
                   SELECT id FROM session";
        let ended = self.client().await?.fetch_opt(sql, &[p(&session), p(&user), p(&now)]).await?;
        ended.map(|_| ()).ok_or(Miss::SessionEnded.into())
    }

    /// Removes refresh tokens, idempotency keys and marks of documents whose time is over, sealed successors past their
    /// grace, and sessions that have been over for a year, at most `limit` of each.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn forget_expired(&self, limit: u32, now: DateTime<Utc>) -> Result<Forgotten> {
        let limit = i64::from(limit);
        let sealed_before = now - SEALED_KEPT;
        let client = self.client().await?;
        let refresh_tokens = "WITH due AS MATERIALIZED ( \
               SELECT token_hash FROM refresh_tokens WHERE expires_at <= $1 ORDER BY expires_at \
               LIMIT $2 FOR UPDATE SKIP LOCKED) \
             DELETE FROM refresh_tokens WHERE token_hash = ANY (ARRAY(SELECT token_hash FROM due))";
        let successors = "WITH due AS MATERIALIZED ( \
               SELECT token_hash FROM refresh_tokens WHERE successor IS NOT NULL AND replaced_at <= $1 \
               ORDER BY replaced_at LIMIT $2 FOR UPDATE SKIP LOCKED) \
             UPDATE refresh_tokens SET successor = NULL WHERE token_hash = ANY (ARRAY(SELECT token_hash FROM due))";
        let keys = "WITH due AS MATERIALIZED ( \
               SELECT user_id, operation, key FROM idempotency_keys WHERE expires_at <= $1 \
               ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) \
             DELETE FROM idempotency_keys k USING due \
             WHERE (k.user_id, k.operation, k.key) = (due.user_id, due.operation, due.key)";
        // An upload's key stands in its row. One that is still being received is another part's matter.
        let uploads = "WITH due AS MATERIALIZED ( \
               SELECT id FROM documents WHERE idempotency_key IS NOT NULL AND created_at <= $1 \
                 AND status <> 'receiving' ORDER BY created_at LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) \
             UPDATE documents d SET idempotency_key = NULL, idempotency_hash = NULL FROM due WHERE d.id = due.id";
        // No token refers to it any more: those end before.
        let sessions = "WITH due AS MATERIALIZED ( \
               SELECT id FROM sessions s WHERE created_at <= $1 AND (expires_at <= $1 OR ended_at <= $1) \
                 AND NOT EXISTS (SELECT FROM refresh_tokens t WHERE t.session_id = s.id) \
               ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED) \
             DELETE FROM sessions WHERE id = ANY (ARRAY(SELECT id FROM due))";
        let (keys_before, sessions_before) = (now - idempotency::KEPT, now - SESSIONS_KEPT);
        Ok(Forgotten {
            refresh_tokens: client.change(refresh_tokens, &[p(&now), p(&limit)]).await?,
            successors: client.change(successors, &[p(&sealed_before), p(&limit)]).await?,
            idempotency_keys: client.change(keys, &[p(&now), p(&limit)]).await?
                + client.change(uploads, &[p(&keys_before), p(&limit)]).await?,
            sessions: client.change(sessions, &[p(&sessions_before), p(&limit)]).await?,
            marks: marks::forget(&client, limit, now).await?,
        })
    }
}

/// The sealed successor of a token that was replaced a moment ago and whose successor was not used yet.
fn again(token: &Row, now: DateTime<Utc>) -> Result<Option<(&[u8], DateTime<Utc>)>> {
    let replaced_at: Option<DateTime<Utc>> = get(token, "replaced_at")?;
    let is_recent = replaced_at.is_some_and(|at| now - at < GRACE);
    let is_used = get::<Option<DateTime<Utc>>>(token, "next_replaced_at")?.is_some();
    let sealed = get::<Option<&[u8]>>(token, "successor")?.filter(|_| is_recent && !is_used);
    Ok(sealed.zip(get::<Option<DateTime<Utc>>>(token, "next_expires_at")?))
}

/// A successor is sealed to the row of its predecessor.
fn row_of(token_hash: &[u8; 32]) -> Uuid {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&token_hash[..16]);
    Uuid::from_bytes(bytes)
}
