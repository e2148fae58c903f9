//! A worker's calls for a document: claim, heartbeat, and one of commit, failure or giving back.
//!
//! The lease's epoch is the fencing token (INV-3): every claim raises it, every write names it. A lease that ran out
//! but was not taken over still commits, because nobody else can have written; a clock cannot make two writers.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::lifecycle::InState;
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::retry::{AfterFailure, QueueKind, RetryPolicy, after_failure};
use filot_domain::{
    CardReading, CorrelationId, DocumentId, DocumentStatus, DocumentType, ReasonCode, UserId,
};
use tokio_postgres::Row;

use crate::db::{Db, Store, begin, commit, p};
use crate::documents::{file_bytes, seal_reading};
use crate::error::{Miss, Result, StoreError};
use crate::origin::Origin;
use crate::quotas;
use crate::row::{codes, count, get, parse};
use crate::step::{self, Also};
use crate::users::user_id;

/// How long after the end of a lease or a pause the sweeper assumes that no message will come by itself.
const SWEEP_GRACE: TimeDelta = TimeDelta::seconds(30);
/// How long scoring may take to be invoked before the sweeper invokes it.
const SCORING_GRACE: TimeDelta = TimeDelta::seconds(60);

/// The right to write a document's result, until somebody else claims it.
#[derive(Debug, Clone)]
pub struct Lease {
    document: InState<state::Processing>,
    owner: String,
    epoch: i64,
}

impl Lease {
    /// The document.
    pub const fn document(&self) -> DocumentId {
        self.document.id()
    }

    /// The worker.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The fencing token.
    pub const fn epoch(&self) -> i64 {
        self.epoch
    }
}

/// A worker asks for a document.
#[derive(Debug, Clone, Copy)]
pub struct ClaimRequest<'a> {
    /// The document.
    pub document: DocumentId,
    /// The worker's instance name.
    pub worker: &'a str,
    /// The queue the worker serves.
    pub serves: QueueKind,
    /// Length of the lease.
    pub lease_s: u32,
    /// The rules for the attempt that an earlier worker may have lost.
    pub policy: &'a RetryPolicy,
    /// Uniform in 0..1, for the pause the rules may ask for.
    pub random: f64,
}

/// A document in a worker's hands.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// The right to write.
    pub lease: Lease,
    /// Whose document.
    pub user_id: UserId,
    /// As the user claimed it at upload.
    pub document_type: DocumentType,
    /// Key of its object.
    pub object_key: String,
    /// SHA-256 the object must have.
    pub content_sha256: [u8; 32],
    /// Media type, as inspected at upload.
    pub mime: String,
    /// Length the object must have.
    pub bytes: u64,
    /// Failed attempts so far.
    pub attempts: u32,
    /// The queue whose worker has it: the rules for the next attempt ask for it.
    pub queue: QueueKind,
    /// The upload's correlation id.
    pub correlation_id: CorrelationId,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
}

/// The answer to a claim.
#[derive(Debug, Clone)]
pub enum Claim {
    /// The worker has it, under this lease.
    Claimed(Box<Claimed>),
    /// The worker must not read it now.
    Not(NotClaimable),
}

/// Why a document cannot be claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotClaimable {
    /// It was read already and waits for its score.
    AlreadyRead,
    /// It is decided, awaits a human, or failed: its message can be deleted.
    Final,
    /// Another worker holds it until then.
    HeldUntil(DateTime<Utc>),
    /// Its next attempt is not due before then.
    NotYet(DateTime<Utc>),
    /// Others wait who hold no reader, and its owner does, or it used one up before: they come first.
    PutOff,
    /// There is no such document.
    NotFound,
    /// It was erased: its message can be deleted.
    Erased,
    /// Its object is not stored yet.
    NotUploaded,
    /// This queue's attempts are used up, by a lost lease or before: send it to that queue, note so with `mark_enqueued`,
    /// and the message is done with.
    Rerouted(QueueKind),
    /// A lost lease was its last attempt: it has just failed with `worker_lost`, and the message is done with.
    GaveUp,
}

