//! What an owner may ask for: their list, another try, a human.

use chrono::TimeDelta;
use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::retry::{AfterFailure, QueueKind};
use filot_domain::review::ReviewDecision;
use filot_domain::{
    Decision, DocumentId, DocumentStatus, DocumentType, ReasonCode, SessionId, VerificationStatus,
};
use filot_store::{
    BeginUpload, Callback, CallbackOutcome, Caller, ListFilter, Miss, Requeued, StoreError, UserLimits,
};
use futures::future::join_all;

use crate::fixture::{NIK, OTHER_NIK, World, new_document, origin};

const ALL: ListFilter = ListFilter { status: None, document_type: None, after: None, limit: 2 };

fn is_stale<T: std::fmt::Debug>(answer: Result<T, StoreError>, status: DocumentStatus) -> bool {
    matches!(answer, Err(StoreError::Miss(Miss::Stale { status: found, .. })) if found == status)
}

async fn failed(world: &World, caller: &Caller) -> DocumentId {
    let document = world.uploaded(caller).await;
    let claimed = world.claimed(document, "w", world.now).await;
    let reason = ReasonCode::FileUnreadable;
    world
        .store
        .record_failure(&claimed.lease, reason, AfterFailure::Fail, &origin(), world.now)
        .await
        .unwrap();
    document
}

#[tokio::test]
async fn inv_6_a_list_pages_through_the_callers_own_documents() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    world.uploaded(&other).await;
    let mut own = Vec::new();
    for _ in 0..5 {
        // All at the same instant: only their ids tell them apart.
        own.push(world.uploaded(&caller).await);
    }
    own.sort();
    own.reverse();
    let (mut seen, mut filter) = (Vec::new(), ALL);
    for _ in 0..3 {
        let page = world.store.list_documents(&caller, &filter, world.now).await.unwrap();
        seen.extend(page.documents.iter().map(|document| document.id));
        filter.after = page.next;
    }
    assert_eq!((seen, filter.after), (own.clone(), None));

    // What comes or goes meanwhile neither repeats nor hides another.
    let first = world.store.list_documents(&caller, &ALL, world.now).await.unwrap();
    world.store.erase_document(&caller, own[0], &origin(), world.now).await.unwrap();
    world.uploaded(&caller).await;
    let filter = ListFilter { after: first.next, limit: 100, ..ALL };
    let rest = world.store.list_documents(&caller, &filter, world.now).await.unwrap();
    let rest: Vec<_> = rest.documents.iter().map(|document| document.id).collect();
    assert_eq!(rest, own[2..]);
    world.store.list_documents(&other, &ListFilter { after: first.next, ..ALL }, world.now).await.unwrap();
    let stranger = Caller { session_id: caller.session_id, ..other };
    assert!(matches!(
        world.store.list_documents(&stranger, &ALL, world.now).await,
        Err(StoreError::Miss(Miss::SessionEnded))
    ));
}

#[tokio::test]
async fn a_list_filters_and_hides_receiving_and_erased_documents() {
    let world = World::new().await;
    let caller = world.user().await;
    assert_eq!(world.store.list_documents(&caller, &ALL, world.now).await.unwrap().documents, []);
    let waits = world.uploaded(&caller).await;
    let broken = failed(&world, &caller).await;
    let gone = world.uploaded(&caller).await;
    world.store.erase_document(&caller, gone, &origin(), world.now).await.unwrap();
    let npwp = new_document(DocumentType::Npwp);
    let begun =
        world.store.begin_upload(&caller, &npwp, &UserLimits::NONE, &origin(), world.now).await.unwrap();
    let of = |status, document_type| ListFilter { status, document_type, after: None, limit: 10 };
    let ids = async |filter: ListFilter| {
        let page = world.store.list_documents(&caller, &filter, world.now).await.unwrap();
        assert_eq!(page.next, None);
        page.documents.iter().map(|document| document.id).collect::<Vec<_>>()
    };
    let mut shown = ids(of(None, None)).await;
    shown.sort();
    assert_eq!(shown, [waits, broken]);
    assert_eq!(ids(of(Some(DocumentStatus::Failed), None)).await, [broken]);
    assert_eq!(ids(of(Some(DocumentStatus::Receiving), None)).await, []);
    assert_eq!(ids(of(Some(DocumentStatus::Erased), None)).await, []);
    assert_eq!(ids(of(None, Some(DocumentType::Npwp))).await, []);
    let BeginUpload::Fresh { document, .. } = begun else { panic!("{begun:?}") };
    world.store.finish_upload(document, QueueKind::Cpu, &origin(), world.now).await.unwrap();
    assert_eq!(ids(of(None, Some(DocumentType::Npwp))).await, [npwp.id]);
}

