//! The functions: upload, enqueueing, scoring, the sweeper's repairs, and what a user asks for.
//!
//! `filot-store`'s `documents.rs`, `scoring.rs` and `sweeper.rs`, and the use cases of `filot-app` that call them.

use filot_domain::lifecycle::document::{edge, state};
use filot_domain::lifecycle::{DispatchState, DocumentStatus, ReviewStatus, VerificationStatus};
use filot_domain::retry::QueueKind;
use filot_domain::{Decision, Evaluation, ReasonCode};

use crate::model::Lifecycle;
use crate::plants::Plant;
use crate::recovery::upload_is_under_way;
use crate::state::{Call, Removal, Task, World, slot};
use crate::worker::{mark_enqueued, witness};

impl Lifecycle {
    /// A second upload under the same idempotency key: `begin_upload` answers `Fresh` with the row that is there.
    pub fn retry_upload(&self, world: &mut World, doc: usize) -> Option<()> {
        let row = &world.docs[doc];
        if row.status != DocumentStatus::Receiving {
            return None;
        }
        let version = row.version;
        self.begin(world, Call::Upload { doc, version, put: false })
    }

    /// `upload`: the object, then `Store::finish_upload`, then the message.
    pub fn go_on_uploading(&self, world: &mut World, call: usize) -> Option<()> {
        let Call::Upload { doc, version, put } = &mut world.calls[call] else { return None };
        let row = &mut world.docs[*doc];
        if !*put {
            (*put, row.object) = (true, true);
            return Some(());
        }
        let (doc, version) = (*doc, *version);
        let receiving = witness::<state::Receiving>(doc, DocumentStatus::Receiving, version)?;
        let verification = row.verification;
        if row.take(receiving.step(edge::Store), verification).is_some() {
            (row.queue, row.watched) = (QueueKind::Gpu, !self.plants.has(Plant::InsertThenHope));
            world.calls[call] = Call::Enqueue { doc, queue: QueueKind::Gpu, sent: false };
        } else {
            if row.status == DocumentStatus::Erased {
                // `remove_stray`
                row.object = false;
            }
            world.calls.remove(call);
        }
        Some(())
    }

    /// `app::enqueue`: the message, then `Store::mark_enqueued`.
    pub fn go_on_enqueueing(&self, world: &mut World, call: usize) -> Option<()> {
        let Call::Enqueue { doc, queue, sent } = &mut world.calls[call] else { return None };
        let row = &mut world.docs[*doc];
        if *sent {
            mark_enqueued(row, *queue, self.plants);
            world.calls.remove(call);
        } else {
            *sent = true;
            row.messages[slot(*queue)] = true;
        }
        Some(())
    }

    /// `Store::lost_documents`, for one of them.
    pub fn sweep_lost(&self, world: &mut World, doc: usize, reroute: bool) -> Option<()> {
        let row = &world.docs[doc];
        let waits = matches!(row.status, DocumentStatus::Uploaded | DocumentStatus::Processing);
        if !waits || !row.watched || self.plants.has(Plant::NoSweeper) {
            return None;
        }
        if reroute && row.queue == QueueKind::Cpu {
            return None;
        }
        let queue = if reroute { QueueKind::Cpu } else { row.queue };
        self.begin(world, Call::Enqueue { doc, queue, sent: false })
    }

    /// `load_for_scoring` and `score`, asked for by a worker or by the sweeper (`stale_ocr_completed`). Two scorings of
    /// one reading may differ: the day or the thresholds may have changed between them.
    pub fn start_scoring(&self, world: &mut World, doc: usize, decision: Decision) -> Option<()> {
        let row = &world.docs[doc];
        let is_asked = row.watched && !self.plants.has(Plant::NoSweeper)
            || world.tasks.iter().any(|task| matches!(task, Task::Scoring { doc: d, .. } if *d == doc));
        if row.status != DocumentStatus::OcrCompleted || !is_asked {
            return None;
        }
        let version = row.version;
        self.begin(world, Call::Score { doc, version, decision })
    }

    /// `Store::commit_evaluation`. That its answer is lost needs no action: the task may leave [`Task::Scoring`] without one.
    pub fn commit_evaluation(&self, world: &mut World, call: usize) -> Option<()> {
        let Call::Score { doc, version, decision } = world.calls[call] else { return None };
        world.calls.remove(call);
        let row = &mut world.docs[doc];
        let current = witness::<state::OcrCompleted>(doc, row.status, row.version);
        let current = current.filter(|now| now.version() == version);
        if current.is_none() && !self.plants.has(Plant::ScoringDoesNotLook) {
            // Decided before, or stale.
            return Some(());
        }
        let mut last = Evaluation { score: 0, parts: Vec::new(), reasons: Vec::new(), decision };
        if decision == Decision::AutoApprove {
            if world.holder.is_some_and(|holder| holder != doc) {
                last = last.with_reasons([ReasonCode::IdentityHeldByAnother]);
            } else {
                world.holder = Some(doc);
            }
        }
        let verification = last.decision.verification_status();
        match current {
            Some(current) => row.take(current.step(edge::Score), verification).map(|_| ())?,
            None => row.write("scored", DocumentStatus::AiEvaluated, verification),
        }
        row.watched = false;
        row.log.evaluations = (row.log.evaluations + 1).min(2);
        if last.decision != Decision::NeedsReview {
            let evaluated = witness::<state::AiEvaluated>(doc, row.status, row.version)?;
            row.take(evaluated.step(edge::Decide), verification)?;
        } else if self.plants.has(Plant::ReviewAfterScoring) {
            world.calls.push(Call::WriteReview { doc });
        } else {
            row.insert_review();
        }
        Some(())
    }

