//! Numbers about all documents: they agree with what happened.

use filot_domain::{Decision, DocumentStatus, VerificationStatus};
use filot_store::{QueueLoad, StateCount};

use crate::fixture::{NIK, World};

#[tokio::test]
async fn what_waits_and_what_is_held_is_counted_by_queue() {
    let world = World::new().await;
    let caller = world.user().await;
    assert_eq!(world.store.queue_loads(world.now).await.unwrap(), Default::default());
    let held = world.uploaded(&caller).await;
    world.uploaded(&caller).await;
    world.claimed(held, "w1", world.after(5)).await;
    let loads = world.store.queue_loads(world.after(6)).await.unwrap();
    let one_each = QueueLoad { waiting: 1, oldest_waiting_at: Some(world.now), active: 1 };
    assert_eq!((loads.gpu, loads.cpu), (one_each, QueueLoad::default()));
    // A lease that ran out holds nothing: the document waits again, since it was claimed.
    let loads = world.store.queue_loads(world.after(36)).await.unwrap();
    assert_eq!((loads.gpu.waiting, loads.gpu.active), (2, 0));
    // What was read waits for no worker.
    world.read(&caller, NIK).await;
    assert_eq!(world.store.queue_loads(world.after(36)).await.unwrap().gpu.waiting, 2);
}

#[tokio::test]
async fn what_does_not_move_is_stuck_unless_a_worker_holds_it() {
    let world = World::new().await;
    let caller = world.user().await;
    let (first, held) = (world.uploaded(&caller).await, world.uploaded(&caller).await);
    let read = world.read(&caller, NIK).await;
    world.decided(&caller, "3174015708950009", Decision::AutoReject).await;
    world.claimed(held, "w1", world.after(1190)).await;
    let stuck = world.store.stuck_documents(20, world.after(-1), world.after(1199)).await.unwrap();
    assert_eq!((stuck.count, stuck.oldest.len()), (0, 0), "all of them moved since");
    let stuck = world.store.stuck_documents(20, world.now, world.after(1200)).await.unwrap();
    let found: Vec<_> = stuck.oldest.iter().map(|stuck| (stuck.id, stuck.status)).collect();
    assert_eq!(stuck.count, 2);
    assert!(found.contains(&(first, DocumentStatus::Uploaded)), "{found:?}");
    assert!(found.contains(&(read, DocumentStatus::OcrCompleted)), "{found:?}");
    let one = world.store.stuck_documents(1, world.now, world.after(1200)).await.unwrap();
    assert_eq!((one.count, one.oldest.len()), (2, 1), "all are counted, the oldest shown");
}

#[tokio::test]
async fn counts_by_state_are_exact_before_and_after_folding() {
    let world = World::new().await;
    let caller = world.user().await;
    world.uploaded(&caller).await;
    for nik in ["3174015708950003", "3174015708950004"] {
        world.decided(&caller, nik, Decision::AutoReject).await;
    }
    let expected = [
        (DocumentStatus::Uploaded, VerificationStatus::Pending, 1),
        (DocumentStatus::Completed, VerificationStatus::AutoRejected, 2),
    ]
    .map(|(status, verification_status, documents)| StateCount {
        status,
        verification_status,
        documents,
    });
    let counts = async || {
        let mut counts = world.store.documents_by_state().await.unwrap();
        counts.sort_by_key(|count| count.documents);
        counts
    };
    assert_eq!(counts().await, expected);
    // In parts, and by two at once of which one has to wait for its next turn.
    assert_eq!(world.store.fold_counts(3).await.unwrap(), 3);
    assert_eq!(counts().await, expected);
    let (one, two) = tokio::join!(world.store.fold_counts(1000), world.store.fold_counts(1000));
    assert!(one.unwrap() + two.unwrap() > 0);
    assert_eq!(counts().await, expected);
    assert_eq!(world.store.fold_counts(1000).await.unwrap(), 0, "nothing is left to fold");
    world.assert_events_fold_to_rows().await;
}
