//! The promises, by the names that the specification gives them, and what must be reachable for the model to mean
//! anything.

use filot_domain::lifecycle::{DispatchState, DocumentStatus, ReviewStatus, VerificationStatus};
use filot_domain::retry::QueueKind;
use stateright::Property;

use crate::model::Lifecycle;
use crate::recovery::upload_is_under_way;
use crate::state::{Doc, Review, Task, World};

pub const INV_1: &str = "INV-1 nothing accepted is lost";
pub const INV_1_OBJECT: &str = "INV-1 no object without a row that knows it";
pub const INV_2_FOLD: &str = "INV-2 a row is the fold of its events, along known edges";
pub const INV_2_ONCE: &str = "INV-2 decided once per evaluation";
pub const INV_3: &str = "INV-3 a worker whose lease is gone writes nothing";
pub const INV_4: &str = "INV-4 an identity is approved for one user";
pub const INV_5_DISPATCH: &str = "INV-5 a review is on its way until the reviewer has it";
pub const INV_5_FIRST: &str = "INV-5 the first decision stands";
pub const CHECKS: &str = "no write is one that a CHECK refuses";
pub const TRIES: &str = "no more tries than the rules allow";
pub const FALLBACK: &str = "none fails for want of tries before the CPU tried";

/// A property of every document. A macro, because a property is a plain function: it cannot carry another one.
macro_rules! each {
    ($name:expr, $holds:expr) => {
        Property::always($name, |_, world: &World| {
            let holds: fn(&Doc) -> bool = $holds;
            world.docs.iter().all(holds)
        })
    };
}

/// Something that a document of some history comes to.
macro_rules! some {
    ($name:expr, $holds:expr) => {
        Property::sometimes($name, |_, world: &World| {
            let holds: fn(&Doc) -> bool = $holds;
            world.docs.iter().any(holds)
        })
    };
}

/// All of them.
pub fn all() -> Vec<Property<Lifecycle>> {
    vec![
        Property::always(INV_1, |model: &Lifecycle, world: &World| model.recovers(world)),
        Property::always(INV_1_OBJECT, |_, world: &World| {
            world
                .docs
                .iter()
                .enumerate()
                .all(|(i, doc)| !doc.object || doc.key || upload_is_under_way(world, i))
        }),
        each!(INV_2_FOLD, |doc| {
            !doc.log.broken && (doc.status, doc.verification) == (doc.log.status, doc.log.verification)
        }),
        each!(INV_2_ONCE, |doc| doc.log.evaluations <= 1 && doc.log.verdicts <= 1),
        each!(INV_3, |doc| !doc.log.stale_write),
        Property::always(INV_4, |_, world: &World| {
            let approved = |doc: &&Doc| doc.verification == VerificationStatus::AutoApproved && doc.key;
            let live = |doc: &&Doc| doc.status == DocumentStatus::Completed;
            world.docs.iter().filter(approved).filter(live).count() <= 1
        }),
        each!(INV_5_DISPATCH, dispatch_is_not_lost),
        each!(INV_5_FIRST, first_decision_stands),
        each!(CHECKS, Doc::passes_checks),
        Property::always(TRIES, |model: &Lifecycle, world: &World| {
            let most = model.policy.max_attempts + u32::from(model.policy.cpu_fallback);
            world.docs.iter().all(|doc| doc.attempts <= most)
        }),
        each!(FALLBACK, |doc| !doc.log.untried),
        some!("approved by score", |doc| doc.verification == VerificationStatus::AutoApproved),
        some!("rejected by score", |doc| doc.verification == VerificationStatus::AutoRejected),
        some!("approved by a human", |doc| doc.verification == VerificationStatus::ManuallyApproved),
        some!("escalated, then rejected by a human", |doc| {
            doc.log.escalated && doc.verification == VerificationStatus::ManuallyRejected
        }),
        some!("failed", |doc| doc.status == DocumentStatus::Failed),
        some!("erased, its object gone", |doc| doc.status == DocumentStatus::Erased && !doc.key),
        some!("handed on to the CPU after its tries", |doc| doc.queue == QueueKind::Cpu && doc.attempts > 0),
        some!("refused by the reviewer", |doc| {
            doc.review.as_ref().is_some_and(|review| review.dispatch == DispatchState::Refused)
        }),
        some!("decided before the dispatch had its answer", |doc| {
            doc.log.verdicts == 1
                && doc.review.as_ref().is_some_and(|review| review.dispatch == DispatchState::Withdrawn)
        }),
        Property::sometimes("taken over while its worker lives", |_, world: &World| {
            let reads = |task: &&Task| matches!(task, Task::Reading { doc: 0, .. });
            let row = &world.docs[0];
            world.tasks.iter().filter(reads).count() == 2
                && world.tasks.iter().any(|task| task.holds(0, row))
                && world.tasks.iter().any(|task| !task.holds(0, row))
        }),
        Property::sometimes("the breaker opens", |_, world: &World| !world.breaker.is_closed()),
    ]
}

/// Whoever awaits a human has one review, and its dispatch is on its way, arrived, or visibly refused.
fn dispatch_is_not_lost(doc: &Doc) -> bool {
    if doc.status != DocumentStatus::AiEvaluated
        || doc.verification != VerificationStatus::PendingManualReview
    {
        return doc.log.reviews <= 1;
    }
    let is_under_way = |review: &Review| {
        review.status == ReviewStatus::Pending
            && match review.dispatch {
                DispatchState::Queued | DispatchState::Sending | DispatchState::Refused => true,
                DispatchState::Acknowledged => doc.at_reviewer,
                DispatchState::Withdrawn => false,
            }
    };
    doc.log.reviews == 1 && doc.review.as_ref().is_some_and(is_under_way)
}

/// Whatever the reviewer says later.
fn first_decision_stands(doc: &Doc) -> bool {
    doc.log.verdict.is_none_or(|first| {
        doc.verification == first.verification_status()
            && doc.review.as_ref().is_some_and(|review| review.status == first.review_status())
    })
}
