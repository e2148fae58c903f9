//! Works on one message: claim its document, download, read, commit, report.
//!
//! Every write goes through a lease, so that a worker that was believed dead writes nothing (INV-3). What happens to the
//! message is decided in [`crate::decide`]; this module only carries it out.

use bytes::Bytes;
use chrono::TimeDelta;
use filot_cloud::{CloudError, Message};
use filot_domain::ReasonCode;
use filot_domain::retry::{AfterFailure, EXHAUSTIONS_MAX, QueueKind, after_failure};
use filot_platform::telemetry::{MetricName, metric};
use filot_store::{Claim, ClaimRequest, Claimed, Miss, Result as StoreResult, StoreError};
use sha2::{Digest, Sha256};

use crate::decide::{self, AfterAttempt, Disposition, Unclaimed};
use crate::job::Job;
use crate::lease::{LeaseLost, persist, while_leased};
use crate::report;
use crate::worker::Worker;
use filot_reader::child::ReadCard;
use filot_reader::pool::PoolError;
use filot_reader::protocol::BODY_BYTES_MAX;

/// How long a message is hidden after another worker took its document over.
const TAKEN_OVER: TimeDelta = TimeDelta::seconds(60);
/// How long a message is hidden after no reader took its document.
const NO_READER: TimeDelta = TimeDelta::seconds(5);
/// How long a message that cannot be parsed is hidden: short, so that it reaches the dead letters soon.
const UNPARSEABLE: TimeDelta = TimeDelta::seconds(1);

/// How the reading ended.
#[derive(Debug)]
enum ReadOutcome {
    Card(ReadCard),
    /// An attempt failed.
    Failed(ReasonCode),
    /// Storage is away: no attempt.
    Outage,
    /// No reader took it: no attempt.
    NoReader,
    /// The worker stops: no attempt.
    Stopped,
}

/// Works on one message and returns what is to happen to it.
pub async fn handle(worker: &Worker, queue: QueueKind, message: &Message) -> Disposition {
    let Some(hint) = &message.hint else {
        tracing::error!(%queue, deliveries = message.deliveries, "a message that cannot be parsed");
        return Disposition::Hide(UNPARSEABLE);
    };
    let job = Job {
        document: hint.document_id,
        correlation_id: hint.correlation_id.clone(),
        queue,
        deliveries: message.deliveries,
    };
    decide::cap_deliveries(work(worker, &job).await, job.deliveries)
}

async fn work(worker: &Worker, job: &Job) -> Disposition {
    if worker.stop.draining.is_cancelled() {
        return Disposition::Hide(TimeDelta::zero());
    }
    let origin = worker.origin(&job.correlation_id);
    let request = ClaimRequest {
        document: job.document,
        worker: &worker.rules.worker_id,
        serves: job.queue,
        lease_s: worker.rules.lease_s,
        policy: &worker.rules.retry,
        random: rand::random(),
    };
    match worker.store().claim(request, &origin, worker.clock.now()).await {
        Ok(Claim::Claimed(claimed)) => read_and_report(worker, job, *claimed).await,
        Ok(Claim::Not(refusal)) => {
            tracing::info!(?refusal, "nothing to read");
            match decide::unclaimed(&refusal, job.deliveries, worker.clock.now(), rand::random()) {
                Unclaimed::Score => report::score(worker, job).await,
                Unclaimed::Move(queue) => report::move_to(worker, job, queue).await,
                Unclaimed::Failed => {
                    report::publish_failure(worker, job, ReasonCode::WorkerLost).await;
                    Disposition::Delete
                }
                Unclaimed::Resolve(disposition) => disposition,
            }
        }
        Err(error) => outage(worker, job, "the claim failed", &error),
    }
}

/// The database is away, or refuses for a reason that another delivery will not mend either: the message is kept.
fn outage(worker: &Worker, job: &Job, what: &'static str, error: &StoreError) -> Disposition {
    tracing::error!(%error, "{what}");
    if error.is_transient() {
        worker.outages.record_failure();
    }
    decide::after_outage(job.deliveries, rand::random())
}

