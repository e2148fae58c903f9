//! Removals: unfinished uploads, documents that are too old, the objects of erased documents, expired tokens and keys, old
//! sessions.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::lifecycle::DocumentStatus;
use filot_platform::config::Retention;
use filot_store::{DueErasure, Leftover, ObjectGone, Origin, TooOld};
use futures::future::join_all;

use super::sweeper::{BATCH, SIDE_BY_SIDE, SweepReport, Sweeper, is_last};
use crate::error::{AppError, Result};

/// An upload not finished after this long never will be.
const UPLOAD_PATIENCE: TimeDelta = TimeDelta::minutes(15);
/// Expired tokens, keys and sessions that are forgotten at once, of each kind.
const FORGET_BATCH: u32 = 1000;

impl Sweeper<'_> {
    pub(super) async fn half_received(
        &self,
        report: &mut SweepReport,
        until: DateTime<Utc>,
        origin: &Origin,
        clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<()> {
        loop {
            let now = clock();
            let leftovers = self.store.half_received(BATCH, now - UPLOAD_PATIENCE, now).await?;
            for round in leftovers.chunks(SIDE_BY_SIDE) {
                let now = clock();
                if now >= until {
                    return Ok(());
                }
                let removed = join_all(round.iter().map(|leftover| self.remove(leftover, origin, now))).await;
                for (leftover, removed) in round.iter().zip(removed) {
                    match removed {
                        Ok(is_gone) => report.removed += u32::from(is_gone),
                        Err(error) => {
                            report.failed += 1;
                            tracing::warn!(document_id = %leftover.id, %error, "a leftover cannot be removed yet");
                        }
                    }
                }
            }
            if is_last(leftovers.len()) {
                return Ok(());
            }
        }
    }

    /// The row first, so that the upload cannot finish any more; then the object; then a note that it is gone, which
    /// counts once no retry of the upload can be storing it any more.
    async fn remove(&self, leftover: &Leftover, origin: &Origin, now: DateTime<Utc>) -> Result<bool> {
        if leftover.status == DocumentStatus::Receiving {
            self.store.discard_upload(leftover.id, origin, now).await?;
        }
        self.delete_object(&leftover.object_key).await?;
        Ok(self.store.object_deleted(leftover.id, now).await? != ObjectGone::Watched)
    }

    /// Erases documents that are too old, by the same steps as an owner's request.
    pub(super) async fn retire(
        &self,
        report: &mut SweepReport,
        until: DateTime<Utc>,
        origin: &Origin,
        clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<()> {
        let Some(than) = too_old(self.retention, clock()) else { return Ok(()) };
        loop {
            let documents = self.store.too_old(BATCH, &than).await?;
            let before = report.retired;
            for document in &documents {
                let now = clock();
                if now >= until {
                    return Ok(());
                }
                match self.store.erase_too_old(*document, &than, origin, now).await {
                    Ok(is_erased) => report.retired += u32::from(is_erased),
                    Err(error) => {
                        report.failed += 1;
                        tracing::warn!(document_id = %document, %error, "a document cannot be retired yet");
                    }
                }
            }
            // What could not be erased begins the next batch too.
            if is_last(documents.len()) || report.retired == before {
                return Ok(());
            }
        }
    }

    /// Removes the objects of erased documents. An erasure whose review is still to be cancelled is done after that.
    pub(super) async fn erasures(
        &self,
        report: &mut SweepReport,
        until: DateTime<Utc>,
        clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<()> {
        loop {
            let erasures = self.store.take_due_erasures(BATCH, clock()).await?;
            for round in erasures.chunks(SIDE_BY_SIDE) {
                let now = clock();
                if now >= until {
                    return Ok(());
                }
                let finished = join_all(round.iter().map(|erasure| self.finish(erasure, now))).await;
                for (erasure, finished) in round.iter().zip(finished) {
                    match finished {
                        Ok(is_done) => report.erased += u32::from(is_done),
                        Err(error) => {
                            report.failed += 1;
                            tracing::warn!(document_id = %erasure.document, %error, "an erasure cannot be finished yet");
                        }
                    }
                }
            }
            if is_last(erasures.len()) {
                return Ok(());
            }
        }
    }

    async fn finish(&self, erasure: &DueErasure, now: DateTime<Utc>) -> Result<bool> {
        if let Some(object_key) = &erasure.object_key {
            self.delete_object(object_key).await?;
        }
        Ok(self.store.object_deleted(erasure.document, now).await? == ObjectGone::ErasureDone)
    }

    /// Removes tokens, keys, marks and sessions whose time is over.
    pub(super) async fn forget_expired(
        &self,
        report: &mut SweepReport,
        until: DateTime<Utc>,
        clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    ) -> Result<()> {
        loop {
            let forgotten = self.store.forget_expired(FORGET_BATCH, clock()).await?;
            report.forgotten += forgotten.total();
            if forgotten.total() < u64::from(FORGET_BATCH) || clock() >= until {
                return Ok(());
            }
        }
    }

    async fn delete_object(&self, key: &str) -> Result<()> {
        let deleted = self.objects.delete(key).await;
        deleted.map_err(|error| AppError::unavailable(format!("the object cannot be deleted: {error}")))
    }
}

/// From when on documents are too old; `None` when nothing is to be erased by age.
fn too_old(retention: &Retention, now: DateTime<Utc>) -> Option<TooOld> {
    let before = |days: u32| (days > 0).then(|| now - TimeDelta::days(days.into()));
    let than = TooOld {
        completed_before: before(retention.completed_days),
        failed_before: before(retention.failed_days),
    };
    (!retention.legal_hold && than != TooOld::default()).then_some(than)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_too_old_unless_configured_and_not_held() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(20_000);
        let kept = Retention::default();
        assert_eq!(too_old(&kept, now), None);
        let months = Retention { completed_days: 90, ..kept };
        let than = TooOld { completed_before: Some(now - TimeDelta::days(90)), failed_before: None };
        assert_eq!(too_old(&months, now), Some(than));
        assert_eq!(too_old(&Retention { legal_hold: true, failed_days: 1, ..months }, now), None);
    }
}
