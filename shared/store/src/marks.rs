//! The marks of documents: keyed hashes by which a refused document is recognised when it comes again (INV-4).
//!
//! A mark stands for a scored document. That document's own row says how it stands, and keeps saying so when it is erased;
//! only the time until which a refusal is remembered is the mark's. Nothing can be read from a mark without the key.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::fraud::{FraudPolicy, MarkKind, person};
use filot_domain::scoring::{IdentityKind, identities};
use filot_domain::{
    CardReading, DocumentId, DocumentType, PictureHash, ReasonCode, UserId, VerificationStatus,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, p};
use crate::error::Result;
use crate::row::{get, parse};

/// A mark of one document.
struct Mark {
    kind: MarkKind,
    hash: Vec<u8>,
    picture: Option<PictureHash>,
}

/// The marks of a document that is being scored.
pub(crate) struct Marks(Vec<Mark>);

/// The documents that a mark recalls: of any user, refused or withdrawn, and not long ago.
const REFUSED: &str = "d.verification_status IN ('pending_manual_review', 'auto_rejected', 'manually_rejected') \
    AND (m.expires_at IS NULL OR m.expires_at > $3)";

/// The approved documents whose file or picture nobody but their user may send.
const ANOTHERS: &str = "d.verification_status IN ('auto_approved', 'manually_approved') AND d.user_id <> $2";

impl Store {
    /// What identifies a document, keyed: its type, what was read, and the SHA-256 of its file.
    pub(crate) fn marks(
        &self,
        claimed: DocumentType,
        reading: &CardReading,
        content_sha256: &[u8],
    ) -> Result<Marks> {
        let keyed = |kind: MarkKind, data: &[u8]| -> Result<Mark> {
            Ok(Mark { kind, hash: self.sealer().mark_hash(kind, data)?, picture: None })
        };
        let mut marks = Vec::with_capacity(6);
        for identity in identities(claimed, reading) {
            let kind = match identity.kind {
                IdentityKind::Nik => MarkKind::Nik,
                IdentityKind::Npwp => MarkKind::Npwp,
            };
            marks.push(Mark { kind, hash: self.sealer().identity_hash(&identity)?, picture: None });
        }
        if let Some(person) = person(reading) {
            marks.push(keyed(MarkKind::Person, person.as_bytes())?);
        }
        marks.push(keyed(MarkKind::File, content_sha256)?);
        if let Some(picture) = reading.picture_hash {
            let picture = self.sealer().masked_picture(picture)?;
            let hash = picture.0.iter().flat_map(|half| half.to_be_bytes()).collect();
            marks.push(Mark { kind: MarkKind::Picture, hash, picture: Some(picture) });
        }
        Ok(Marks(marks))
    }
}

impl Marks {
    /// Makes all that are scored with a mark in common, or for one user, wait for each other until the transaction ends:
    /// of two at once, the second sees what became of the first.
    pub(crate) async fn lock(&self, db: &impl Db, user: UserId) -> Result<()> {
        let first_bytes = |bytes: &[u8]| bytes.first_chunk().map(|eight| i64::from_be_bytes(*eight));
        let mut keys: Vec<i64> =
            first_bytes(user.as_uuid().as_bytes().get(8..).unwrap_or_default()).into_iter().collect();
        for mark in &self.0 {
            match mark.picture {
                Some(picture) => keys.extend(bands(picture).map(i64::from)),
                None => keys.extend(first_bytes(&mark.hash)),
            }
        }
        // One order for all, so that they wait in a row and not in a circle.
        keys.sort_unstable();
        keys.dedup();
        db.fetch("SELECT pg_advisory_xact_lock(key) FROM unnest($1::bigint[]) AS key", &[p(&keys)])
            .await
            .map(|_| ())
    }

