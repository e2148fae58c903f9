//! What the sweeper finds, and that it finds it once.

use filot_domain::retry::QueueKind;
use filot_domain::{Decision, DocumentStatus, DocumentType};
use filot_store::{BeginUpload, Miss, ObjectGone, StoreError, UserLimits};
use futures::future::join_all;

use crate::fixture::{NIK, World, new_document, origin};

#[tokio::test]
async fn inv_1_an_upload_whose_message_was_never_sent_is_found() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    assert_eq!(world.store.lost_documents(10, world.after(29)).await.unwrap(), []);
    let sweeps = join_all((0..4).map(|_| world.store.lost_documents(10, world.after(30)))).await;
    let found: Vec<_> = sweeps.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(found.len(), 1, "by one sweep");
    assert_eq!((found[0].id, found[0].queue, found[0].enqueues), (document, QueueKind::Gpu, 0));
    world.store.mark_enqueued(document, QueueKind::Cpu, world.after(30), world.after(300)).await.unwrap();
    assert_eq!(world.store.lost_documents(10, world.after(299)).await.unwrap(), []);
    assert_eq!(world.store.waiting_on(QueueKind::Cpu).await.unwrap(), 1);
    let again = world.store.lost_documents(10, world.after(300)).await.unwrap();
    assert_eq!((again[0].queue, again[0].enqueues), (QueueKind::Cpu, 1));
}

#[tokio::test]
async fn inv_1_a_document_of_a_lost_worker_is_found() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let held = world.claimed(document, "w1", world.now).await;
    world.store.heartbeat(&held.lease, 30, world.after(55)).await.unwrap();
    assert_eq!(world.store.lost_documents(10, world.after(80)).await.unwrap(), []);
    assert_eq!(world.store.lost_documents(10, world.after(90)).await.unwrap()[0].id, document);
}

#[tokio::test]
async fn inv_1_a_reading_that_nobody_scored_is_found() {
    let world = World::new().await;
    let caller = world.user().await;
    let document = world.read(&caller, NIK).await;
    assert_eq!(world.store.stale_ocr_completed(10, world.after(59)).await.unwrap(), []);
    assert_eq!(world.store.stale_ocr_completed(10, world.after(60)).await.unwrap()[0].id, document);
    assert_eq!(world.store.stale_ocr_completed(10, world.after(61)).await.unwrap(), []);
    assert_eq!(world.store.lost_documents(10, world.after(9999)).await.unwrap(), []);
    // Once decided there is nothing to look after.
    world.decided(&caller, NIK, Decision::AutoReject).await;
    assert_eq!(world.store.stale_ocr_completed(10, world.after(9999)).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_half_received_upload_ends_before_its_object_goes() {
    let world = World::new().await;
    let caller = world.user().await;
    let new = new_document(DocumentType::Npwp);
    let begun =
        world.store.begin_upload(&caller, &new, &UserLimits::NONE, &origin(), world.now).await.unwrap();
    let BeginUpload::Fresh { document, object_key, .. } = begun else { panic!("{begun:?}") };
    assert_eq!(world.store.half_received(10, world.now, world.after(600)).await.unwrap(), []);
    let found = world.store.half_received(10, world.after(1), world.after(600)).await.unwrap();
    assert_eq!((found[0].id, &found[0].object_key), (document.id(), &object_key));
    // The time of its event is the database's: now.
    for _ in 0..2 {
        world.store.discard_upload(document.id(), &origin(), world.now).await.unwrap();
    }
    let late = world.store.finish_upload(document, QueueKind::Gpu, &origin(), world.after(601)).await;
    assert!(matches!(late, Err(StoreError::Miss(Miss::Stale { status: DocumentStatus::Erased, .. }))));
    // The object may still be there until somebody says that it is gone.
    let left = world.store.half_received(10, world.now, world.after(600)).await.unwrap();
    assert_eq!(left[0].status, DocumentStatus::Erased);
    // A retry under the same key may still be storing it.
    let gone = world.store.object_deleted(document.id(), world.after(1)).await.unwrap();
    assert_eq!(gone, ObjectGone::Watched);
    let gone = world.store.object_deleted(document.id(), world.after(901)).await.unwrap();
    assert_eq!(gone, ObjectGone::Noted);
    assert_eq!(world.store.half_received(10, world.after(9999), world.after(9999)).await.unwrap(), []);
    world.assert_events_fold_to_rows().await;
}
