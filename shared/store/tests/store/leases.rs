//! Claim, heartbeat, commit, failure, giving back.

use std::collections::BTreeMap;

use filot_domain::retry::{AfterFailure, QueueKind};
use filot_domain::{DocumentStatus, ReasonCode};
use filot_store::{Claim, Miss, NotClaimable, StoreError};
use futures::future::join_all;

use crate::fixture::{NIK, World, ktp, origin};

fn miss<T: std::fmt::Debug>(result: Result<T, StoreError>) -> Miss {
    match result {
        Err(StoreError::Miss(miss)) => miss,
        other => panic!("{other:?}"),
    }
}

fn why(claim: Claim) -> NotClaimable {
    match claim {
        Claim::Not(why) => why,
        Claim::Claimed(claimed) => panic!("claimed by {}", claimed.lease.owner()),
    }
}

#[tokio::test]
async fn inv_3_of_eight_workers_at_once_one_claims() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let names: Vec<String> = (0..8).map(|i| format!("w{i}")).collect();
    let claims =
        join_all(names.iter().map(|name| world.try_claim(document, name, QueueKind::Gpu, world.now))).await;
    let won = claims.iter().filter(|claim| matches!(claim, Claim::Claimed(_))).count();
    let held = claims.iter().filter(|claim| matches!(claim, Claim::Not(NotClaimable::HeldUntil(_)))).count();
    assert_eq!((won, held), (1, 7));
    assert_eq!(world.events(document).await, ["created", "stored", "claimed"]);
}

#[tokio::test]
async fn inv_3_a_zombie_writes_nothing() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let zombie = world.claimed(document, "zombie", world.now).await;
    let second = world.claimed(document, "second", world.after(31)).await;
    assert_eq!((zombie.lease.epoch(), second.lease.epoch()), (1, 2));

    let lost = Miss::LeaseLost { epoch: 2, status: DocumentStatus::Processing };
    let later = world.after(32);
    let store = &world.store;
    let nothing = BTreeMap::new();
    let fail = AfterFailure::Fail;
    assert_eq!(miss(store.commit_reading(&zombie.lease, &ktp(NIK), &nothing, &origin(), later).await), lost);
    assert_eq!(miss(store.heartbeat(&zombie.lease, 30, later).await), lost);
    let crashed = ReasonCode::ReaderCrashed;
    assert_eq!(miss(store.record_failure(&zombie.lease, crashed, fail, &origin(), later).await), lost);
    assert_eq!(miss(store.give_back(&zombie.lease, None, &origin(), later).await), lost);
    assert_eq!(world.value("SELECT result::text FROM documents WHERE id = $1", document).await, None);

    store.commit_reading(&second.lease, &ktp(NIK), &nothing, &origin(), later).await.unwrap();
    let done = Miss::LeaseLost { epoch: 2, status: DocumentStatus::OcrCompleted };
    assert_eq!(miss(store.commit_reading(&second.lease, &ktp(NIK), &nothing, &origin(), later).await), done);
    let again = world.try_claim(document, "third", QueueKind::Gpu, later).await;
    assert_eq!(why(again), NotClaimable::AlreadyRead);
    world.assert_events_fold_to_rows().await;
}

/// Under READ COMMITTED the update looks again at a row it had to wait for: so must the reason that it gives.
#[tokio::test]
async fn inv_3_a_heartbeat_that_waited_for_a_claim_names_it() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let held = world.claimed(document, "first", world.now).await;
    let other = world.owner().await;
    other.batch_execute("BEGIN").await.unwrap();
    let claim = "UPDATE documents SET version = version + 1, lease_epoch = lease_epoch + 1, lease_owner = 'second', \
                   last_event = 'reclaimed' WHERE id = $1";
    other.execute(claim, &[&document.as_uuid()]).await.unwrap();
    let (late, ()) = tokio::join!(world.store.heartbeat(&held.lease, 30, world.after(1)), async {
        world.wait_for_a_lock().await;
        other.batch_execute("COMMIT").await.unwrap();
    });
    assert_eq!(miss(late), Miss::LeaseLost { epoch: 2, status: DocumentStatus::Processing });
}

#[tokio::test]
async fn a_lease_that_ran_out_but_was_not_taken_over_still_commits() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let slow = world.claimed(document, "slow", world.now).await;
    let late = world.after(600);
    world.store.commit_reading(&slow.lease, &ktp(NIK), &BTreeMap::new(), &origin(), late).await.unwrap();
}

#[tokio::test]
async fn a_heartbeat_keeps_others_out() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let held = world.claimed(document, "w1", world.now).await;
    world.store.heartbeat(&held.lease, 30, world.after(20)).await.unwrap();
    let other = world.try_claim(document, "w2", QueueKind::Gpu, world.after(40)).await;
    assert_eq!(why(other), NotClaimable::HeldUntil(world.after(50)));
    assert_eq!(world.events(document).await.len(), 3, "a heartbeat is no event");
}

