//! What one user may take of what all of them share, and that others wait for nobody who has more than a share.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::retry::{AfterFailure, QueueKind};
use filot_domain::{Decision, DocumentId, DocumentType, ReasonCode};
use filot_store::{
    BeginUpload, Caller, Claim, ExceededLimit, IdempotencyKey, Miss, NewDocument, NotClaimable, Requeued,
    StoreError, UserLimits,
};
use futures::future::join_all;

use crate::fixture::{NIK, World, new_document, origin};

const ROOMY: UserLimits = UserLimits { in_flight: 1000, per_day: 1000, storage_bytes: 1 << 30 };

async fn begin(world: &World, caller: &Caller, limits: &UserLimits, now: DateTime<Utc>) -> BeginUpload {
    let new = new_document(DocumentType::Ktp);
    world.store.begin_upload(caller, &new, limits, &origin(), now).await.unwrap()
}

async fn refusal(
    world: &World,
    caller: &Caller,
    limits: &UserLimits,
    now: DateTime<Utc>,
) -> Option<ExceededLimit> {
    match begin(world, caller, limits, now).await {
        BeginUpload::Fresh { .. } => None,
        BeginUpload::Refused(exceeded) => Some(exceeded),
        other => panic!("{other:?}"),
    }
}

async fn fail(
    world: &World,
    document: DocumentId,
    reason: ReasonCode,
    next: AfterFailure,
    now: DateTime<Utc>,
) {
    let claimed = world.claimed(document, "w", now).await;
    world.store.record_failure(&claimed.lease, reason, next, &origin(), now).await.unwrap();
}

#[tokio::test]
async fn a_user_has_so_many_documents_in_flight() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let limits = UserLimits { in_flight: 2, ..ROOMY };
    let first = world.uploaded(&caller).await;
    world.uploaded(&caller).await;
    assert_eq!(refusal(&world, &caller, &limits, world.now).await, Some(ExceededLimit::InFlight));
    assert_eq!(refusal(&world, &other, &limits, world.now).await, None, "another user's are their own");
    fail(&world, first, ReasonCode::FileUnreadable, AfterFailure::Fail, world.now).await;
    assert_eq!(refusal(&world, &caller, &limits, world.now).await, None, "one has failed");
    // The new one is not stored yet; an upload that died holds its place for a minute only.
    assert_eq!(refusal(&world, &caller, &limits, world.after(59)).await, Some(ExceededLimit::InFlight));
    assert_eq!(refusal(&world, &caller, &limits, world.after(61)).await, None);
}

#[tokio::test]
async fn a_document_that_waits_for_a_human_is_not_in_flight() {
    let world = World::new().await;
    let caller = world.user().await;
    world.decided(&caller, NIK, Decision::NeedsReview).await;
    let limits = UserLimits { in_flight: 1, ..ROOMY };
    assert_eq!(refusal(&world, &caller, &limits, world.now).await, None);
}

#[tokio::test]
async fn of_uploads_at_once_no_more_begin_than_may() {
    let world = World::new().await;
    let caller = world.user().await;
    let limits = UserLimits { in_flight: 3, ..ROOMY };
    let refused = join_all((0..8).map(|_| refusal(&world, &caller, &limits, world.now))).await;
    assert_eq!(refused.iter().filter(|refused| refused.is_none()).count(), 3);
}

#[tokio::test]
async fn a_day_has_so_many_uploads_and_tries() {
    let world = World::new().await;
    let caller = world.user().await;
    let limits = UserLimits { per_day: 3, ..ROOMY };
    let erased = world.uploaded(&caller).await;
    world.store.erase_document(&caller, erased, &origin(), world.now).await.unwrap();
    let failed = world.uploaded(&caller).await;
    fail(&world, failed, ReasonCode::ReaderCrashed, AfterFailure::Fail, world.now).await;
    let requeue = async |at| {
        world.store.requeue(&caller, failed, QueueKind::Gpu, &limits, &origin(), at).await.unwrap()
    };
    assert!(matches!(requeue(world.after(60)).await, Requeued::Waiting { .. }));
    fail(&world, failed, ReasonCode::ReaderCrashed, AfterFailure::Fail, world.after(60)).await;
    // Two uploads, of which one is erased, and a new try.
    let day = TimeDelta::days(1);
    let until = ExceededLimit::PerDay { free_at: world.now + day };
    assert_eq!(refusal(&world, &caller, &limits, world.after(61)).await, Some(until));
    assert_eq!(requeue(world.after(61)).await, Requeued::Refused(until));
    // The session of the fixture lasts a day.
    let almost = world.now + day - TimeDelta::seconds(1);
    assert_eq!(refusal(&world, &caller, &limits, almost).await, Some(until));
    let sql = "UPDATE sessions SET expires_at = expires_at + interval '1 day'";
    world.owner().await.execute(sql, &[]).await.unwrap();
    assert_eq!(refusal(&world, &caller, &limits, world.now + day).await, None);
}

