//! INV-1 as a property of single states: if everybody dies now, every message is lost now, and from then on nothing goes
//! wrong any more, then what was accepted becomes final or comes before a human. And the same without the deaths.
//!
//! `stateright` has `eventually`, but it does not see a path that runs in a circle, and this system is full of circles
//! (a document given back for ever) which only fairness excludes. So the question is put the other way round. A history
//! may be as bad as it likes; what is asked of each state that it can lead to is that the machinery alone, with no
//! user and no luck, gets from there to the end. A state from which it could not is what "lost" means.

use filot_domain::Decision;
use filot_domain::lifecycle::{DispatchState, DocumentStatus, ReviewStatus, VerificationStatus};
use stateright::Model;

use crate::model::{Action, Lifecycle};
use crate::state::{Answer, Call, Doc, Task, World};

/// Steps that the machinery may need for one document, with room to spare.
const STEPS_MAX: usize = 40;

impl Lifecycle {
    /// Whether every document gets to its end from here, both if everybody dies first and if nobody does.
    pub fn recovers(&self, world: &World) -> bool {
        let mut after_crash = world.clone();
        after_crash.calls.clear();
        after_crash.tasks.fill(Task::Idle);
        for doc in &mut after_crash.docs {
            doc.messages = [false; 2];
        }
        let after_crash = after_crash.settled();
        let known = self.recoveries.lock().expect("no panic").get(&after_crash).copied();
        let recovers_from_crash = known.unwrap_or_else(|| {
            let ends = self.ends(after_crash.clone());
            self.recoveries.lock().expect("no panic").insert(after_crash, ends);
            ends
        });
        recovers_from_crash && self.ends(world.clone())
    }

    /// Lets the machinery run, without a fault and without a user, until nothing is left to do or it takes too long.
    fn ends(&self, mut world: World) -> bool {
        let mut actions = Vec::new();
        for _ in 0..STEPS_MAX * world.docs.len() {
            if world.docs.iter().all(is_at_its_end) {
                return true;
            }
            actions.clear();
            self.actions(&world, &mut actions);
            actions.retain(|action| is_repair(*action) && !self.is_fault(&world, *action));
            // What is under way goes first, then workers, then the sweeper.
            actions.sort_by_key(|action| rank(*action));
            let next = actions.iter().find_map(|action| self.next_state(&world, *action));
            match next {
                Some(next) => world = next,
                None => return false,
            }
        }
        false
    }
}

/// Final, or a human's: a reviewer has it, or an operator sees that the reviewer refused it.
fn is_at_its_end(doc: &Doc) -> bool {
    match doc.status {
        DocumentStatus::Completed | DocumentStatus::Failed => true,
        DocumentStatus::Erased => !doc.object && !doc.watched,
        DocumentStatus::AiEvaluated => {
            doc.verification == VerificationStatus::PendingManualReview
                && doc.review.as_ref().is_some_and(|review| {
                    review.status == ReviewStatus::Pending
                        && match review.dispatch {
                            DispatchState::Acknowledged => doc.at_reviewer,
                            DispatchState::Refused => true,
                            _ => false,
                        }
                })
        }
        _ => false,
    }
}

/// What the machinery does by itself, in its good case.
const fn is_repair(action: Action) -> bool {
    use Action as A;
    matches!(
        action,
        A::GoOnUploading { .. }
            | A::GoOnEnqueueing { .. }
            | A::CommitEvaluation { .. }
            | A::WriteReviewLate { .. }
            | A::GoOnRemoving { .. }
            | A::Commit { is_seen: true, .. }
            | A::Heartbeat { .. }
            | A::Scored { .. }
            | A::NotScored { .. }
            | A::MoveOn { .. }
            | A::Claim { restarted: false, .. }
            | A::SweepLost { reroute: false, .. }
            | A::StartScoring { decision: Decision::NeedsReview, .. }
            | A::SweepLeftover { .. }
            | A::TakeDispatch { .. }
            | A::Admit { is_cooled: true, .. }
            | A::HandOver { answer: Answer::Accepted, .. }
            | A::RecordAnswer { .. }
            | A::FinishDispatch { .. }
    )
}

const fn rank(action: Action) -> u8 {
    use Action as A;
    match action {
        A::SweepLost { .. } | A::SweepLeftover { .. } => 3,
        A::StartScoring { .. } | A::TakeDispatch { .. } => 2,
        A::Claim { .. } => 1,
        _ => 0,
    }
}

/// Whether an upload that is under way will see to a document's object.
pub fn upload_is_under_way(world: &World, document: usize) -> bool {
    world.calls.iter().any(|call| matches!(call, Call::Upload { doc, .. } if *doc == document))
}
