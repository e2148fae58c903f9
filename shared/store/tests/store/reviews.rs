//! The outbox and the reviewer's decision.

use chrono::TimeDelta;
use filot_domain::breaker::{Admission, BreakerPolicy};
use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::review::ReviewDecision;
use filot_domain::{Decision, DocumentStatus, ReasonCode, VerificationStatus};
use filot_store::{Callback, CallbackOutcome, Miss, StoreError};
use futures::future::join_all;

use crate::fixture::{NIK, OTHER_NIK, World, origin};

fn callback(decision: ReviewDecision) -> Callback {
    Callback { review: None, task_id: None, document: None, user_id: None, decision, notes: None }
}

#[tokio::test]
async fn inv_5_a_review_is_due_and_taken_by_one_dispatcher() {
    let world = World::new().await;
    let caller = world.user().await;
    let mut waiting = Vec::new();
    for _ in 0..6 {
        waiting.push(world.decided(&caller, NIK, Decision::NeedsReview).await.review.unwrap());
    }
    let names: Vec<String> = (0..4).map(|i| format!("d{i}")).collect();
    let taken =
        join_all(names.iter().map(|name| world.store.take_due_dispatches(name, 2, 30, world.now))).await;
    let mut taken: Vec<_> =
        taken.into_iter().flat_map(Result::unwrap).map(|due| due.lease.review()).collect();
    let rest = world.store.take_due_dispatches("rest", 10, 30, world.now).await.unwrap();
    taken.extend(rest.iter().map(|due| due.lease.review()));
    taken.sort();
    waiting.sort();
    assert_eq!(taken, waiting, "each once");
}

#[tokio::test]
async fn a_dispatch_survives_its_dispatcher_and_failures_to_send() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let first = world.taken("d1").await;
    let payload = world.store.load_dispatch(&first, world.now).await.unwrap();
    assert_eq!((payload.document, payload.score), (decided.document, 60));
    assert!(payload.reading.text.contains(NIK));
    assert_eq!(world.store.take_due_dispatches("d2", 10, 30, world.after(29)).await.unwrap(), []);
    // d1 disappears.
    let second = world.store.take_due_dispatches("d2", 10, 30, world.after(30)).await.unwrap().remove(0);
    assert!(matches!(
        world.store.defer_dispatch(&first, world.after(60), Some("timeout"), world.after(31)).await,
        Err(StoreError::Miss(Miss::DispatchLost { state: DispatchState::Sending }))
    ));
    world
        .store
        .defer_dispatch(&second.lease, world.after(60), Some("timeout"), world.after(31))
        .await
        .unwrap();
    let third = world.store.take_due_dispatches("d3", 10, 30, world.after(60)).await.unwrap().remove(0);
    assert_eq!(third.attempts, 1);
    world.store.defer_dispatch(&third.lease, world.after(70), None, world.after(61)).await.unwrap();
    let fourth = world.store.take_due_dispatches("d4", 10, 30, world.after(70)).await.unwrap().remove(0);
    assert_eq!(fourth.attempts, 1, "nothing was tried");
    world.store.acknowledge_dispatch(&fourth.lease, "task-1", world.after(71)).await.unwrap();
    world.store.acknowledge_dispatch(&fourth.lease, "task-1", world.after(71)).await.unwrap();
    assert_eq!(world.store.take_due_dispatches("d5", 10, 30, world.after(9999)).await.unwrap(), []);
    let backlog = world.store.dispatch_backlog(world.after(9999)).await.unwrap();
    assert_eq!((backlog.pending_reviews, backlog.oldest_undecided_at), (1, Some(world.after(71))));
}

#[tokio::test]
async fn a_refused_dispatch_stays_on_its_review() {
    let world = World::new().await;
    world.decided(&world.user().await, NIK, Decision::NeedsReview).await;
    let lease = world.taken("d1").await;
    world.store.refuse_dispatch(&lease, "http_422", world.now).await.unwrap();
    assert_eq!(world.store.take_due_dispatches("d2", 10, 30, world.after(9999)).await.unwrap(), []);
    assert!(world.store.load_dispatch(&lease, world.now).await.is_err());
}