    /// Writes them down.
    pub(crate) async fn insert(&self, db: &impl Db, document: DocumentId, now: DateTime<Utc>) -> Result<()> {
        let document = document.as_uuid();
        for Mark { kind, hash, picture } in &self.0 {
            let kind: &str = kind.into();
            let half =
                |at: usize| picture.and_then(|picture| picture.0.get(at).map(|half| half.cast_signed()));
            let (high, low, bands) = (half(0), half(1), picture.map(|picture| bands(picture).to_vec()));
            db.change(
                "INSERT INTO document_marks (document_id, kind, hash, picture_high, picture_low, bands, scored_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
                &[p(&document), p(&kind), p(hash), p(&high), p(&low), p(&bands), p(&now)],
            )
            .await?;
        }
        Ok(())
    }

    /// What they recall, and how often the document's numbers were tried.
    pub(crate) async fn reasons(
        &self,
        db: &impl Db,
        document: DocumentId,
        user: UserId,
        policy: &FraudPolicy,
        now: DateTime<Utc>,
    ) -> Result<Vec<ReasonCode>> {
        let (document, user) = (document.as_uuid(), user.as_uuid());
        let mut reasons = Vec::new();
        let sql = format!(
            "SELECT DISTINCT o.kind FROM document_marks o \
             JOIN document_marks m ON m.kind = o.kind AND m.hash = o.hash AND m.document_id <> o.document_id \
             JOIN documents d ON d.id = m.document_id \
             WHERE o.document_id = $1 AND o.kind <> 'picture' AND (({REFUSED}) OR (o.kind = 'file' AND {ANOTHERS}))"
        );
        for row in db.fetch(&sql, &[p(&document), p(&user), p(&now)]).await? {
            reasons.push(parse::<MarkKind>(&row, "kind")?.reason());
        }
        for picture in self.0.iter().filter_map(|mark| mark.picture) {
            let sql = format!(
                "SELECT d.id FROM document_marks m JOIN documents d ON d.id = m.document_id \
                 WHERE m.kind = 'picture' AND m.bands && $4 AND m.document_id <> $1 \
                   AND bit_count((m.picture_high # $5)::bit(64)) + bit_count((m.picture_low # $6)::bit(64)) <= $7 \
                   AND (({REFUSED}) OR ({ANOTHERS})) LIMIT 1"
            );
            let bands = bands(picture).to_vec();
            let [high, low] = picture.0.map(u64::cast_signed);
            let within = i64::from(PictureHash::SAME_WITHIN);
            let params = [p(&document), p(&user), p(&now), p(&bands), p(&high), p(&low), p(&within)];
            if db.fetch_opt(&sql, &params).await?.is_some() {
                reasons.push(MarkKind::Picture.reason());
            }
        }
        let since = now - policy.attempts_window;
        let sql = "SELECT count(DISTINCT m.document_id) AS attempts FROM document_marks o \
                   JOIN document_marks m ON m.kind = o.kind AND m.hash = o.hash \
                   WHERE o.document_id = $1 AND o.kind IN ('nik', 'npwp') AND m.scored_at > $2";
        let row = db.fetch_opt(sql, &[p(&document), p(&since)]).await?;
        let attempts: i64 = row.map_or(Ok(0), |row| get(&row, "attempts"))?;
        if attempts > i64::from(policy.attempts_per_identity) {
            reasons.push(ReasonCode::TooManyAttempts);
        }
        let since = now - policy.memory;
        let sql = "SELECT id FROM documents WHERE user_id = $1 AND status = 'erased' \
                     AND verification_status = 'pending_manual_review' AND deleted_at > $2 LIMIT 1";
        if db.fetch_opt(sql, &[p(&user), p(&since)]).await?.is_some() {
            reasons.push(ReasonCode::ErasedWhilePending);
        }
        Ok(reasons)
    }
}

/// The eight 16-bit bands of a picture's hash, each with its place in its upper half. Two hashes that differ in at most
/// seven bits have one in common, by the pigeonhole principle.
fn bands(PictureHash([high, low]): PictureHash) -> [i32; 8] {
    std::array::from_fn(|at| {
        let half = if at < 4 { high } else { low };
        let band = half >> (48 - 16 * (at % 4)) & 0xffff;
        i32::try_from(band | (at as u64) << 16).unwrap_or_default()
    })
}