impl Store {
    /// Takes a document for a worker, unless there is a reason not to.
    ///
    /// Claiming over a lease that ran out without being given back counts as a failed attempt (`worker_lost`), unless
    /// the database itself was restarted since that lease was last renewed: then nobody could have kept it alive.
    ///
    /// # Errors
    /// No miss: a document that is not to be read now is a `Claim::Not`.
    pub async fn claim(
        &self,
        request: ClaimRequest<'_>,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<Claim> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let row = match step::lock(&tx, request.document).await {
            Err(StoreError::Miss(Miss::NotFound)) => return Ok(Claim::Not(NotClaimable::NotFound)),
            other => other?,
        };
        let not = |why| Ok(Claim::Not(why));
        let claimable = match parse(&row, "status")? {
            DocumentStatus::Receiving => return not(NotClaimable::NotUploaded),
            DocumentStatus::OcrCompleted => return not(NotClaimable::AlreadyRead),
            DocumentStatus::AiEvaluated | DocumentStatus::Completed | DocumentStatus::Failed => {
                return not(NotClaimable::Final);
            }
            DocumentStatus::Erased => return not(NotClaimable::Erased),
            DocumentStatus::Uploaded | DocumentStatus::Processing => &row,
        };
        if let Some(until) =
            get::<Option<DateTime<Utc>>>(claimable, "lease_until")?.filter(|until| *until > now)
        {
            return not(NotClaimable::HeldUntil(until));
        }
        if is_past_gpu(claimable, &request)? {
            return not(NotClaimable::Rerouted(QueueKind::Cpu));
        }
        if let Some(due) = get::<Option<DateTime<Utc>>>(claimable, "not_before")?.filter(|due| *due > now) {
            return not(NotClaimable::NotYet(due));
        }
        // A lease that was lost is counted first, whoever waits.
        let is_held = get::<Option<&str>>(claimable, "lease_owner")?.is_some();
        if !is_held && quotas::is_put_off(&tx, claimable, request.serves, now).await? {
            return not(NotClaimable::PutOff);
        }

