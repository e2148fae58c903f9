//! Erasure: what is in the database goes at once, what is elsewhere goes until it is gone, and whoever held the document
//! loses it.

use std::collections::BTreeMap;

use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::retry::{AfterFailure, QueueKind};
use filot_domain::review::ReviewDecision;
use filot_domain::{Decision, DocumentId, DocumentStatus, ReasonCode};
use filot_store::{
    Callback, CallbackOutcome, Caller, CancelState, Claim, LoadedForScoring, Miss, NotClaimable, ObjectGone,
    StoreError, TooOld,
};
use futures::future::join_all;

use crate::fixture::{NIK, World, evaluation, ktp, origin};

async fn erase(world: &World, caller: &Caller, document: DocumentId) -> Result<(), StoreError> {
    world.store.erase_document(caller, document, &origin(), world.now).await
}

fn decision(review: filot_domain::ReviewId, decision: ReviewDecision) -> Callback {
    let notes = Some("seen in person".to_owned());
    Callback { review: Some(review), task_id: None, document: None, user_id: None, decision, notes }
}

async fn decide(world: &World, review: filot_domain::ReviewId, said: ReviewDecision) {
    let outcome = world.store.apply_callback(&decision(review, said), &origin(), world.now).await.unwrap();
    assert!(matches!(outcome, CallbackOutcome::Applied { .. }), "{outcome:?}");
}

fn is_not_found<T>(answer: Result<T, StoreError>) -> bool {
    matches!(answer, Err(StoreError::Miss(Miss::NotFound)))
}

/// Nothing personal of a document in any table; what is left to do is on record, once.
async fn assert_forgotten(world: &World, document: DocumentId) {
    let sql = "SELECT concat_ws(' ', d.status, d.result IS NULL AND d.ocr_text IS NULL AND d.stage_ms IS NULL \
                 AND d.lease_owner IS NULL AND d.idempotency_key IS NULL AND d.deleted_at IS NOT NULL, \
                 (SELECT count(*) FROM document_identities i WHERE i.document_id = d.id), \
                 (SELECT count(*) FROM identity_claims c WHERE c.document_id = d.id), \
                 (SELECT count(*) FROM manual_reviews r WHERE r.document_id = d.id \
                    AND (r.notes IS NOT NULL OR r.status = 'pending')), \
                 (SELECT count(*) FROM erasures e WHERE e.document_id = d.id)) FROM documents d WHERE d.id = $1";
    assert_eq!(world.value(sql, document).await.as_deref(), Some("erased t 0 0 0 1"));
}

/// The state of a document's erasure.
async fn erasure(world: &World, document: DocumentId) -> String {
    world.value("SELECT state FROM erasures WHERE document_id = $1", document).await.unwrap()
}

#[tokio::test]
async fn inv_2_every_shown_state_can_be_erased_and_keeps_events() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let waits = world.uploaded(&caller).await;
    let held = world.uploaded(&caller).await;
    world.claimed(held, "w", world.now).await;
    let broken = world.uploaded(&caller).await;
    let claimed = world.claimed(broken, "w", world.now).await;
    let (reason, fail) = (ReasonCode::FileUnreadable, AfterFailure::Fail);
    world.store.record_failure(&claimed.lease, reason, fail, &origin(), world.now).await.unwrap();
    let read = world.read(&caller, NIK).await;
    let approved = world.decided(&caller, NIK, Decision::AutoApprove).await.document;
    let rejected = world.decided(&caller, NIK, Decision::AutoReject).await.document;
    let reviewed = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let seen = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let approve = decision(seen.review.unwrap(), ReviewDecision::Approved);
    world.store.apply_callback(&approve, &origin(), world.now).await.unwrap();
    for document in [waits, held, broken, read, approved, rejected, reviewed.document, seen.document] {
        let before = world.events(document).await;
        assert!(is_not_found(erase(&world, &other, document).await), "INV-6");
        erase(&world, &caller, document).await.unwrap();
        assert!(is_not_found(erase(&world, &caller, document).await), "it is gone");
        assert!(is_not_found(world.store.get_document(&caller, document, world.now).await));
        assert_forgotten(&world, document).await;
        let after = world.events(document).await;
        assert_eq!((&after[..before.len()], after.last().unwrap().as_str()), (&before[..], "erased"));
    }
    let me = world.store.me(&caller, world.now).await.unwrap();
    assert_eq!(me.verification, filot_store::UserVerification::Unverified, "it is derived from what is left");
    assert_eq!(world.store.review(seen.review.unwrap()).await.unwrap().review.notes, None);
    assert!(is_not_found(world.store.review_file(reviewed.review.unwrap()).await));
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn inv_3_a_worker_that_holds_an_erased_document_writes_nothing() {
    let world = World::new().await;
    let caller = world.user().await;
    let document = world.uploaded(&caller).await;
    let held = world.claimed(document, "w", world.now).await;
    erase(&world, &caller, document).await.unwrap();
    let lost = |answer: Result<(), StoreError>| {
        matches!(answer, Err(StoreError::Miss(Miss::LeaseLost { status: DocumentStatus::Erased, .. })))
    };
    let (store, lease, now) = (&world.store, &held.lease, world.now);
    assert!(lost(store.heartbeat(lease, 30, now).await));
    assert!(lost(store.commit_reading(lease, &ktp(NIK), &BTreeMap::new(), &origin(), now).await));
    let retry = AfterFailure::Retry { queue: QueueKind::Cpu, not_before: now };
    assert!(lost(store.record_failure(lease, ReasonCode::ReaderCrashed, retry, &origin(), now).await));
    let reason = ReasonCode::FileUnreadable;
    assert!(lost(store.record_failure(lease, reason, AfterFailure::Fail, &origin(), now).await));
    assert!(lost(store.give_back(lease, None, &origin(), now).await));
    let claim = world.try_claim(document, "w2", QueueKind::Gpu, world.after(9999)).await;
    assert!(matches!(claim, Claim::Not(NotClaimable::Erased)), "its message is dropped");
    assert_eq!(store.lost_documents(10, world.after(99_999)).await.unwrap(), []);
    assert_eq!(world.events(document).await.last().unwrap(), "erased");
    assert_forgotten(&world, document).await;
}

