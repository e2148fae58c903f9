//! The decision: one transaction that scores, claims the identity, records both edges and queues the review.

use chrono::{DateTime, Utc};
use filot_domain::fraud::UsersCard;
use filot_domain::lifecycle::InState;
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::scoring::identities;
use filot_domain::{
    CardReading, CorrelationId, Decision, DocumentId, DocumentStatus, DocumentType, Evaluation, EvaluationId,
    ReasonCode, ReviewId, UserId, VerificationStatus,
};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, begin, commit, p};
use crate::documents::reading;
use crate::error::{Miss, Result, StoreError};
use crate::marks;
use crate::origin::Origin;
use crate::row::{codes, get, parse, reasons, score_opt};
use crate::step::{self, Also};
use crate::users::user_id;

/// A read document that waits for its score.
#[derive(Clone)]
pub struct ForScoring {
    /// The document, as it was when loaded.
    pub document: InState<state::OcrCompleted>,
    /// Whose it is.
    pub user_id: UserId,
    /// As the user claimed it at upload.
    pub document_type: DocumentType,
    /// Fields and text of the card. Identity data: never logged.
    pub reading: CardReading,
    /// The upload's correlation id.
    pub correlation_id: CorrelationId,
    /// When it was read.
    pub read_at: DateTime<Utc>,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
}

impl std::fmt::Debug for ForScoring {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForScoring").field("document", &self.document.id()).finish_non_exhaustive()
    }
}

/// A document that somebody wants scored.
#[derive(Debug, Clone)]
pub enum LoadedForScoring {
    /// The document waits for its score.
    Ready(Box<ForScoring>),
    /// The document was scored before, with this result.
    Decided(Decided),
    /// The document is not read yet, failed, or is erased.
    NotReady {
        /// Its status.
        status: DocumentStatus,
    },
}

/// The decision that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// The document.
    pub document: DocumentId,
    /// The evaluation that decided.
    pub evaluation: EvaluationId,
    /// 0 to 100.
    pub score: u8,
    /// The decision that counts. It differs from the score's when another user holds the identity.
    pub decision: Decision,
    /// Why.
    pub reasons: Vec<ReasonCode>,
    /// The human review that was queued.
    pub review: Option<ReviewId>,
    /// Whether this call decided; `false` if it was decided before.
    pub first: bool,
}

/// An identity may be given up while it is being claimed; more often than this in one transaction it is not.
const CLAIM_TRIES: usize = 3;

/// Ids of the rows that a decision creates.
pub(crate) struct NewIds {
    pub(crate) evaluation: EvaluationId,
    pub(crate) review: ReviewId,
}

impl Store {
    /// Loads a document and its reading for the scorer.
    ///
    /// # Errors
    /// `Miss::NotFound` without a document.
    pub async fn load_for_scoring(&self, id: DocumentId) -> Result<LoadedForScoring> {
        let client = self.client().await?;
        let uuid = id.as_uuid();
        let row = client.fetch_opt("SELECT * FROM documents WHERE id = $1", &[p(&uuid)]).await?;
        let row = row.ok_or(Miss::NotFound)?;
        if let Some(document) = step::witness(&row)? {
            return Ok(LoadedForScoring::Ready(Box::new(ForScoring {
                document,
                user_id: user_id(&row, "user_id")?,
                document_type: parse(&row, "type")?,
                reading: reading(self.sealer(), &row)?.ok_or(StoreError::Corrupt { what: "result" })?,
                correlation_id: parse(&row, "correlation_id")?,
                read_at: get(&row, "read_at")?,
                created_at: get(&row, "created_at")?,
            })));
        }
        match parse(&row, "status")? {
            DocumentStatus::AiEvaluated | DocumentStatus::Completed => {
                let decided = decided_before(&client, id).await?;
                decided
                    .map(LoadedForScoring::Decided)
                    .ok_or(StoreError::Corrupt { what: "verification_results" })
            }
            status => Ok(LoadedForScoring::NotReady { status }),
        }
    }

