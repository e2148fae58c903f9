//! News for the reviewer about a review that was sent already: why an approval did not count, and who holds the identity
//! meanwhile. `review-dispatch` sends such a review again, under its own name and with all reasons.

use chrono::{DateTime, Utc};
use filot_domain::lifecycle::DispatchState;
use filot_domain::{DocumentId, ReasonCode, ReviewId, UserId};
use tokio_postgres::Row;

use crate::db::{Db, Store, p};
use crate::error::{Result, StoreError};
use crate::row::{codes, reasons};

/// The reasons of a review `r` that came after its document was scored, as a column `notices`.
pub(crate) const NOTICES: &str =
    "ARRAY(SELECT n.reason FROM review_notices n WHERE n.review_id = r.id ORDER BY n.reason) AS notices";

impl Store {
    /// Puts reviews back into the outbox of which the reviewer has not heard the news, at most `limit`.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn resend_noticed(&self, limit: u32, now: DateTime<Utc>) -> Result<u64> {
        if !DispatchState::Acknowledged.allows("resent", DispatchState::Queued) {
            return Err(StoreError::Invariant("an edge of the dispatch"));
        }
        let limit = i64::from(limit);
        // A review that is not acknowledged yet is sent anyway, with its news.
        let sql = "WITH news AS MATERIALIZED ( \
                     SELECT review_id FROM review_notices WHERE told_at IS NULL ORDER BY noted_at LIMIT $2), \
                   due AS MATERIALIZED ( \
                     SELECT r.id FROM manual_reviews r JOIN news ON news.review_id = r.id \
                     WHERE r.status = 'pending' AND r.dispatch_state = 'acknowledged' FOR UPDATE OF r SKIP LOCKED) \
                   UPDATE manual_reviews r SET dispatch_state = 'queued', next_dispatch_at = $1, updated_at = $1 \
                   FROM due WHERE r.id = due.id";
        self.client().await?.change(sql, &[p(&now), p(&limit)]).await
    }
}

/// The reasons of a review's document with those that came later, in order, out of `reasons` and [`NOTICES`].
pub(crate) fn all_reasons(row: &Row) -> Result<Vec<ReasonCode>> {
    let mut all = reasons(row, "reasons")?;
    all.extend(reasons(row, "notices")?);
    all.sort_unstable();
    all.dedup();
    Ok(all)
}

/// Notes one reason for the reviewer, once.
pub(crate) async fn note(
    db: &impl Db,
    review: ReviewId,
    reason: ReasonCode,
    now: DateTime<Utc>,
) -> Result<()> {
    let (review, reason): (_, &str) = (review.as_uuid(), reason.into());
    let sql =
        "INSERT INTO review_notices (review_id, reason, noted_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    db.change(sql, &[p(&review), p(&reason), p(&now)]).await.map(|_| ())
}

/// Notes for the reviewers of other users' documents that show an identity of this one: now it is held.
pub(crate) async fn note_claims(
    db: &impl Db,
    document: DocumentId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let (document, user) = (document.as_uuid(), user.as_uuid());
    let reason: &str = ReasonCode::IdentityHeldByAnother.into();
    let sql = "INSERT INTO review_notices (review_id, reason, noted_at) \
               SELECT DISTINCT r.id, $3, $4::timestamptz FROM document_identities o \
               JOIN document_identities i ON i.kind = o.kind AND i.number_hash = o.number_hash \
               JOIN documents d ON d.id = i.document_id \
               JOIN manual_reviews r ON r.document_id = d.id \
               WHERE o.document_id = $1 AND i.document_id <> $1 AND d.user_id <> $2 AND r.status = 'pending' \
                 AND NOT $3 = ANY (d.reasons) \
               ON CONFLICT DO NOTHING";
    db.change(sql, &[p(&document), p(&user), p(&reason), p(&now)]).await.map(|_| ())
}

/// Notes that a dispatcher has these reasons in its hands. Should its call fail, the review is sent again with all of them.
pub(crate) async fn taken_up(
    db: &impl Db,
    review: ReviewId,
    reasons: &[ReasonCode],
    now: DateTime<Utc>,
) -> Result<()> {
    let (review, reasons) = (review.as_uuid(), codes(reasons));
    let sql = "UPDATE review_notices SET told_at = $3 \
               WHERE review_id = $1 AND reason = ANY ($2) AND told_at IS NULL";
    db.change(sql, &[p(&review), p(&reasons), p(&now)]).await.map(|_| ())
}

/// A decided or withdrawn review has no news to tell any more.
pub(crate) async fn end(db: &impl Db, review: ReviewId, now: DateTime<Utc>) -> Result<()> {
    let review = review.as_uuid();
    let sql = "UPDATE review_notices SET told_at = $2 WHERE review_id = $1 AND told_at IS NULL";
    db.change(sql, &[p(&review), p(&now)]).await.map(|_| ())
}