#[tokio::test]
async fn inv_3_erasing_and_claiming_at_once_leave_no_lease() {
    let world = World::new().await;
    let caller = world.user().await;
    for _ in 0..8 {
        let document = world.uploaded(&caller).await;
        let (erased, claim) = futures::join!(
            erase(&world, &caller, document),
            world.try_claim(document, "w", QueueKind::Gpu, world.now)
        );
        erased.unwrap();
        if let Claim::Claimed(claimed) = claim {
            let stages = BTreeMap::new();
            let wrote =
                world.store.commit_reading(&claimed.lease, &ktp(NIK), &stages, &origin(), world.now).await;
            assert!(wrote.is_err());
        }
        assert_forgotten(&world, document).await;
    }
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn inv_4_erasing_and_scoring_at_once_leave_no_identity_held() {
    let world = World::new().await;
    let caller = world.user().await;
    for _ in 0..8 {
        let document = world.read(&caller, NIK).await;
        let scored = world.for_scoring(document).await;
        let approve = evaluation(Decision::AutoApprove);
        let (erased, decided) = futures::join!(
            erase(&world, &caller, document),
            world.store.commit_evaluation(&scored, &approve, &ORIGIN, world.now)
        );
        erased.unwrap();
        let is_fine = decided.is_ok() || matches!(decided, Err(StoreError::Miss(Miss::Stale { .. })));
        assert!(is_fine, "{decided:?}");
        assert_forgotten(&world, document).await;
        let loaded = world.store.load_for_scoring(document).await.unwrap();
        assert!(matches!(loaded, LoadedForScoring::NotReady { status: DocumentStatus::Erased }));
    }
    let free = world.decided(&world.user().await, NIK, Decision::AutoApprove).await;
    assert_eq!(free.decision, Decision::AutoApprove, "nobody holds the identity any more");
    world.assert_events_fold_to_rows().await;
}

static ORIGIN: std::sync::LazyLock<filot_store::Origin> = std::sync::LazyLock::new(origin);

#[tokio::test]
async fn inv_4_an_identity_passes_to_the_users_next_document() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let first = world.decided(&caller, NIK, Decision::AutoApprove).await.document;
    let second = world.decided(&caller, NIK, Decision::AutoApprove).await;
    assert_eq!(second.decision, Decision::AutoApprove);
    erase(&world, &caller, first).await.unwrap();
    let theirs = world.decided(&other, NIK, Decision::AutoApprove).await;
    assert_eq!(theirs.decision, Decision::NeedsReview, "the second document still holds it");
    erase(&world, &caller, second.document).await.unwrap();
    decide(&world, theirs.review.unwrap(), ReviewDecision::Approved).await;
    let theirs = world.decided(&other, NIK, Decision::AutoApprove).await;
    assert_eq!(theirs.decision, Decision::AutoApprove);
}