async fn read_and_report(worker: &Worker, job: &Job, claimed: Claimed) -> Disposition {
    let began = std::time::Instant::now();
    tracing::info!(attempts = claimed.attempts, epoch = claimed.lease.epoch(), "claimed");
    let read = tokio::select! {
        read = while_leased(worker, &claimed.lease, read(worker, &claimed)) => match read {
            Ok(read) => read,
            Err(LeaseLost) => {
                tracing::warn!("the lease is lost: the work is abandoned, nothing is written");
                return Disposition::Hide(TAKEN_OVER);
            }
        },
        () = worker.stop.give_back.cancelled() => ReadOutcome::Stopped,
    };
    let spent_ms = began.elapsed().as_secs_f64() * 1000.0;
    match read {
        ReadOutcome::Card(card) => commit(worker, job, &claimed, card, spent_ms).await,
        ReadOutcome::Failed(reason) => fail(worker, job, &claimed, reason).await,
        ReadOutcome::Outage => {
            worker.outages.record_failure();
            let disposition = decide::after_outage(job.deliveries, rand::random());
            give_back(worker, job, &claimed, disposition).await
        }
        ReadOutcome::NoReader if worker.stop.draining.is_cancelled() => {
            give_back(worker, job, &claimed, Disposition::Hide(TimeDelta::zero())).await
        }
        ReadOutcome::NoReader => give_back(worker, job, &claimed, Disposition::Hide(NO_READER)).await,
        ReadOutcome::Stopped => give_back(worker, job, &claimed, Disposition::Hide(TimeDelta::zero())).await,
    }
}

/// Downloads and reads.
async fn read(worker: &Worker, claimed: &Claimed) -> ReadOutcome {
    let file = match download(worker, claimed).await {
        Ok(file) => file,
        Err(otherwise) => return otherwise,
    };
    worker.outages.reset();
    match worker.pool.read(file, Some(claimed.document_type)).await {
        Ok(card) => ReadOutcome::Card(card),
        Err(PoolError::Unreadable(why)) => {
            // Not `message`: that is the line's own.
            tracing::warn!(reason = %why.reason, detail = %why.message, "the file cannot be read");
            ReadOutcome::Failed(why.reason)
        }
        Err(PoolError::Died(death)) => ReadOutcome::Failed(death.reason()),
        Err(PoolError::Refused) => ReadOutcome::NoReader,
    }
}

/// Gets the file and makes sure that it is the one that was uploaded. A body that differs is fetched once more, since a
/// transfer can go wrong; a file that still differs is not what the user sent.
async fn download(worker: &Worker, claimed: &Claimed) -> Result<Bytes, ReadOutcome> {
    let bytes_max = usize::try_from(claimed.bytes).unwrap_or(usize::MAX).min(BODY_BYTES_MAX);
    for _ in 0..2 {
        match worker.objects().get(&claimed.object_key, bytes_max).await {
            Ok(file) if is_as_uploaded(&file, claimed) => return Ok(file),
            Ok(_) | Err(CloudError::TooLarge { .. }) => {
                tracing::warn!("the stored file is not the one that was uploaded");
            }
            Err(error) if error.is_missing() => {
                tracing::error!("the stored file is gone");
                return Err(ReadOutcome::Failed(ReasonCode::FileMissing));
            }
            Err(error) => {
                tracing::error!(%error, "storage is away");
                return Err(ReadOutcome::Outage);
            }
        }
    }
    Err(ReadOutcome::Failed(ReasonCode::FileUnreadable))
}

fn is_as_uploaded(file: &[u8], claimed: &Claimed) -> bool {
    u64::try_from(file.len()) == Ok(claimed.bytes)
        && Sha256::digest(file).as_slice() == claimed.content_sha256
}