#[tokio::test]
async fn the_first_decision_wins() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let review = decided.review.unwrap();
    let lease = world.taken("d1").await;
    world.store.acknowledge_dispatch(&lease, "task-1", world.now).await.unwrap();
    let by_id = |decision| Callback { review: Some(review), ..callback(decision) };
    let by_task = |decision| Callback { task_id: Some("task-1".to_owned()), ..callback(decision) };
    // Both ways at once, several times over: one decides, the same say so, the contrary are told.
    let calls = (0..8).map(|i| {
        let decision = if i % 2 == 0 { ReviewDecision::Approved } else { ReviewDecision::Rejected };
        if i % 4 < 2 { by_id(decision) } else { by_task(decision) }
    });
    let calls: Vec<Callback> = calls.collect();
    let outcomes = join_all(calls.iter().map(|callback| apply(&world, callback))).await;
    let count = |wanted: fn(&CallbackOutcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
    assert_eq!(count(|o| matches!(o, CallbackOutcome::Applied { .. })), 1);
    assert_eq!(count(|o| matches!(o, CallbackOutcome::Repeated { .. })), 3);
    assert_eq!(count(|o| matches!(o, CallbackOutcome::Contrary { .. })), 4);
    let view = world.store.verification_status(&caller, decided.document, world.now).await.unwrap();
    assert_eq!(view.status, DocumentStatus::Completed);
    assert_eq!(world.events(decided.document).await.last().unwrap(), "decided");
    world.assert_events_fold_to_rows().await;
    let backlog = world.store.dispatch_backlog(world.after(9999)).await.unwrap();
    assert_eq!((backlog.pending_reviews, backlog.oldest_undecided_at), (0, None));
}

#[tokio::test]
async fn a_decision_may_overtake_the_answer_to_its_dispatch() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let approved = ReviewDecision::Approved;
    let by_task = Callback { task_id: Some("task-9".to_owned()), ..callback(approved) };
    assert_eq!(apply(&world, &by_task).await, CallbackOutcome::Unknown);
    let lease = world.taken("d1").await;
    assert_eq!(apply(&world, &by_task).await, CallbackOutcome::NotYetAcknowledged);
    let notes = Some("looks genuine".to_owned());
    let by_id = Callback { review: decided.review, notes, ..callback(approved) };
    assert!(matches!(apply(&world, &by_id).await, CallbackOutcome::Applied { .. }));
    let late = world.store.acknowledge_dispatch(&lease, "task-9", world.now).await;
    assert!(matches!(late, Err(StoreError::Miss(Miss::DispatchLost { state: DispatchState::Withdrawn }))));
    assert!(matches!(apply(&world, &by_task).await, CallbackOutcome::Repeated { .. }), "the task is known");
    let view = world.store.get_document(&caller, decided.document, world.now).await.unwrap();
    assert_eq!(view.summary.verification_status, VerificationStatus::ManuallyApproved);
    let review = view.review.unwrap();
    assert_eq!((review.status, review.notes.as_deref()), (ReviewStatus::Approved, Some("looks genuine")));
}

#[tokio::test]
async fn inv_5_a_task_whose_answer_never_came_is_asked_to_come_again() {
    let world = World::new().await;
    let decided = world.decided(&world.user().await, NIK, Decision::NeedsReview).await;
    let lease = world.taken("d1").await;
    // The reviewer may have it although our call timed out; the row waits for its next turn.
    let later = world.now + chrono::TimeDelta::minutes(10);
    world.store.defer_dispatch(&lease, later, Some("network_timeout"), world.now).await.unwrap();
    let by_task = Callback { task_id: Some("task-7".to_owned()), ..callback(ReviewDecision::Approved) };
    assert_eq!(apply(&world, &by_task).await, CallbackOutcome::NotYetAcknowledged);
    world.store.acknowledge_dispatch(&lease, "task-7", world.now).await.unwrap();
    assert!(matches!(apply(&world, &by_task).await, CallbackOutcome::Applied { .. }));
    let status = world.value("SELECT status FROM documents WHERE id = $1", decided.document).await;
    assert_eq!(status.as_deref(), Some("completed"));
}