#[tokio::test]
async fn inv_4_erasing_both_holders_at_once_frees_the_identity() {
    let world = World::new().await;
    for _ in 0..6 {
        let caller = world.user().await;
        let first = world.decided(&caller, NIK, Decision::AutoApprove).await.document;
        let second = world.decided(&caller, NIK, Decision::AutoApprove).await.document;
        let (one, two) = futures::join!(erase(&world, &caller, first), erase(&world, &caller, second));
        one.unwrap();
        two.unwrap();
        assert_forgotten(&world, first).await;
        assert_forgotten(&world, second).await;
    }
    // An approval that relies on a claim which is being given up takes it over, or waits until it can.
    let caller = world.user().await;
    for _ in 0..6 {
        let held = world.decided(&caller, NIK, Decision::AutoApprove).await.document;
        let read = world.read(&caller, NIK).await;
        let (scored, approve) = (world.for_scoring(read).await, evaluation(Decision::AutoApprove));
        let (erased, decided) = futures::join!(
            erase(&world, &caller, held),
            world.store.commit_evaluation(&scored, &approve, &ORIGIN, world.now)
        );
        erased.unwrap();
        assert_eq!(decided.unwrap().decision, Decision::AutoApprove);
        let holds = "SELECT count(*)::text FROM identity_claims WHERE document_id = $1";
        assert_eq!(world.value(holds, read).await.as_deref(), Some("1"));
        erase(&world, &caller, read).await.unwrap();
    }
}

#[tokio::test]
async fn inv_5_a_review_never_sent_is_withdrawn_silently() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    erase(&world, &caller, decided.document).await.unwrap();
    let view = world.store.review(decided.review.unwrap()).await.unwrap();
    assert_eq!(
        (view.review.status, view.dispatch_state),
        (ReviewStatus::Cancelled, DispatchState::Withdrawn)
    );
    assert_eq!(view.cancel_state, None);
    assert_eq!(world.store.take_due_dispatches("d", 10, 30, world.after(9999)).await.unwrap(), []);
    assert_eq!(world.store.take_due_cancels(10, 30, world.after(9999)).await.unwrap(), []);
    let gone = world.store.object_deleted(decided.document, world.after(301)).await.unwrap();
    assert_eq!(gone, ObjectGone::ErasureDone, "that was all");
    assert_eq!(erasure(&world, decided.document).await, "done");
}

#[tokio::test]
async fn an_erasure_is_due_until_object_and_task_are_gone() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let (document, review) = (decided.document, decided.review.unwrap());
    let lease = world.taken("d").await;
    world.store.acknowledge_dispatch(&lease, "task-1", world.now).await.unwrap();
    erase(&world, &caller, document).await.unwrap();

    // The object: due at once, then later and later until it is gone. The half-received know nothing of it.
    assert_eq!(world.store.half_received(10, world.after(9999), world.after(9999)).await.unwrap(), []);
    let takes = join_all((0..4).map(|_| world.store.take_due_erasures(10, world.now))).await;
    let taken: Vec<_> = takes.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(taken.len(), 1, "by one sweep");
    assert!(taken[0].object_key.as_deref().unwrap().starts_with("documents/"));
    assert_eq!(world.store.take_due_erasures(10, world.after(59)).await.unwrap(), []);
    assert_eq!(world.store.take_due_erasures(10, world.after(60)).await.unwrap().len(), 1);
    assert_eq!(world.store.take_due_erasures(10, world.after(179)).await.unwrap(), []);
    // Another try of its upload may have stored it again a moment later.
    let gone = async |seconds| world.store.object_deleted(document, world.after(seconds)).await.unwrap();
    assert_eq!(gone(180).await, ObjectGone::Watched);
    assert!(world.store.take_due_erasures(10, world.after(180)).await.unwrap()[0].object_key.is_some());
    assert_eq!(gone(420).await, ObjectGone::Noted);
    let left = world.store.take_due_erasures(10, world.after(420)).await.unwrap();
    assert_eq!((left.len(), &left[0].object_key), (1, &None), "the task is still to be cancelled");

    // The task: due at once too.
    let due = world.store.take_due_cancels(10, 60, world.now).await.unwrap();
    assert_eq!((due[0].review, due[0].task_id.as_deref(), due[0].attempts), (review, Some("task-1"), 0));
    assert_eq!(world.store.take_due_cancels(10, 60, world.after(59)).await.unwrap(), []);
    world.store.cancel_deferred(review, world.after(300), Some("http_503"), world.after(60)).await.unwrap();
    let due = world.store.take_due_cancels(10, 60, world.after(300)).await.unwrap();
    assert_eq!(due[0].attempts, 1);
    let done = (0..4).map(|_| world.store.cancel_done(review, Some("task-1"), world.after(301)));
    let done: Vec<_> = join_all(done).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(done.iter().filter(|is_last| **is_last).count(), 1, "recorded once");
    assert_eq!(erasure(&world, document).await, "done");
    assert_eq!(world.store.review(review).await.unwrap().cancel_state, Some(CancelState::Done));
    assert_eq!(world.store.take_due_erasures(10, world.after(99_999)).await.unwrap(), []);
    assert_eq!(world.store.take_due_cancels(10, 60, world.after(99_999)).await.unwrap(), []);
}