    /// What [`Plant::ReviewAfterScoring`] does in a second transaction.
    pub fn write_review_late(&self, world: &mut World, call: usize) -> Option<()> {
        let Call::WriteReview { doc } = world.calls[call] else { return None };
        world.calls.remove(call);
        world.docs[doc].insert_review();
        Some(())
    }

    /// `POST /documents/{id}/process` of a failed document: the row, then the message.
    pub fn requeue(&self, world: &mut World, doc: usize) -> Option<()> {
        let row = &mut world.docs[doc];
        let failed = witness::<state::Failed>(doc, row.status, row.version)?;
        let verification = row.verification;
        row.take(failed.step(edge::Requeue), verification)?;
        (row.attempts, row.queue, row.watched) = (0, QueueKind::Gpu, true);
        // Without room for the call it died right after its row.
        let _ = self.begin(world, Call::Enqueue { doc, queue: QueueKind::Gpu, sent: false });
        Some(())
    }

    /// `POST /verification/{id}/escalate`: the row and the review, in one transaction.
    pub fn escalate(&self, world: &mut World, doc: usize) -> Option<()> {
        let row = &mut world.docs[doc];
        if row.verification != VerificationStatus::AutoRejected {
            return None;
        }
        let completed = witness::<state::Completed>(doc, row.status, row.version)?;
        row.take(completed.step(edge::Escalate), VerificationStatus::PendingManualReview)?;
        row.insert_review();
        row.log.escalated = true;
        Some(())
    }

    /// `DELETE /documents/{id}`, or retention: the row, its review and its identity, in one transaction. The object
    /// is the sweeper's.
    pub fn erase(&self, world: &mut World, doc: usize) -> Option<()> {
        let row = &mut world.docs[doc];
        let verification = row.verification;
        let (status, version) = (row.status, row.version);
        match status {
            // Nobody sees it, so nobody can ask.
            DocumentStatus::Receiving | DocumentStatus::Erased => return None,
            DocumentStatus::Uploaded => {
                row.take(witness::<state::Uploaded>(doc, status, version)?.step(edge::Erase), verification)?;
            }
            DocumentStatus::Processing => {
                row.take(
                    witness::<state::Processing>(doc, status, version)?.step(edge::Erase),
                    verification,
                )?;
            }
            DocumentStatus::OcrCompleted => {
                row.take(
                    witness::<state::OcrCompleted>(doc, status, version)?.step(edge::Erase),
                    verification,
                )?;
            }
            DocumentStatus::AiEvaluated => {
                row.take(
                    witness::<state::AiEvaluated>(doc, status, version)?.step(edge::Erase),
                    verification,
                )?;
            }
            DocumentStatus::Completed => {
                row.take(witness::<state::Completed>(doc, status, version)?.step(edge::Erase), verification)?;
            }
            DocumentStatus::Failed => {
                row.take(witness::<state::Failed>(doc, status, version)?.step(edge::Erase), verification)?;
            }
        }
        (row.leased, row.watched) = (false, true);
        row.log.tried_on_cpu = false;
        if row.review.as_ref().is_some_and(|review| review.status == ReviewStatus::Pending) {
            row.write_review("cancelled", ReviewStatus::Cancelled);
            row.write_dispatch("withdrawn", DispatchState::Withdrawn);
        }
        if world.holder == Some(doc) {
            world.holder = None;
        }
        Some(())
    }

    /// `Store::half_received`, for one of them.
    pub fn sweep_leftover(&self, world: &mut World, doc: usize) -> Option<()> {
        let row = &world.docs[doc];
        if !row.watched || self.plants.has(Plant::NoSweeper) {
            return None;
        }
        let stage = match row.status {
            DocumentStatus::Receiving => Removal::Discard,
            DocumentStatus::Erased => Removal::Delete,
            _ => return None,
        };
        self.begin(world, Call::Remove { doc, stage })
    }

    /// `Sweeper::remove`: `Store::discard_upload`, the object, `Store::object_deleted`.
    pub fn go_on_removing(&self, world: &mut World, call: usize) -> Option<()> {
        let Call::Remove { doc, .. } = world.calls[call] else { return None };
        // A function lives for a minute at most. What is deleted some minutes after the row left `receiving` is deleted when
        // no upload is left that could put it there again; only then it is noted.
        let may_note = !upload_is_under_way(world, doc) || self.plants.has(Plant::ObjectNotedAtOnce);
        let Call::Remove { stage, .. } = &mut world.calls[call] else { return None };
        let row = &mut world.docs[doc];
        match stage {
            Removal::Discard => {
                let verification = row.verification;
                match witness::<state::Receiving>(doc, row.status, row.version) {
                    Some(receiving) => {
                        row.take(receiving.step(edge::Erase), verification)?;
                        row.watched = true;
                    }
                    None if row.status == DocumentStatus::Erased => {}
                    None => {
                        world.calls.remove(call);
                        return Some(());
                    }
                }
                *stage = Removal::Delete;
            }
            Removal::Delete => {
                row.object = false;
                if may_note {
                    *stage = Removal::Note;
                } else {
                    world.calls.remove(call);
                }
            }
            Removal::Note => {
                if row.status == DocumentStatus::Erased {
                    (row.key, row.watched) = (false, false);
                }
                world.calls.remove(call);
            }
        }
        Some(())
    }

    /// Begins an invocation, if the model has room for one more.
    pub fn begin(&self, world: &mut World, call: Call) -> Option<()> {
        if world.calls.len() >= self.calls || world.calls.contains(&call) {
            return None;
        }
        world.calls.push(call);
        Some(())
    }
}