#[tokio::test]
async fn giving_back_costs_no_attempt_and_a_loss_costs_one() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let first = world.claimed(document, "w1", world.now).await;
    world.store.give_back(&first.lease, Some(world.after(5)), &origin(), world.now).await.unwrap();
    let early = world.try_claim(document, "w2", QueueKind::Gpu, world.now).await;
    assert_eq!(why(early), NotClaimable::NotYet(world.after(5)));
    let second = world.claimed(document, "w2", world.after(5)).await;
    assert_eq!(second.attempts, 0);
    // w2 disappears.
    let third = world.claimed(document, "w3", world.after(60)).await;
    assert_eq!(third.attempts, 1);
    let events = world.events(document).await;
    assert_eq!(events[2..], ["claimed", "given_back", "reclaimed", "attempt_failed", "reclaimed"]);
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn a_loss_by_a_restart_of_the_database_costs_nothing() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let long_ago = world.now - chrono::TimeDelta::days(365);
    let before = world.claimed(document, "w1", long_ago).await;
    assert_eq!(before.attempts, 0);
    assert_eq!(world.claimed(document, "w2", world.now).await.attempts, 0);
}

#[tokio::test]
async fn lost_leases_use_up_attempts_fallback_and_document() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    for (n, at) in [0, 100, 200].into_iter().enumerate() {
        assert_eq!(world.claimed(document, "doomed", world.after(at)).await.attempts as usize, n);
    }
    let moved = world.try_claim(document, "gpu", QueueKind::Gpu, world.after(300)).await;
    assert_eq!(why(moved), NotClaimable::Rerouted(QueueKind::Cpu));
    let Claim::Claimed(last) = world.try_claim(document, "cpu", QueueKind::Cpu, world.after(400)).await
    else {
        panic!("the fallback gets its try")
    };
    assert_eq!((last.attempts, last.queue), (3, QueueKind::Cpu));
    let over = world.try_claim(document, "cpu", QueueKind::Cpu, world.after(500)).await;
    assert_eq!(why(over), NotClaimable::GaveUp);
    let over = world.try_claim(document, "cpu", QueueKind::Cpu, world.after(500)).await;
    assert_eq!(why(over), NotClaimable::Final);
    let reason = world.value("SELECT reasons[1] FROM documents WHERE id = $1", document).await;
    assert_eq!(reason.as_deref(), Some("worker_lost"));
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn recorded_failures_count_move_and_end_the_document() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let first = world.claimed(document, "w1", world.now).await;
    let retry = AfterFailure::Retry { queue: QueueKind::Cpu, not_before: world.after(10) };
    let reason = ReasonCode::ReaderCrashed;
    world.store.record_failure(&first.lease, reason, retry, &origin(), world.now).await.unwrap();
    let early = world.try_claim(document, "w2", QueueKind::Cpu, world.after(9)).await;
    assert_eq!(why(early), NotClaimable::NotYet(world.after(10)));
    let Claim::Claimed(second) = world.try_claim(document, "w2", QueueKind::Cpu, world.after(10)).await
    else {
        panic!("it is due")
    };
    assert_eq!((second.attempts, second.queue), (1, QueueKind::Cpu));
    let reason = ReasonCode::FileUnreadable;
    world
        .store
        .record_failure(&second.lease, reason, AfterFailure::Fail, &origin(), world.now)
        .await
        .unwrap();
    let status = world.value("SELECT status || ' ' || attempts FROM documents WHERE id = $1", document).await;
    assert_eq!(status.as_deref(), Some("failed 2"));
    world.assert_events_fold_to_rows().await;
}

/// The rules promise one try on the CPU once the GPU's are used up. A message that came twice must not give it away.
#[tokio::test]
async fn a_second_message_does_not_give_the_cpus_try_to_a_gpu_worker() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let reason = ReasonCode::ReaderCrashed;
    for at in [0, 10, 20] {
        let held = world.claimed(document, "gpu", world.after(at)).await;
        let queue = if at < 20 { QueueKind::Gpu } else { QueueKind::Cpu };
        let retry = AfterFailure::Retry { queue, not_before: world.after(at + 10) };
        world.store.record_failure(&held.lease, reason, retry, &origin(), world.after(at)).await.unwrap();
    }
    // Due or not.
    for at in [29, 30] {
        let second = world.try_claim(document, "gpu", QueueKind::Gpu, world.after(at)).await;
        assert_eq!(why(second), NotClaimable::Rerouted(QueueKind::Cpu));
    }
    // A note of an earlier message that comes late does not move it back either.
    world.store.mark_enqueued(document, QueueKind::Gpu, world.after(31), world.after(300)).await.unwrap();
    let again = world.try_claim(document, "gpu", QueueKind::Gpu, world.after(32)).await;
    assert_eq!(why(again), NotClaimable::Rerouted(QueueKind::Cpu));
    let Claim::Claimed(last) = world.try_claim(document, "cpu", QueueKind::Cpu, world.after(33)).await else {
        panic!("the CPU gets its try")
    };
    assert_eq!((last.attempts, last.queue), (3, QueueKind::Cpu));
    // Nor does a note move what somebody holds, and the holder's queue is the one whose tries count.
    let other = world.uploaded(&world.user().await).await;
    let held = world.claimed(other, "gpu", world.now).await;
    world.store.mark_enqueued(other, QueueKind::Cpu, world.after(1), world.after(300)).await.unwrap();
    assert_eq!(held.queue, QueueKind::Gpu);
    let queue = world.value("SELECT queue FROM documents WHERE id = $1", other).await;
    assert_eq!(queue.as_deref(), Some("gpu"));
}