        let taken = if let Some(uploaded) = step::witness::<state::Uploaded>(&row)? {
            take_lease(&tx, uploaded.step(edge::Claim), &request, origin, now).await?
        } else {
            let mut processing = step::witness::<state::Processing>(&row)?;
            if get::<Option<&str>>(&row, "lease_owner")?.is_some()
                && !restarted_since_renewal(&tx, &row).await?
            {
                match count_loss(&tx, &row, &request, origin, now).await? {
                    AfterLoss::Continue(again) => processing = Some(again),
                    AfterLoss::Stop(why) => {
                        commit(tx).await?;
                        return not(why);
                    }
                }
            }
            let processing = processing.ok_or(StoreError::Corrupt { what: "status" })?;
            take_lease(&tx, processing.step(edge::Reclaim), &request, origin, now).await?
        };
        commit(tx).await?;
        Ok(Claim::Claimed(Box::new(taken)))
    }

    /// Extends a lease.
    ///
    /// # Errors
    /// `Miss::LeaseLost` if the lease is gone, `Miss::NotFound` without a document.
    pub async fn heartbeat(&self, lease: &Lease, lease_s: u32, now: DateTime<Utc>) -> Result<()> {
        let client = self.client().await?;
        let id = lease.document().as_uuid();
        let until = now + TimeDelta::seconds(lease_s.into());
        let sql = step::update_and_explain(
            "lease_until = $4, lease_renewed_at = $5",
            "status = 'processing' AND lease_owner = $2 AND lease_epoch = $3",
            "id",
        );
        let params = [p(&id), p(&lease.owner), p(&lease.epoch), p(&until), p(&now)];
        step::changed(client.fetch_opt(&sql, &params).await?, step::lease_lost).map(|_| ())
    }

    /// Stores what was read: the document waits for its score.
    ///
    /// # Errors
    /// `Miss::LeaseLost` if the lease is gone, `Miss::NotFound` without a document.
    pub async fn commit_reading(
        &self,
        lease: &Lease,
        reading: &CardReading,
        stage_ms: &BTreeMap<String, f64>,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let client = self.client().await?;
        let (result, text) = seal_reading(self.sealer(), lease.document(), reading)?;
        let stage_ms = serde_json::json!(stage_ms);
        let next = now + SCORING_GRACE;
        let params =
            [p(&lease.owner), p(&lease.epoch), p(&result), p(&text), p(&stage_ms), p(&now), p(&next)];
        let also = Also {
            set: "result = $12, ocr_text = $13, stage_ms = $14, read_at = $15, next_enqueue_at = $16, \
                  not_before = NULL, lease_owner = NULL, lease_until = NULL, lease_renewed_at = NULL",
            under_lease: true,
            params: &params,
            ..Also::default()
        };
        step::take(&client, lease.document.step(edge::Read), origin, now, also).await.map(|_| ())
    }

    /// Records a failed attempt and what happens next; ends the lease.
    ///
    /// # Errors
    /// `Miss::LeaseLost` if the lease is gone, `Miss::NotFound` without a document.
    pub async fn record_failure(
        &self,
        lease: &Lease,
        reason: ReasonCode,
        next: AfterFailure,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let client = self.client().await?;
        match next {
            AfterFailure::Retry { queue, not_before } => {
                let queue: &str = queue.into();
                let next_check = not_before + SWEEP_GRACE;
                let params = [p(&lease.owner), p(&lease.epoch), p(&queue), p(&not_before), p(&next_check)];
                let also = Also {
                    set: RETRY_UNDER_LEASE,
                    under_lease: true,
                    reason: Some(reason),
                    params: &params,
                    ..Also::default()
                };
                step::take(&client, lease.document.step(edge::Retry), origin, now, also).await.map(|_| ())
            }
            AfterFailure::Fail => {
                let reasons = codes(&[reason]);
                let params = [p(&lease.owner), p(&lease.epoch), p(&reasons), p(&now)];
                let also = Also {
                    set: "attempts = attempts + 1, reasons = $12, processed_at = $13, next_enqueue_at = NULL, \
                          not_before = NULL, lease_owner = NULL, lease_until = NULL, lease_renewed_at = NULL",
                    under_lease: true,
                    reason: Some(reason),
                    params: &params,
                    ..Also::default()
                };
                step::take(&client, lease.document.step(edge::GiveUp), origin, now, also).await.map(|_| ())
            }
        }
    }

    /// Gives a document back unfinished, at no cost: shutdown, or an outage of what is needed to read it.
    ///
    /// # Errors
    /// `Miss::LeaseLost` if the lease is gone, `Miss::NotFound` without a document.
    pub async fn give_back(
        &self,
        lease: &Lease,
        not_before: Option<DateTime<Utc>>,
        origin: &Origin,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let client = self.client().await?;
        let next_check = not_before.unwrap_or(now) + SWEEP_GRACE;
        let params = [p(&lease.owner), p(&lease.epoch), p(&not_before), p(&next_check)];
        let also = Also {
            set: "not_before = $12, next_enqueue_at = $13, lease_owner = NULL, lease_until = NULL, \
                  lease_renewed_at = NULL",
            under_lease: true,
            params: &params,
            ..Also::default()
        };
        step::take(&client, lease.document.step(edge::GiveBack), origin, now, also).await.map(|_| ())
    }
}

const RETRY_UNDER_LEASE: &str = "attempts = attempts + 1, queue = $12, not_before = $13, next_enqueue_at = $14, \
    lease_owner = NULL, lease_until = NULL, lease_renewed_at = NULL";

/// The next step after a lost lease was counted.
enum AfterLoss {
    Continue(InState<state::Processing>),
    Stop(NotClaimable),
}

/// Whether the database was restarted since the lease was last renewed.
async fn restarted_since_renewal(db: &impl Db, row: &Row) -> Result<bool> {
    let renewed: Option<DateTime<Utc>> = get(row, "lease_renewed_at")?;
    let found = db.fetch_opt("SELECT pg_postmaster_start_time() > $1 AS restarted", &[p(&renewed)]).await?;
    found.map_or(Ok(false), |row| get(&row, "restarted"))
}

/// Whether the document waits for its one try on the CPU and this is a GPU's worker, with a message that came twice or late.
fn is_past_gpu(row: &Row, request: &ClaimRequest<'_>) -> Result<bool> {
    Ok(request.serves == QueueKind::Gpu
        && request.policy.cpu_fallback
        && parse::<QueueKind>(row, "queue")? == QueueKind::Cpu
        && count(row, "attempts")? >= request.policy.max_attempts)
}