#[tokio::test]
async fn inv_6_a_file_is_found_by_its_owner_only() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let document = world.uploaded(&caller).await;
    assert!(world.store.document_file(&caller, document, world.now).await.unwrap().contains("documents/"));
    let not_found = |answer| matches!(answer, Err(StoreError::Miss(Miss::NotFound)));
    assert!(not_found(world.store.document_file(&other, document, world.now).await));
    let ended = Caller { session_id: SessionId::from_uuid(uuid::Uuid::now_v7()), ..caller };
    assert!(matches!(
        world.store.document_file(&ended, document, world.now).await,
        Err(StoreError::Miss(Miss::SessionEnded))
    ));
    world.store.erase_document(&caller, document, &origin(), world.now).await.unwrap();
    assert!(not_found(world.store.document_file(&caller, document, world.now).await));
}

#[tokio::test]
async fn inv_1_a_failed_document_gets_a_whole_new_try() {
    let world = World::new().await;
    let caller = world.user().await;
    let document = failed(&world, &caller).await;
    let again = world
        .store
        .requeue(&caller, document, QueueKind::Cpu, &UserLimits::NONE, &origin(), world.after(60))
        .await
        .unwrap();
    let Requeued::Waiting { document: again, queue } = again else { panic!("{again:?}") };
    assert_eq!((again.status, queue), (DocumentStatus::Uploaded, QueueKind::Cpu));
    assert_eq!(again.processed_at, None);
    let row = "SELECT concat_ws(' ', attempts, enqueues, cardinality(reasons)) FROM documents WHERE id = $1";
    assert_eq!(world.value(row, document).await.as_deref(), Some("0 0 0"));
    assert_eq!(world.events(document).await.last().unwrap(), "requeued");
    let lost = world.store.lost_documents(10, world.after(90)).await.unwrap();
    assert_eq!(lost[0].id, document, "the sweeper sends it if nobody else did");
    let claim = world.try_claim(document, "w2", QueueKind::Cpu, world.after(91)).await;
    assert!(matches!(claim, filot_store::Claim::Claimed(claimed) if claimed.attempts == 0));
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn only_failed_and_waiting_documents_are_queued_again() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let document = world.uploaded(&caller).await;
    let requeue = async |caller, document| {
        world.store.requeue(caller, document, QueueKind::Cpu, &UserLimits::NONE, &origin(), world.now).await
    };
    let pushed = requeue(&caller, document).await.unwrap();
    let stays = matches!(pushed, Requeued::Waiting { queue: QueueKind::Gpu, .. });
    assert!(stays, "it stays where it waits: {pushed:?}");
    assert_eq!(world.events(document).await.len(), 2, "nothing happened to it");
    assert!(matches!(requeue(&other, document).await, Err(StoreError::Miss(Miss::NotFound))));
    world.claimed(document, "w", world.now).await;
    assert!(is_stale(requeue(&caller, document).await, DocumentStatus::Processing));
    let read = world.read(&caller, NIK).await;
    assert!(is_stale(requeue(&caller, read).await, DocumentStatus::OcrCompleted));
    let decided = world.decided(&caller, NIK, Decision::AutoReject).await.document;
    assert!(is_stale(requeue(&caller, decided).await, DocumentStatus::Completed));
    let reviewed = world.decided(&caller, NIK, Decision::NeedsReview).await.document;
    assert!(is_stale(requeue(&caller, reviewed).await, DocumentStatus::AiEvaluated));
    world.store.erase_document(&caller, document, &origin(), world.now).await.unwrap();
    assert!(matches!(requeue(&caller, document).await, Err(StoreError::Miss(Miss::NotFound))));
}

#[tokio::test]
async fn two_tries_asked_for_at_once_are_one() {
    let world = World::new().await;
    let caller = world.user().await;
    let document = failed(&world, &caller).await;
    let asked = (0..6).map(|_| {
        world.store.requeue(&caller, document, QueueKind::Gpu, &UserLimits::NONE, &ORIGIN, world.now)
    });
    assert!(join_all(asked).await.iter().all(Result::is_ok));
    let requeued = world.events(document).await.iter().filter(|event| *event == "requeued").count();
    assert_eq!(requeued, 1);
}