#[tokio::test]
async fn a_discarded_upload_costs_nothing_of_the_day() {
    let world = World::new().await;
    let caller = world.user().await;
    let BeginUpload::Fresh { document, .. } = begin(&world, &caller, &ROOMY, world.now).await else {
        panic!("not fresh")
    };
    let limits = UserLimits { per_day: 1, ..ROOMY };
    assert!(refusal(&world, &caller, &limits, world.after(60)).await.is_some());
    world.store.discard_upload(document.id(), &origin(), world.after(60)).await.unwrap();
    assert_eq!(refusal(&world, &caller, &limits, world.after(60)).await, None);
}

#[tokio::test]
async fn a_user_stores_so_many_bytes() {
    let world = World::new().await;
    let caller = world.user().await;
    let bytes = new_document(DocumentType::Ktp).bytes;
    let limits = UserLimits { storage_bytes: 2 * bytes, ..ROOMY };
    let first = world.uploaded(&caller).await;
    assert_eq!(refusal(&world, &caller, &limits, world.now).await, None, "exactly full");
    assert_eq!(refusal(&world, &caller, &limits, world.now).await, Some(ExceededLimit::Storage));
    world.store.erase_document(&caller, first, &origin(), world.now).await.unwrap();
    assert_eq!(refusal(&world, &caller, &limits, world.now).await, None, "one was erased");
}

#[tokio::test]
async fn an_upload_that_was_answered_is_answered_again_at_the_limit() {
    let world = World::new().await;
    let caller = world.user().await;
    let limits = UserLimits { in_flight: 1, per_day: 1, storage_bytes: 1 << 30 };
    let key = IdempotencyKey { key: "once".to_owned(), request_hash: [7; 32] };
    let mut new = new_document(DocumentType::Ktp);
    new.idempotency = Some(key);
    let begin =
        async || world.store.begin_upload(&caller, &new, &limits, &origin(), world.now).await.unwrap();
    let BeginUpload::Fresh { document, .. } = begin().await else { panic!("not fresh") };
    assert!(matches!(begin().await, BeginUpload::InProgress));
    world.store.finish_upload(document, QueueKind::Gpu, &origin(), world.now).await.unwrap();
    assert!(matches!(begin().await, BeginUpload::Replay { .. }));
    let refused = refusal(&world, &caller, &limits, world.now).await;
    assert!(refused.is_some(), "another one is not");
}

#[tokio::test]
async fn inv_6_limits_are_told_to_the_session_alone() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let limits = UserLimits { in_flight: 0, ..ROOMY };
    let stranger = Caller { session_id: other.session_id, ..caller };
    let new = new_document(DocumentType::Ktp);
    let answer = world.store.begin_upload(&stranger, &new, &limits, &origin(), world.now).await;
    assert!(matches!(answer, Err(StoreError::Miss(Miss::SessionEnded))));
}

#[tokio::test]
async fn a_file_that_exhausted_two_readers_is_not_queued_again() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let exhausted = ReasonCode::ReaderExhausted;
    let retry = AfterFailure::Retry { queue: QueueKind::Gpu, not_before: world.now };
    let sha256 = [0x5a; 32];
    let same_file = || NewDocument { content_sha256: sha256, ..new_document(DocumentType::Ktp) };
    let document = world.uploaded_as(&caller, same_file()).await;
    assert_eq!(world.store.exhaustions(caller.user_id, &sha256).await.unwrap(), 0);
    fail(&world, document, exhausted, retry, world.now).await;
    fail(&world, document, ReasonCode::ReaderCrashed, AfterFailure::Fail, world.now).await;
    let requeue = async |document| {
        world.store.requeue(&caller, document, QueueKind::Gpu, &ROOMY, &origin(), world.now).await.unwrap()
    };
    assert!(matches!(requeue(document).await, Requeued::Waiting { .. }), "one time is an accident");
    fail(&world, document, exhausted, AfterFailure::Fail, world.now).await;
    assert_eq!(requeue(document).await, Requeued::Exhausting);
    // The same bytes as another document of the user's, and of somebody else's.
    let again = world.uploaded_as(&caller, same_file()).await;
    fail(&world, again, ReasonCode::ReaderCrashed, AfterFailure::Fail, world.now).await;
    assert_eq!(requeue(again).await, Requeued::Exhausting);
    assert_eq!(world.store.exhaustions(caller.user_id, &sha256).await.unwrap(), 2);
    assert_eq!(world.store.exhaustions(other.user_id, &sha256).await.unwrap(), 0);
    assert_eq!(world.store.exhaustions(caller.user_id, &[0xee; 32]).await.unwrap(), 0);
}

