//! Reviews: the outbox, the reviewer, and the reviewer's decision.
//!
//! `filot-store`'s `reviews.rs` and `breakers.rs`, and `dispatch_reviews` of `filot-app`.

use filot_domain::breaker::Admission;
use filot_domain::lifecycle::document::{edge, state};
use filot_domain::lifecycle::{DispatchState, DocumentStatus, VerificationStatus};
use filot_domain::review::{DecisionEffect, ReviewDecision, effect_of};

use crate::model::Lifecycle;
use crate::plants::Plant;
use crate::state::{Answer, Call, Errand, Mark, World, now};
use crate::worker::witness;

impl Lifecycle {
    /// `Store::take_due_dispatches`, for one of them: due, or its dispatcher's lease ran out.
    pub fn take_dispatch(&self, world: &mut World, doc: usize) -> Option<()> {
        let may_retake = !self.plants.has(Plant::DispatchLeaseForEver);
        let review = world.docs[doc].review.as_ref()?;
        match review.dispatch {
            DispatchState::Queued => {}
            DispatchState::Sending if may_retake => {}
            _ => return None,
        }
        let epoch = review.epoch + 1;
        self.begin(world, Call::Dispatch { doc, epoch, errand: Errand::Taken })?;
        let row = &mut world.docs[doc];
        if self.plants.has(Plant::AcknowledgeFirst) {
            row.write_dispatch("acknowledged", DispatchState::Acknowledged);
        } else {
            row.write_dispatch("taken", DispatchState::Sending);
        }
        if let Some(review) = &mut row.review {
            review.epoch = epoch;
            review.task |= self.plants.has(Plant::AcknowledgeFirst);
        }
        Some(())
    }

    /// `Store::breaker_admit`, then `Store::load_dispatch`.
    pub fn admit(&self, world: &mut World, call: usize, is_cooled: bool) -> Option<()> {
        let Call::Dispatch { doc, epoch, errand: Errand::Taken } = world.calls[call] else { return None };
        match world.breaker.breaker().admit(&self.breaker, now(&self.breaker, is_cooled)) {
            Admission::Refuse { .. } => {
                defer(world, doc, epoch);
                world.calls.remove(call);
                return Some(());
            }
            Admission::Pass => {}
            Admission::Probe(probing) => world.breaker = Mark::of(&probing, &self.breaker),
        }
        if self.plants.has(Plant::AcknowledgeFirst) || holds(world, doc, epoch) {
            world.calls[call] = Call::Dispatch { doc, epoch, errand: Errand::Loaded };
        } else {
            world.calls.remove(call);
        }
        Some(())
    }

    /// `Orchestrator::submit`. An answer that does not come says nothing about whether the request arrived.
    pub fn hand_over(&self, world: &mut World, call: usize, answer: Answer, has_arrived: bool) -> Option<()> {
        let Call::Dispatch { doc, errand: errand @ Errand::Loaded, .. } = &mut world.calls[call] else {
            return None;
        };
        *errand = Errand::Answered(answer);
        world.docs[*doc].at_reviewer |= has_arrived;
        Some(())
    }

    /// `Store::breaker_record`.
    pub fn record_answer(&self, world: &mut World, call: usize) -> Option<()> {
        let Call::Dispatch { errand, .. } = &mut world.calls[call] else { return None };
        let Errand::Answered(answer) = *errand else { return None };
        *errand = Errand::Recorded(answer);
        let before = world.breaker.breaker();
        let after = match answer {
            Answer::Unreachable => before.failed(&self.breaker, now(&self.breaker, true)),
            Answer::Accepted | Answer::Refused => before.succeeded(),
        };
        world.breaker = Mark::of(&after, &self.breaker);
        Some(())
    }

    /// `Store::acknowledge_dispatch`, `defer_dispatch` or `refuse_dispatch`.
    pub fn finish_dispatch(&self, world: &mut World, call: usize) -> Option<()> {
        let Call::Dispatch { doc, epoch, errand: Errand::Recorded(answer) } = world.calls[call] else {
            return None;
        };
        world.calls.remove(call);
        match answer {
            Answer::Accepted => {
                let row = &mut world.docs[doc];
                let dispatch = row.review.as_ref()?.dispatch;
                if matches!(dispatch, DispatchState::Queued | DispatchState::Sending) {
                    row.write_dispatch("acknowledged", DispatchState::Acknowledged);
                }
                // What arrived has arrived: the id is kept in any case.
                if let Some(review) = &mut row.review {
                    review.task = true;
                }
            }
            Answer::Unreachable => defer(world, doc, epoch),
            Answer::Refused if holds(world, doc, epoch) => {
                world.docs[doc].write_dispatch("refused", DispatchState::Refused);
            }
            Answer::Refused => {}
        }
        Some(())
    }

    /// `Store::escalate` of a document that awaits a human already: a refused review is sent again.
    pub fn resend(&self, world: &mut World, doc: usize) -> Option<()> {
        let row = &mut world.docs[doc];
        if row.status != DocumentStatus::AiEvaluated
            || row.verification != VerificationStatus::PendingManualReview
        {
            return None;
        }
        if row.review.as_ref()?.dispatch != DispatchState::Refused {
            return None;
        }
        row.write_dispatch("resent", DispatchState::Queued);
        Some(())
    }

    /// `Store::apply_callback`, from a reviewer that has the review. `with_task`: the callback names the reviewer's id too.
    pub fn callback(
        &self,
        world: &mut World,
        doc: usize,
        decision: ReviewDecision,
        with_task: bool,
    ) -> Option<()> {
        let row = &mut world.docs[doc];
        let review = row.review.as_ref()?;
        if !row.at_reviewer {
            return None;
        }
        let is_blind = self.plants.has(Plant::CallbackDoesNotLook);
        match effect_of(decision, review.status) {
            DecisionEffect::Decide => {}
            _ if is_blind => {}
            DecisionEffect::Repeat | DecisionEffect::Conflict => return None,
        }
        // `close_review`
        let task = review.task || with_task;
        let dispatch = review.dispatch;
        row.write_review(decision.into(), decision.review_status());
        match (dispatch, task) {
            (DispatchState::Queued | DispatchState::Sending, true) => {
                row.write_dispatch("acknowledged", DispatchState::Acknowledged);
            }
            (DispatchState::Queued | DispatchState::Sending, false) => {
                row.write_dispatch("withdrawn", DispatchState::Withdrawn);
            }
            _ => {}
        }
        if let Some(review) = &mut row.review {
            review.task = task;
        }
        let verification = decision.verification_status();
        if is_blind {
            row.write("decided", DocumentStatus::Completed, verification);
        } else {
            let evaluated = witness::<state::AiEvaluated>(doc, row.status, row.version)?;
            row.take(evaluated.step(edge::Decide), verification)?;
        }
        row.log.verdicts = (row.log.verdicts + 1).min(2);
        row.log.verdict.get_or_insert(decision);
        if decision == ReviewDecision::Approved && world.holder.is_none() {
            world.holder = Some(doc);
        }
        Some(())
    }
}

/// `Store::defer_dispatch`.
fn defer(world: &mut World, doc: usize, epoch: i64) {
    if holds(world, doc, epoch) {
        world.docs[doc].write_dispatch("deferred", DispatchState::Queued);
    }
}

/// Whether a dispatcher still has its lease.
fn holds(world: &World, doc: usize, epoch: i64) -> bool {
    let review = world.docs[doc].review.as_ref();
    review.is_some_and(|review| review.dispatch == DispatchState::Sending && review.epoch == epoch)
}