static ORIGIN: std::sync::LazyLock<filot_store::Origin> = std::sync::LazyLock::new(origin);

#[tokio::test]
async fn inv_5_escalating_twice_makes_one_review() {
    let world = World::new().await;
    let caller = world.user().await;
    let rejected = world.decided(&caller, NIK, Decision::AutoReject).await;
    let document = rejected.document;
    let asked = (0..6).map(|_| world.store.escalate(&caller, document, &ORIGIN, world.now));
    let answers: Vec<_> = join_all(asked).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|answer| answer.queued).count(), 1);
    let review = answers[0].review.id;
    assert!(answers.iter().all(|answer| answer.review.id == review));
    assert_eq!(answers[0].document.verification_status, VerificationStatus::PendingManualReview);
    assert_eq!(answers[0].document.processed_at, None);
    assert_eq!(world.events(document).await.iter().filter(|event| *event == "escalated").count(), 1);

    // INV-2: the evaluation stays decided; the human's decision is what comes next.
    let view = world.store.verification_status(&caller, document, world.now).await.unwrap();
    assert_eq!((view.status, view.decision), (DocumentStatus::AiEvaluated, Some(Decision::AutoReject)));
    let lease = world.taken("d").await;
    let payload = world.store.load_dispatch(&lease, world.now).await.unwrap();
    assert_eq!((payload.review, payload.decision), (review, Decision::AutoReject));
    world.store.acknowledge_dispatch(&lease, "task-1", world.now).await.unwrap();
    let approve = Callback {
        review: Some(review),
        task_id: None,
        document: None,
        user_id: None,
        decision: ReviewDecision::Approved,
        notes: None,
    };
    let applied = world.store.apply_callback(&approve, &origin(), world.now).await.unwrap();
    assert!(matches!(applied, CallbackOutcome::Applied { .. }));
    let again = world.store.escalate(&caller, document, &origin(), world.now).await;
    assert!(is_stale(again, DocumentStatus::Completed), "a human has spoken");
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn only_what_the_table_of_edges_allows_is_escalated() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let escalate =
        async |caller, document| world.store.escalate(caller, document, &origin(), world.now).await;
    let waits = world.uploaded(&caller).await;
    assert!(is_stale(escalate(&caller, waits).await, DocumentStatus::Uploaded));
    let broken = failed(&world, &caller).await;
    assert!(is_stale(escalate(&caller, broken).await, DocumentStatus::Failed));
    let read = world.read(&caller, NIK).await;
    assert!(is_stale(escalate(&caller, read).await, DocumentStatus::OcrCompleted));
    let rejected = world.decided(&caller, NIK, Decision::AutoReject).await.document;
    assert!(matches!(escalate(&other, rejected).await, Err(StoreError::Miss(Miss::NotFound))));
    let approved = world.decided(&other, OTHER_NIK, Decision::AutoApprove).await.document;
    assert!(is_stale(escalate(&other, approved).await, DocumentStatus::Completed));
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn inv_5_escalating_sends_a_refused_review_again() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let asked = world.store.escalate(&caller, decided.document, &origin(), world.now).await.unwrap();
    assert!(!asked.queued && Some(asked.review.id) == decided.review, "it is on its way already");
    let lease = world.taken("d1").await;
    world.store.refuse_dispatch(&lease, "http_422", world.now).await.unwrap();
    let refused = world.store.review(lease.review()).await.unwrap();
    assert_eq!(refused.dispatch_state, DispatchState::Refused);
    assert_eq!(refused.dispatch_error.as_deref(), Some("http_422"));

    let asked = world.store.escalate(&caller, decided.document, &origin(), world.now).await.unwrap();
    assert!(asked.queued && Some(asked.review.id) == decided.review);
    let again = world.taken("d2").await;
    world.store.acknowledge_dispatch(&again, "task-1", world.now).await.unwrap();
    let view = world.store.review(again.review()).await.unwrap();
    assert_eq!(
        (view.review.status, view.dispatch_state),
        (ReviewStatus::Pending, DispatchState::Acknowledged)
    );
    assert_eq!((view.task_id.as_deref(), view.dispatch_attempts), (Some("task-1"), 1));
    assert!(view.acknowledged_at.is_some_and(|at| at - world.now < TimeDelta::seconds(1)));
}