/// Records the attempt that an earlier worker lost, and what the retry rules make of it.
async fn count_loss(
    db: &impl Db,
    row: &Row,
    request: &ClaimRequest<'_>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<AfterLoss> {
    let lost = step::witness::<state::Processing>(row)?.ok_or(StoreError::Corrupt { what: "status" })?;
    let queue = parse::<QueueKind>(row, "queue")?;
    let attempts = count(row, "attempts")?.saturating_add(1);
    let (owner, epoch): (&str, i64) = (get(row, "lease_owner")?, get(row, "lease_epoch")?);
    let reason = Some(ReasonCode::WorkerLost);
    match after_failure(request.policy, ReasonCode::WorkerLost, attempts, queue, now, request.random) {
        AfterFailure::Retry { queue: next, not_before } => {
            let here = next == queue || next == request.serves;
            // This worker is here and free: it goes on at once. Another kind of worker is still to be told.
            let not_before = (!here).then_some(not_before);
            let queue: &str = next.into();
            let params = [p(&owner), p(&epoch), p(&queue), p(&not_before), p(&now)];
            let also = Also {
                set: RETRY_UNDER_LEASE,
                under_lease: true,
                reason,
                params: &params,
                ..Also::default()
            };
            let (again, _) = step::take_locked(db, lost.step(edge::Retry), origin, now, also).await?;
            Ok(if here { AfterLoss::Continue(again) } else { AfterLoss::Stop(NotClaimable::Rerouted(next)) })
        }
        AfterFailure::Fail => {
            let reasons = codes(&[ReasonCode::WorkerLost]);
            let params = [p(&reasons), p(&now)];
            let also = Also {
                set: "attempts = attempts + 1, reasons = $10, processed_at = $11, next_enqueue_at = NULL, \
                      not_before = NULL, lease_owner = NULL, lease_until = NULL, lease_renewed_at = NULL",
                reason,
                params: &params,
                ..Also::default()
            };
            step::take_locked(db, lost.step(edge::GiveUp), origin, now, also).await?;
            Ok(AfterLoss::Stop(NotClaimable::GaveUp))
        }
    }
}

/// Takes the step that gives `request.worker` the lease; the row is locked, so it cannot miss.
async fn take_lease<S, E>(
    db: &impl Db,
    step: filot_domain::lifecycle::Step<S, E>,
    request: &ClaimRequest<'_>,
    origin: &Origin,
    now: DateTime<Utc>,
) -> Result<Claimed>
where
    S: filot_domain::lifecycle::State<Status = DocumentStatus>,
    E: filot_domain::lifecycle::Edge<S, To = state::Processing>,
{
    let until = now + TimeDelta::seconds(request.lease_s.into());
    let next_check = until + SWEEP_GRACE;
    let serves: &str = request.serves.into();
    let params = [p(&request.worker), p(&until), p(&now), p(&next_check), p(&serves)];
    let also = Also {
        set: "lease_owner = $10, lease_until = $11, lease_renewed_at = $12, lease_epoch = lease_epoch + 1, \
              not_before = NULL, next_enqueue_at = $13, queue = $14",
        params: &params,
        ..Also::default()
    };
    let (document, row) = step::take_locked(db, step, origin, now, also).await?;
    let sha256: &[u8] = get(&row, "content_sha256")?;
    Ok(Claimed {
        lease: Lease { document, owner: request.worker.to_owned(), epoch: get(&row, "lease_epoch")? },
        user_id: user_id(&row, "user_id")?,
        document_type: parse(&row, "type")?,
        object_key: get(&row, "object_key")?,
        content_sha256: sha256.try_into().map_err(|_| StoreError::Corrupt { what: "content_sha256" })?,
        mime: get(&row, "mime")?,
        bytes: file_bytes(&row)?,
        attempts: count(&row, "attempts")?,
        queue: parse(&row, "queue")?,
        correlation_id: parse(&row, "correlation_id")?,
        created_at: get(&row, "created_at")?,
    })
}