async fn commit(worker: &Worker, job: &Job, claimed: &Claimed, card: ReadCard, spent_ms: f64) -> Disposition {
    let origin = worker.origin(&job.correlation_id);
    let ReadCard { reading, stage_ms } = card;
    let (lease, card, stages, by) = (&claimed.lease, &reading, &stage_ms, &origin);
    let committed = persist(worker, "commit the reading", move |store| async move {
        store.commit_reading(lease, card, stages, by, worker.clock.now()).await
    })
    .await;
    if let Err(error) = committed {
        return missed(worker, job, "the reading was not committed", &error);
    }
    tracing::info!(kind = %reading.kind, spent_ms, "read");
    metric(MetricName::GpuProcessingTimeMs, spent_ms, &[]);
    for (stage, ms) in &stage_ms {
        metric(MetricName::OcrStageMs, *ms, &[("stage", stage)]);
    }
    report::publish_reading(worker, job, spent_ms).await;
    report::score(worker, job).await
}

async fn fail(worker: &Worker, job: &Job, claimed: &Claimed, reason: ReasonCode) -> Disposition {
    let origin = worker.origin(&job.correlation_id);
    let now = worker.clock.now();
    let attempts = claimed.attempts.saturating_add(1);
    let next = match is_last_exhaustion(worker, claimed, reason).await {
        Ok(true) => AfterFailure::Fail,
        Ok(false) => after_failure(&worker.rules.retry, reason, attempts, claimed.queue, now, rand::random()),
        Err(error) => return missed(worker, job, "the failures of the file were not counted", &error),
    };
    let (lease, by) = (&claimed.lease, &origin);
    let recorded = persist(worker, "record the failure", move |store| async move {
        store.record_failure(lease, reason, next, by, now).await
    })
    .await;
    if let Err(error) = recorded {
        return missed(worker, job, "the failure was not recorded", &error);
    }
    tracing::warn!(%reason, attempts, ?next, "an attempt failed");
    match decide::after_attempt(next, job.queue, now, rand::random()) {
        AfterAttempt::Resolve(disposition) => disposition,
        AfterAttempt::Move(queue) => report::move_to(worker, job, queue).await,
        AfterAttempt::Failed => {
            report::publish_failure(worker, job, reason).await;
            Disposition::Delete
        }
    }
}

/// Whether the file used up a reader for the last time that anybody gives it one.
async fn is_last_exhaustion(worker: &Worker, claimed: &Claimed, reason: ReasonCode) -> StoreResult<bool> {
    if reason != ReasonCode::ReaderExhausted {
        return Ok(false);
    }
    let (user, content) = (claimed.user_id, &claimed.content_sha256);
    let earlier = persist(worker, "count the failures of the file", move |store| async move {
        store.exhaustions(user, content).await
    });
    Ok(earlier.await?.saturating_add(1) >= EXHAUSTIONS_MAX)
}

/// Gives the document back at no cost; it may be claimed again when its message comes back.
async fn give_back(worker: &Worker, job: &Job, claimed: &Claimed, disposition: Disposition) -> Disposition {
    let origin = worker.origin(&job.correlation_id);
    let not_before = match disposition {
        Disposition::Hide(time) if time > TimeDelta::zero() => Some(worker.clock.now() + time),
        _ => None,
    };
    let (lease, by) = (&claimed.lease, &origin);
    let given = persist(worker, "give the document back", move |store| async move {
        store.give_back(lease, not_before, by, worker.clock.now()).await
    })
    .await;
    match given {
        Ok(()) => {
            tracing::info!(?not_before, "given back");
            disposition
        }
        Err(error) => missed(worker, job, "the document was not given back", &error),
    }
}

/// A write under the lease found nothing to write, or the database did not come back.
fn missed(worker: &Worker, job: &Job, what: &'static str, error: &StoreError) -> Disposition {
    match error.miss() {
        Some(Miss::LeaseLost { status, .. }) => {
            tracing::warn!(%status, "{what}: the lease is lost");
            Disposition::Hide(TAKEN_OVER)
        }
        _ => outage(worker, job, what, error),
    }
}