#[tokio::test]
async fn a_task_of_another_review_decides_nothing() {
    let world = World::new().await;
    let first = world.decided(&world.user().await, NIK, Decision::NeedsReview).await;
    let lease = world.taken("d1").await;
    world.store.acknowledge_dispatch(&lease, "task-1", world.now).await.unwrap();
    let second = world.decided(&world.user().await, NIK, Decision::NeedsReview).await;
    let approved = callback(ReviewDecision::Approved);
    let crossed = Callback { review: second.review, task_id: Some("task-1".to_owned()), ..approved };
    assert_eq!(apply(&world, &crossed).await, CallbackOutcome::Mismatch);
    for document in [first.document, second.document] {
        let status = world.value("SELECT status FROM documents WHERE id = $1", document).await;
        assert_eq!(status.as_deref(), Some("ai_evaluated"));
    }
}

#[tokio::test]
async fn a_callback_and_an_acknowledgement_do_not_deadlock() {
    let world = World::new().await;
    for round in 0..12 {
        let decided = world.decided(&world.user().await, NIK, Decision::NeedsReview).await;
        let lease = world.taken("d1").await;
        let task = format!("task-{round}");
        let by_id = Callback { review: decided.review, ..callback(ReviewDecision::Rejected) };
        let (acknowledged, applied) =
            futures::join!(world.store.acknowledge_dispatch(&lease, &task, world.now), apply(&world, &by_id));
        assert!(matches!(applied, CallbackOutcome::Applied { .. }), "{applied:?}");
        let lost = matches!(acknowledged, Err(StoreError::Miss(Miss::DispatchLost { .. })));
        assert!(acknowledged.is_ok() || lost, "{acknowledged:?}");
    }
}

#[tokio::test]
async fn inv_4_a_human_approval_holds_the_identity_too() {
    let world = World::new().await;
    let decided = world.decided(&world.user().await, NIK, Decision::NeedsReview).await;
    let approve = Callback { review: decided.review, ..callback(ReviewDecision::Approved) };
    apply(&world, &approve).await;
    let second = world.decided(&world.user().await, NIK, Decision::AutoApprove).await;
    assert_eq!(second.decision, Decision::NeedsReview);
}