/// The marks of a document that was rejected now are remembered for `memory`.
pub(crate) async fn remember(
    db: &impl Db,
    document: DocumentId,
    memory: TimeDelta,
    now: DateTime<Utc>,
) -> Result<()> {
    let (document, until) = (document.as_uuid(), now + memory);
    let sql = "UPDATE document_marks SET expires_at = $2 WHERE document_id = $1";
    db.change(sql, &[p(&document), p(&until)]).await.map(|_| ())
}

/// The marks of a rejected document that a human is to look at after all stand for as long as that takes.
pub(crate) async fn await_human(db: &impl Db, document: DocumentId) -> Result<()> {
    let document = document.as_uuid();
    let sql = "UPDATE document_marks SET expires_at = NULL WHERE document_id = $1";
    db.change(sql, &[p(&document)]).await.map(|_| ())
}

/// A human approved the document: what was refused to the same user before, and has a mark in common with it, need not be
/// remembered any longer. What still awaits a human is not touched.
pub(crate) async fn forgive(
    db: &impl Db,
    document: DocumentId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<()> {
    let (document, user) = (document.as_uuid(), user.as_uuid());
    let sql = "UPDATE document_marks m SET expires_at = $3 FROM document_marks o, documents d \
               WHERE o.document_id = $1 AND m.kind = o.kind AND m.hash = o.hash AND m.document_id <> $1 \
                 AND d.id = m.document_id AND d.user_id = $2 AND m.expires_at > $3";
    db.change(sql, &[p(&document), p(&user), p(&now)]).await.map(|_| ())
}

/// What remains of a document's marks when it is erased: of an approved one nothing, of one that a human was to decide the
/// marks for `memory`, of a rejected one the marks until their time, which began with the rejection.
pub(crate) async fn erase(db: &impl Db, row: &Row, memory: TimeDelta, now: DateTime<Utc>) -> Result<()> {
    let document: Uuid = get(row, "id")?;
    let sql = match parse(row, "verification_status")? {
        VerificationStatus::PendingManualReview => {
            return remember(db, DocumentId::from_uuid(document), memory, now).await;
        }
        VerificationStatus::AutoRejected | VerificationStatus::ManuallyRejected => {
            "DELETE FROM document_marks WHERE document_id = $1 AND expires_at IS NULL"
        }
        VerificationStatus::Pending
        | VerificationStatus::AutoApproved
        | VerificationStatus::ManuallyApproved => "DELETE FROM document_marks WHERE document_id = $1",
    };
    db.change(sql, &[p(&document)]).await.map(|_| ())
}

/// Deletes marks whose time is over, at most `limit`.
pub(crate) async fn forget(db: &impl Db, limit: i64, now: DateTime<Utc>) -> Result<u64> {
    let sql = "WITH due AS MATERIALIZED ( \
                 SELECT document_id, kind, hash FROM document_marks WHERE expires_at <= $1 \
                 LIMIT $2 FOR UPDATE SKIP LOCKED) \
               DELETE FROM document_marks m USING due \
               WHERE (m.document_id, m.kind, m.hash) = (due.document_id, due.kind, due.hash)";
    db.change(sql, &[p(&now), p(&limit)]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_hashes_within_seven_bits_share_a_band() {
        let hash = PictureHash([0x0123_4567_89ab_cdef, 0xfedc_ba98_7654_3210]);
        let own = bands(hash);
        assert_eq!(own[0], 0x0123);
        assert_eq!(own[7], 0x0007_3210);
        // One bit in each of seven bands, whichever is spared.
        for spared in 0..8 {
            let mut other = hash.0;
            for band in (0..8).filter(|band| *band != spared) {
                other[band / 4] ^= 1 << (16 * (band % 4) + band);
            }
            let other = PictureHash(other);
            assert_eq!(hash.distance(other), PictureHash::SAME_WITHIN);
            assert!(bands(other).iter().any(|band| own.contains(band)), "{spared}");
        }
    }
}