/// An uploaded document whose message was sent.
async fn queued(world: &World, caller: &Caller) -> DocumentId {
    let document = world.uploaded(caller).await;
    world.store.mark_enqueued(document, QueueKind::Gpu, world.now, world.after(300)).await.unwrap();
    document
}

fn is_put_off(claim: &Claim) -> bool {
    matches!(claim, Claim::Not(NotClaimable::PutOff))
}

#[tokio::test]
async fn who_holds_a_reader_waits_for_those_who_hold_none() {
    let world = World::new().await;
    let (eager, other) = (world.user().await, world.user().await);
    let (first, second) = (queued(&world, &eager).await, queued(&world, &eager).await);
    let claim = async |document, at| world.try_claim(document, "w", QueueKind::Gpu, at).await;
    world.claimed(first, "w", world.now).await;
    let theirs = queued(&world, &other).await;
    assert!(is_put_off(&claim(second, world.now).await));
    world.claimed(theirs, "w", world.now).await;
    assert!(matches!(claim(second, world.now).await, Claim::Claimed(_)), "nobody waits any more");
}

#[tokio::test]
async fn nobody_is_put_off_for_nobody_nor_for_ever() {
    let world = World::new().await;
    let (eager, other) = (world.user().await, world.user().await);
    let claim = async |document, serves, at| world.try_claim(document, "w", serves, at).await;
    let mut own = Vec::new();
    for _ in 0..4 {
        own.push(queued(&world, &eager).await);
    }
    world.claimed(own[0], "w", world.now).await;
    assert!(matches!(claim(own[1], QueueKind::Gpu, world.now).await, Claim::Claimed(_)), "all are theirs");
    // A document of which no message was sent, and one of the other queue, wait for somebody else.
    world.uploaded(&other).await;
    assert!(matches!(claim(own[2], QueueKind::Gpu, world.now).await, Claim::Claimed(_)));
    let theirs = queued(&world, &other).await;
    assert!(is_put_off(&claim(own[3], QueueKind::Gpu, world.now).await));
    world.store.mark_enqueued(theirs, QueueKind::Cpu, world.now, world.after(300)).await.unwrap();
    assert!(matches!(claim(own[3], QueueKind::Gpu, world.now).await, Claim::Claimed(_)));

    let late = queued(&world, &eager).await;
    queued(&world, &other).await;
    let renewed = world.claimed(queued(&world, &eager).await, "w", world.after(301)).await;
    world.store.heartbeat(&renewed.lease, 600, world.after(301)).await.unwrap();
    assert!(matches!(claim(late, QueueKind::Gpu, world.after(301)).await, Claim::Claimed(_)), "five minutes");
}

#[tokio::test]
async fn who_exhausted_a_reader_comes_after_those_who_did_not() {
    let world = World::new().await;
    let (slow, other) = (world.user().await, world.user().await);
    let (document, next) = (queued(&world, &slow).await, queued(&world, &slow).await);
    let retry = AfterFailure::Retry { queue: QueueKind::Gpu, not_before: world.now };
    fail(&world, document, ReasonCode::ReaderExhausted, retry, world.now).await;
    let theirs = queued(&world, &other).await;
    let claim = async |document| world.try_claim(document, "w", QueueKind::Gpu, world.now).await;
    assert!(is_put_off(&claim(document).await), "the file itself");
    assert!(is_put_off(&claim(next).await), "another one of the same user");
    fail(&world, theirs, ReasonCode::ReaderExhausted, retry, world.now).await;
    queued(&world, &other).await;
    assert!(matches!(claim(next).await, Claim::Claimed(_)), "nobody waits who has not had a turn");
}

#[tokio::test]
async fn of_claims_for_one_user_at_once_one_gets_a_reader() {
    let world = World::new().await;
    let (eager, other) = (world.user().await, world.user().await);
    let mut own = Vec::new();
    for _ in 0..6 {
        own.push(queued(&world, &eager).await);
    }
    queued(&world, &other).await;
    let claims =
        join_all(own.iter().map(|document| world.try_claim(*document, "w", QueueKind::Gpu, world.now))).await;
    let held = claims.iter().filter(|claim| matches!(claim, Claim::Claimed(_))).count();
    assert_eq!((held, claims.iter().filter(|claim| is_put_off(claim)).count()), (1, 5));
}