    /// Makes an evaluation count, once. A second call returns what was decided first (INV-2).
    ///
    /// What was refused before, how often was tried, and whose card it is are reasons that the reading alone does not show;
    /// see [`crate::marks`] and [`crate::holder`]. An automatic approval claims the identities the card shows under their
    /// unique keys; if another user holds one, the decision falls to a human in the same transaction (INV-4).
    ///
    /// # Errors
    /// `Miss::Stale` if the document changed since it was loaded, and was not decided by that change.
    pub async fn commit_evaluation(
        &self,
        scored: &ForScoring,
        evaluation: &Evaluation,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Decided> {
        let ids = NewIds {
            evaluation: EvaluationId::from_uuid(Uuid::now_v7()),
            review: ReviewId::from_uuid(Uuid::now_v7()),
        };
        self.commit_evaluation_as(ids, scored, evaluation, origin, now).await
    }

    pub(crate) async fn commit_evaluation_as(
        &self,
        ids: NewIds,
        scored: &ForScoring,
        evaluation: &Evaluation,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Decided> {
        let id = scored.document.id();
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let row = step::lock(&tx, id).await?;
        let current = step::witness::<state::OcrCompleted>(&row)?;
        let Some(current) = current.filter(|now| now.version() == scored.document.version()) else {
            return match decided_before(&tx, id).await? {
                Some(decided) if decided_is_current(&row)? => Ok(decided),
                _ => Err(step::stale(&row)?.into()),
            };
        };

        let hashes = self.hashes(scored)?;
        if evaluation.decision == Decision::AutoApprove && hashes.is_empty() {
            return Err(StoreError::Invariant("INV-4: an automatic approval without an identity"));
        }
        let (claimed, user, reading) = (scored.document_type, scored.user_id, &scored.reading);
        let marks = self.marks(claimed, reading, get(&row, "content_sha256")?)?;
        marks.lock(&tx, user).await?;
        marks.insert(&tx, id, now).await?;
        let remembered = marks.reasons(&tx, id, user, self.fraud_policy(), now).await?;
        let holder = self.holder_reasons(&tx, id, user, UsersCard { claimed, reading }).await?;
        let last = evaluation.clone().with_reasons(remembered.into_iter().chain(holder));
        let free = note_identities(&tx, scored, &hashes, last.decision, now).await?;
        let held = (!free).then_some(ReasonCode::IdentityHeldByAnother);
        let last = last.with_reasons(held);
        if last.decision == Decision::AutoReject {
            marks::remember(&tx, id, self.fraud_policy().memory, now).await?;
        }

        insert_evaluation(&tx, &ids, scored, &last, now).await?;
        let verification = last.decision.verification_status();
        if !VerificationStatus::Pending.allows("scored", verification) {
            return Err(StoreError::Invariant("an edge of the verification status"));
        }
        let (score, decision): (i16, &str) = (last.score.into(), last.decision.into());
        let (verification, codes): (&str, _) = (verification.into(), codes(&last.reasons));
        let params = [p(&verification), p(&score), p(&decision), p(&codes)];
        let also = Also {
            set: "verification_status = $10, ai_score = $11, ai_decision = $12, reasons = $13, next_enqueue_at = NULL",
            params: &params,
            ..Also::default()
        };
        let (evaluated, _) = step::take_locked(&tx, current.step(edge::Score), origin, now, also).await?;
        let review = if last.decision == Decision::NeedsReview {
            insert_review(&tx, &ids, id, &scored.correlation_id, now).await?;
            Some(ids.review)
        } else {
            let params = [p(&now)];
            let also = Also { set: "processed_at = $10", params: &params, ..Also::default() };
            step::take_locked(&tx, evaluated.step(edge::Decide), origin, now, also).await?;
            None
        };
        commit(tx).await?;
        Ok(Decided {
            document: id,
            evaluation: ids.evaluation,
            score: last.score,
            decision: last.decision,
            reasons: last.reasons,
            review,
            first: true,
        })
    }

    /// Kinds and keyed hashes of the identities a card shows, in the one order in which all transactions lock them.
    fn hashes(&self, scored: &ForScoring) -> Result<Vec<(&'static str, Vec<u8>)>> {
        let mut hashes = identities(scored.document_type, &scored.reading)
            .iter()
            .map(|identity| Ok((identity.kind.into(), self.sealer().identity_hash(identity)?)))
            .collect::<Result<Vec<(&'static str, Vec<u8>)>>>()?;
        hashes.sort();
        hashes.dedup();
        Ok(hashes)
    }
}

/// Whether the row is where a decision leaves it.
fn decided_is_current(row: &Row) -> Result<bool> {
    Ok(matches!(parse(row, "status")?, DocumentStatus::AiEvaluated | DocumentStatus::Completed))
}

async fn decided_before(db: &impl Db, id: DocumentId) -> Result<Option<Decided>> {
    let uuid = id.as_uuid();
    let row = db
        .fetch_opt(
            "SELECT v.id, v.score, v.decision, v.reasons, r.id AS review_id FROM verification_results v \
             LEFT JOIN manual_reviews r ON r.document_id = v.document_id \
             WHERE v.document_id = $1 ORDER BY v.document_version DESC LIMIT 1",
            &[p(&uuid)],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Decided {
        document: id,
        evaluation: EvaluationId::from_uuid(get(&row, "id")?),
        score: score_opt(&row, "score")?.unwrap_or_default(),
        decision: parse(&row, "decision")?,
        reasons: reasons(&row, "reasons")?,
        review: get::<Option<Uuid>>(&row, "review_id")?.map(ReviewId::from_uuid),
        first: false,
    }))
}

/// Notes which identities the document shows and, for an approval, claims them. `false` if another user holds one; then
/// nothing stays claimed.
///
/// The insert waits for a transaction that is claiming the same number at this moment, so that of two users at once
/// exactly one gets it. A claim that is relied upon is locked: the document that holds it cannot be erased, and the claim
/// with it, before this approval can be seen.
async fn note_identities(
    db: &impl Db,
    scored: &ForScoring,
    hashes: &[(&'static str, Vec<u8>)],
    decision: Decision,
    now: DateTime<Utc>,
) -> Result<bool> {
    let (document, user) = (scored.document.id().as_uuid(), scored.user_id.as_uuid());
    for (kind, hash) in hashes {
        db.change(
            "INSERT INTO document_identities (document_id, kind, number_hash) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING",
            &[p(&document), p(kind), p(hash)],
        )
        .await?;
    }
    if decision == Decision::AutoApprove {
        return claim_identities(db, hashes, user, document, now).await;
    }
    let mut free = true;
    for (kind, hash) in hashes {
        free &= !is_held_by_another(db, kind, hash, user).await?;
    }
    Ok(free)
}

/// Claims the identities that a document shows, for its user. `false` if another user holds one; then nothing stays claimed.
pub(crate) async fn claim_identities<K: AsRef<str> + Sync>(
    db: &impl Db,
    hashes: &[(K, Vec<u8>)],
    user: Uuid,
    document: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let mut free = true;
    let mut claimed: Vec<(&str, &[u8])> = Vec::with_capacity(hashes.len());
    for (kind, hash) in hashes {
        let (kind, hash) = (kind.as_ref(), hash.as_slice());
        if claim_identity(db, kind, hash, user, document, now).await? {
            claimed.push((kind, hash));
        }
        free &= !is_held_by_another(db, kind, hash, user).await?;
    }
    if !free {
        for (kind, hash) in claimed {
            db.change(
                "DELETE FROM identity_claims WHERE kind = $1 AND number_hash = $2 AND document_id = $3",
                &[p(&kind), p(&hash), p(&document)],
            )
            .await?;
        }
    }
    Ok(free)
}

/// Whether another user holds an identity. Whoever holds it is locked.
async fn is_held_by_another(db: &impl Db, kind: &str, hash: &[u8], user: Uuid) -> Result<bool> {
    let sql = "SELECT user_id FROM identity_claims WHERE kind = $1 AND number_hash = $2 FOR SHARE";
    let holder = db.fetch_opt(sql, &[p(&kind), p(&hash)]).await?;
    holder.map_or(Ok(false), |holder| Ok(get::<Uuid>(&holder, "user_id")? != user))
}

/// Claims one identity; `false` if it was claimed before, by whomever. That claim is locked then.
async fn claim_identity(
    db: &impl Db,
    kind: &str,
    hash: &[u8],
    user: Uuid,
    document: Uuid,
    now: DateTime<Utc>,
) -> Result<bool> {
    let insert = "INSERT INTO identity_claims (kind, number_hash, user_id, document_id, claimed_at) \
                  VALUES ($1, $2, $3, $4, $5) ON CONFLICT ON CONSTRAINT identity_claims_one_holder DO NOTHING";
    let lock = "SELECT user_id FROM identity_claims WHERE kind = $1 AND number_hash = $2 FOR SHARE";
    for _ in 0..CLAIM_TRIES {
        if db.change(insert, &[p(&kind), p(&hash), p(&user), p(&document), p(&now)]).await? == 1 {
            return Ok(true);
        }
        if db.fetch_opt(lock, &[p(&kind), p(&hash)]).await?.is_some() {
            return Ok(false);
        }
        // It was given up between the two statements.
    }
    Ok(false)
}

async fn insert_evaluation(
    db: &impl Db,
    ids: &NewIds,
    scored: &ForScoring,
    evaluation: &Evaluation,
    now: DateTime<Utc>,
) -> Result<()> {
    let (id, document, version) =
        (ids.evaluation.as_uuid(), scored.document.id().as_uuid(), scored.document.version());
    let (score, decision): (i16, &str) = (evaluation.score.into(), evaluation.decision.into());
    let parts = serde_json::json!(evaluation.parts);
    let codes = codes(&evaluation.reasons);
    db.change(
        "INSERT INTO verification_results (id, document_id, document_version, score, decision, parts, reasons, \
           created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        &[p(&id), p(&document), p(&version), p(&score), p(&decision), p(&parts), p(&codes), p(&now)],
    )
    .await
    .map(|_| ())
}

/// The review and its outbox row are one row, written with the decision (INV-5).
pub(crate) async fn insert_review(
    db: &impl Db,
    ids: &NewIds,
    document: DocumentId,
    correlation_id: &CorrelationId,
    now: DateTime<Utc>,
) -> Result<()> {
    let (review, evaluation, document) = (ids.review.as_uuid(), ids.evaluation.as_uuid(), document.as_uuid());
    let correlation = correlation_id.as_str();
    db.change(
        "INSERT INTO manual_reviews (id, document_id, evaluation_id, status, dispatch_state, next_dispatch_at, \
           correlation_id, created_at, updated_at) VALUES ($1, $2, $3, 'pending', 'queued', $4, $5, $4, $4)",
        &[p(&review), p(&document), p(&evaluation), p(&now), p(&correlation)],
    )
    .await
    .map(|_| ())
}