#[tokio::test]
async fn inv_4_a_human_cannot_approve_a_held_identity() {
    let world = World::new().await;
    let owner = world.user().await;
    let first = world.decided(&owner, NIK, Decision::NeedsReview).await;
    let lease = world.taken("d1").await;
    world.store.acknowledge_dispatch(&lease, "task-1", world.now).await.unwrap();
    let second = world.decided(&world.user().await, NIK, Decision::NeedsReview).await;
    let lease = world.taken("d1").await;
    world.store.acknowledge_dispatch(&lease, "task-2", world.now).await.unwrap();
    let said =
        |decided: &filot_store::Decided, decision| Callback { review: decided.review, ..callback(decision) };
    let approved = apply(&world, &said(&second, ReviewDecision::Approved)).await;
    assert!(matches!(approved, CallbackOutcome::Applied { .. }), "{approved:?}");

    // The first one's reviewer is told who holds the identity now, although the review was sent before.
    let told = async || -> Vec<ReasonCode> {
        world.store.resend_noticed(10, world.now).await.unwrap();
        let lease = world.taken("d2").await;
        let reasons = world.store.load_dispatch(&lease, world.now).await.unwrap().reasons;
        world.store.acknowledge_dispatch(&lease, "task-1", world.now).await.unwrap();
        assert_eq!(world.store.resend_noticed(10, world.now).await.unwrap(), 0, "told once");
        reasons
    };
    assert!(told().await.contains(&ReasonCode::IdentityHeldByAnother));

    // An approval does not count, is answered clearly however often it is sent, and changes nothing but what is told.
    let review = first.review.unwrap();
    let conflict = CallbackOutcome::IdentityConflict { review, document: first.document };
    let events = world.events(first.document).await;
    assert_eq!(apply(&world, &said(&first, ReviewDecision::Approved)).await, conflict);
    assert_eq!(apply(&world, &said(&first, ReviewDecision::Approved)).await, conflict);
    assert_eq!(world.events(first.document).await, events);
    let view = world.store.review(review).await.unwrap();
    assert_eq!(view.review.status, ReviewStatus::Pending);
    assert!(view.reasons.contains(&ReasonCode::IdentityConflict), "{:?}", view.reasons);
    assert!(told().await.contains(&ReasonCode::IdentityConflict));

    let rejected = apply(&world, &said(&first, ReviewDecision::Rejected)).await;
    assert!(matches!(rejected, CallbackOutcome::Applied { .. }), "{rejected:?}");
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn inv_4_two_humans_at_once_approve_one_identity_once() {
    let world = World::new().await;
    for round in 0..10 {
        let nik = format!("317401570895{:04}", 300 + round);
        let mut calls = Vec::new();
        for _ in 0..3 {
            let decided = world.decided(&world.user().await, &nik, Decision::NeedsReview).await;
            calls.push(Callback { review: decided.review, ..callback(ReviewDecision::Approved) });
        }
        let outcomes = join_all(calls.iter().map(|call| apply(&world, call))).await;
        let count = |wanted: fn(&CallbackOutcome) -> bool| outcomes.iter().filter(|o| wanted(o)).count();
        assert_eq!(count(|o| matches!(o, CallbackOutcome::Applied { .. })), 1, "{outcomes:?}");
        assert_eq!(count(|o| matches!(o, CallbackOutcome::IdentityConflict { .. })), 2, "{outcomes:?}");
    }
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn inv_4_the_database_wants_a_held_identity_of_a_human_too() {
    let world = World::new().await;
    let (held, free) = (world.user().await, world.user().await);
    let decided = world.decided(&held, NIK, Decision::NeedsReview).await;
    let app = world.db.app().await.unwrap();
    let forged = format!(
        "UPDATE documents SET status = 'completed', verification_status = 'manually_approved', version = version + 1, \
           last_event = 'decided', processed_at = now() WHERE id = '{}'",
        decided.document
    );
    let refused = app.batch_execute(&forged).await.unwrap_err();
    let constraint = refused.as_db_error().and_then(|db| db.constraint().map(str::to_owned));
    assert_eq!(constraint.as_deref(), Some("documents_human_approval_holds_identity"));
    let other = world.decided(&free, OTHER_NIK, Decision::NeedsReview).await;
    let approve = Callback { review: other.review, ..callback(ReviewDecision::Approved) };
    assert!(matches!(apply(&world, &approve).await, CallbackOutcome::Applied { .. }));
}

#[tokio::test]
async fn inv_6_a_callback_for_another_document_does_nothing() {
    let world = World::new().await;
    let decided = world.decided(&world.user().await, NIK, Decision::NeedsReview).await;
    let other = world.user().await;
    let wrong = Callback {
        review: decided.review,
        user_id: Some(other.user_id),
        ..callback(ReviewDecision::Approved)
    };
    assert_eq!(apply(&world, &wrong).await, CallbackOutcome::Mismatch);
    let status = world.value("SELECT status FROM documents WHERE id = $1", decided.document).await;
    assert_eq!(status.as_deref(), Some("ai_evaluated"));
    let file = world.store.review_file(decided.review.unwrap()).await.unwrap();
    assert_eq!(file.document, decided.document);
}

#[tokio::test]
async fn the_breaker_lets_one_probe_through_at_a_time() {
    let world = World::new().await;
    let policy = BreakerPolicy { failure_threshold: 5, cooldown: TimeDelta::seconds(30) };
    let failures = (0..5).map(|_| world.store.breaker_record("buli2", &policy, false, world.now));
    assert!(join_all(failures).await.iter().all(Result::is_ok));
    assert_eq!(world.store.breaker_load("buli2").await.unwrap().consecutive_failures, 5, "none is lost");
    let asked = join_all((0..4).map(|_| world.store.breaker_admit("buli2", &policy, world.after(30)))).await;
    let asked: Vec<_> = asked.into_iter().map(Result::unwrap).collect();
    assert_eq!(asked.iter().filter(|a| matches!(a, Admission::Probe(_))).count(), 1);
    assert_eq!(asked.iter().filter(|a| matches!(a, Admission::Refuse { .. })).count(), 3);
    world.store.breaker_record("buli2", &policy, true, world.after(31)).await.unwrap();
    let closed = world.store.breaker_admit("buli2", &policy, world.after(31)).await.unwrap();
    assert_eq!(closed, Admission::Pass);
}

async fn apply(world: &World, callback: &Callback) -> CallbackOutcome {
    world.store.apply_callback(callback, &origin(), world.now).await.unwrap()
}