#[tokio::test]
async fn a_task_that_answers_after_the_erasure_is_cancelled() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let (document, review) = (decided.document, decided.review.unwrap());
    let lease = world.taken("d").await;
    // The dispatcher's call is under way.
    world.store.load_dispatch(&lease, world.now).await.unwrap();
    erase(&world, &caller, document).await.unwrap();
    let gone = world.store.object_deleted(document, world.after(301)).await.unwrap();
    assert_eq!(gone, ObjectGone::Noted, "the reviewer may have the rest");
    assert_eq!(
        world.store.take_due_cancels(10, 60, world.after(29)).await.unwrap(),
        [],
        "its answer is awaited"
    );
    let late = world.store.acknowledge_dispatch(&lease, "task-1", world.after(3)).await;
    assert!(matches!(late, Err(StoreError::Miss(Miss::DispatchLost { state: DispatchState::Withdrawn }))));
    let due = world.store.take_due_cancels(10, 60, world.after(3)).await.unwrap();
    assert_eq!(due[0].task_id.as_deref(), Some("task-1"));
    assert!(world.store.cancel_done(review, Some("task-1"), world.after(4)).await.unwrap());
    assert_eq!(erasure(&world, document).await, "done");

    // A second answer under another id brings it up again, under the same one it does not.
    let again = async |task| world.store.acknowledge_dispatch(&lease, task, world.after(5)).await.is_err();
    assert!(again("task-1").await);
    assert_eq!(world.store.take_due_cancels(10, 60, world.after(5)).await.unwrap(), []);
    assert!(again("task-2").await);
    let due = world.store.take_due_cancels(10, 60, world.after(5)).await.unwrap();
    assert_eq!(due[0].task_id.as_deref(), Some("task-2"));
    assert!(!world.store.cancel_done(review, Some("task-1"), world.after(6)).await.unwrap());
    assert_eq!(
        world.store.review(review).await.unwrap().cancel_state,
        Some(CancelState::Due),
        "the other one is due"
    );
}

#[tokio::test]
async fn a_task_whose_answer_never_came_is_looked_for() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let review = decided.review.unwrap();
    let lease = world.taken("d").await;
    let (later, why) = (world.after(600), Some("network_timeout"));
    world.store.defer_dispatch(&lease, later, why, world.now).await.unwrap();
    erase(&world, &caller, decided.document).await.unwrap();
    let due = world.store.take_due_cancels(10, 60, world.now).await.unwrap();
    assert_eq!((due[0].review, &due[0].task_id), (review, &None));
    world.store.cancel_learned(review, "task-1", world.after(1)).await.unwrap();
    assert!(!world.store.cancel_done(review, None, world.after(1)).await.unwrap(), "there is a task now");
    let due = world.store.take_due_cancels(10, 60, world.after(1)).await.unwrap();
    assert_eq!(due[0].task_id.as_deref(), Some("task-1"));

    // One that the reviewer never took needs no cancelling.
    let refused = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let lease = world.taken("d").await;
    world.store.refuse_dispatch(&lease, "http_422", world.now).await.unwrap();
    erase(&world, &caller, refused.document).await.unwrap();
    assert_eq!(world.store.review(refused.review.unwrap()).await.unwrap().cancel_state, None);

    // Unless an earlier call seemed to fail and may have arrived.
    let refused = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let lease = world.taken("d").await;
    world.store.defer_dispatch(&lease, world.now, Some("timeout"), world.now).await.unwrap();
    let lease = world.taken("d").await;
    world.store.refuse_dispatch(&lease, "http_401", world.now).await.unwrap();
    erase(&world, &caller, refused.document).await.unwrap();
    let due = world.store.take_due_cancels(10, 60, world.now).await.unwrap();
    assert_eq!(due.iter().map(|cancel| cancel.review).collect::<Vec<_>>(), [refused.review.unwrap()]);
}

#[tokio::test]
async fn erasing_and_acknowledging_at_once_cancel_a_known_task() {
    let world = World::new().await;
    let caller = world.user().await;
    for round in 0..8 {
        let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
        let lease = world.taken("d").await;
        let task = format!("task-{round}");
        let (erased, _) = futures::join!(
            erase(&world, &caller, decided.document),
            world.store.acknowledge_dispatch(&lease, &task, world.now)
        );
        erased.unwrap();
        let due = world.store.take_due_cancels(10, 60, world.after(1)).await.unwrap();
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].task_id.as_deref(), Some(task.as_str()));
        world.store.cancel_done(due[0].review, Some(&task), world.after(1)).await.unwrap();
        assert_forgotten(&world, decided.document).await;
    }
}

#[tokio::test]
async fn inv_2_a_decision_for_an_erased_document_does_nothing() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let (document, review) = (decided.document, decided.review.unwrap());
    erase(&world, &caller, document).await.unwrap();
    for said in [ReviewDecision::Approved, ReviewDecision::Rejected, ReviewDecision::Approved] {
        let outcome =
            world.store.apply_callback(&decision(review, said), &origin(), world.now).await.unwrap();
        assert_eq!(outcome, CallbackOutcome::Cancelled { review, document });
    }
    assert_forgotten(&world, document).await;
    assert_eq!(world.events(document).await.last().unwrap(), "erased");
    // At once: whichever comes first, the document ends erased and without notes.
    for _ in 0..8 {
        let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
        let approve = decision(decided.review.unwrap(), ReviewDecision::Approved);
        let (erased, said) = futures::join!(
            erase(&world, &caller, decided.document),
            world.store.apply_callback(&approve, &ORIGIN, world.now)
        );
        erased.unwrap();
        let said = said.unwrap();
        assert!(
            matches!(said, CallbackOutcome::Applied { .. } | CallbackOutcome::Cancelled { .. }),
            "{said:?}"
        );
        assert_forgotten(&world, decided.document).await;
    }
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn a_document_is_erased_if_it_is_still_too_old() {
    let world = World::new().await;
    let caller = world.user().await;
    let approved = world.decided(&caller, NIK, Decision::AutoApprove).await.document;
    let rejected = world.decided(&caller, NIK, Decision::AutoReject).await.document;
    let reviewed = world.decided(&caller, NIK, Decision::NeedsReview).await.document;
    let waits = world.uploaded(&caller).await;
    let never = TooOld::default();
    assert_eq!(
        world.store.too_old(10, &never).await.unwrap(),
        [],
        "nothing is too old unless somebody says so"
    );
    let than = TooOld { completed_before: Some(world.after(1)), failed_before: None };
    let mut found = world.store.too_old(10, &than).await.unwrap();
    found.sort();
    assert_eq!(found, [approved, rejected]);
    assert_eq!(world.store.too_old(1, &than).await.unwrap().len(), 1);
    world.store.escalate(&caller, rejected, &origin(), world.now).await.unwrap();
    let erase =
        async |document| world.store.erase_too_old(document, &than, &ORIGIN, world.after(2)).await.unwrap();
    assert!(erase(approved).await && !erase(approved).await, "once");
    for kept in [rejected, reviewed, waits] {
        assert!(!erase(kept).await);
        assert!(world.store.get_document(&caller, kept, world.now).await.is_ok());
    }
    assert_forgotten(&world, approved).await;
    let cause = "SELECT cause FROM erasures WHERE document_id = $1";
    assert_eq!(world.value(cause, approved).await.as_deref(), Some("retention"));
}

#[tokio::test]
async fn the_database_refuses_an_incomplete_erasure() {
    let world = World::new().await;
    let caller = world.user().await;
    let app = world.db.app().await.unwrap();
    let refused = async |document: DocumentId| {
        let sql = format!(
            "UPDATE documents SET status = 'erased', version = version + 1, last_event = 'erased', result = NULL, \
             ocr_text = NULL, stage_ms = NULL, next_enqueue_at = now(), deleted_at = now() WHERE id = '{document}'"
        );
        let error = app.batch_execute(&sql).await.unwrap_err();
        error.as_db_error().and_then(|db| db.constraint().map(str::to_owned))
    };
    let waits = world.uploaded(&caller).await;
    assert_eq!(refused(waits).await.as_deref(), Some("documents_erasure_is_recorded"));
    let approved = world.decided(&caller, NIK, Decision::AutoApprove).await.document;
    assert_eq!(refused(approved).await.as_deref(), Some("documents_erasure_leaves_nothing"));
    let reviewed = world.decided(&caller, NIK, Decision::NeedsReview).await.document;
    assert_eq!(refused(reviewed).await.as_deref(), Some("documents_erasure_leaves_nothing"));
}
