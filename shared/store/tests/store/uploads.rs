//! Users, sessions, and uploads with and without a key.

use filot_domain::retry::QueueKind;
use filot_domain::{DocumentId, DocumentStatus, DocumentType, SessionId, UserId, VerificationStatus};
use filot_store::{
    BeginUpload, Caller, IdempotencyKey, Miss, NewDocument, NewUser, StoreError, UserLimits, UserVerification,
};
use futures::future::join_all;
use uuid::Uuid;

use crate::fixture::{NIK, OTHER_NIK, World, new_document, origin};

fn is_miss<T>(result: Result<T, StoreError>, wanted: &Miss) -> bool {
    matches!(result, Err(StoreError::Miss(miss)) if miss == *wanted)
}

#[tokio::test]
async fn registering_at_once_makes_one_user() {
    let world = World::new().await;
    let new = |sub: &str, email: &str| NewUser {
        id: UserId::from_uuid(Uuid::now_v7()),
        stack_user_id: sub.to_owned(),
        email: email.to_owned(),
        full_name: None,
        phone: None,
    };
    // Often enough that some two of them meet at the address before they meet at the account.
    for round in 0..20 {
        let (sub, email) = (format!("sub-{round}"), format!("Siti{round}@Contoh.test"));
        let all: Vec<NewUser> = (0..8).map(|_| new(&sub, &email)).collect();
        let registered = join_all(all.iter().map(|new| world.store.register_user(new, world.now))).await;
        let registered: Vec<_> = registered.into_iter().map(Result::unwrap).collect();
        assert_eq!(registered.iter().filter(|one| one.created).count(), 1);
        assert!(registered.windows(2).all(|two| two[0].user == two[1].user));
    }
    let found = world.store.find_user_by_stack_id("sub-1").await.unwrap().unwrap();
    assert_eq!(found.email, "siti1@contoh.test");
    let taken = world.store.register_user(&new("somebody-else", "SITI1@contoh.test"), world.now).await;
    assert!(matches!(taken, Err(StoreError::EmailTaken)));
}

#[tokio::test]
async fn inv_6_a_caller_with_a_session_sees_only_their_own() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let document = world.uploaded(&caller).await;
    let (store, now) = (&world.store, world.now);
    assert!(store.get_document(&caller, document, now).await.is_ok());
    assert!(is_miss(store.get_document(&other, document, now).await, &Miss::NotFound));
    assert!(is_miss(store.verification_status(&other, document, now).await, &Miss::NotFound));
    let unknown = DocumentId::from_uuid(Uuid::now_v7());
    assert!(is_miss(store.get_document(&caller, unknown, now).await, &Miss::NotFound));

    let stolen = Caller { session_id: other.session_id, ..caller };
    let invented = Caller { session_id: SessionId::from_uuid(Uuid::now_v7()), ..caller };
    for wrong in [&stolen, &invented] {
        assert!(is_miss(store.me(wrong, now).await, &Miss::SessionEnded));
        assert!(is_miss(store.get_document(wrong, document, now).await, &Miss::SessionEnded));
        assert!(is_miss(store.verification_status(wrong, document, now).await, &Miss::SessionEnded));
        let new = new_document(DocumentType::Ktp);
        assert!(is_miss(
            store.begin_upload(wrong, &new, &UserLimits::NONE, &origin(), now).await,
            &Miss::SessionEnded
        ));
    }
    assert!(is_miss(store.me(&caller, world.after(86_400)).await, &Miss::SessionEnded), "expired");
    let end = "UPDATE sessions SET ended_at = now(), end_reason = 'logout' WHERE id = $1";
    world.owner().await.execute(end, &[&caller.session_id.as_uuid()]).await.unwrap();
    assert!(is_miss(store.get_document(&caller, document, now).await, &Miss::SessionEnded), "logged out");
}

#[tokio::test]
async fn a_user_is_verified_by_an_approved_ktp_and_by_nothing_else() {
    let world = World::new().await;
    let caller = world.user().await;
    let verification = async || world.store.me(&caller, world.now).await.unwrap().verification;
    assert_eq!(verification().await, UserVerification::Unverified);
    world.decided(&caller, OTHER_NIK, filot_domain::Decision::AutoReject).await;
    assert_eq!(verification().await, UserVerification::Unverified);
    world.uploaded(&caller).await;
    assert_eq!(verification().await, UserVerification::Pending);
    world.decided(&caller, NIK, filot_domain::Decision::AutoApprove).await;
    assert_eq!(verification().await, UserVerification::Verified);
}

#[tokio::test]
async fn an_idempotency_key_names_one_upload() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let with_key = |hash: u8| NewDocument {
        idempotency: Some(IdempotencyKey { key: "once".to_owned(), request_hash: [hash; 32] }),
        ..new_document(DocumentType::Ktp)
    };
    let begin = async |caller: &Caller, new: NewDocument, at: i64| {
        world.store.begin_upload(caller, &new, &UserLimits::NONE, &origin(), world.after(at)).await.unwrap()
    };
    let begun = join_all((0..4).map(|_| begin(&caller, with_key(1), 0))).await;
    let mut fresh = begun.into_iter().filter_map(|begun| match begun {
        BeginUpload::Fresh { document, object_key, .. } => Some((document, object_key)),
        BeginUpload::InProgress => None,
        other => panic!("{other:?}"),
    });
    let (document, object_key) = fresh.next().unwrap();
    assert!(fresh.next().is_none());
    assert!(matches!(begin(&caller, with_key(2), 0).await, BeginUpload::KeyReused));
    assert!(
        matches!(begin(&other, with_key(1), 0).await, BeginUpload::Fresh { .. }),
        "keys are a user's own"
    );

    // The first request died: one other with the key takes over its row and its object.
    let BeginUpload::Fresh { document: same, object_key: again, .. } = begin(&caller, with_key(1), 61).await
    else {
        panic!("not taken over")
    };
    assert!(matches!(begin(&caller, with_key(1), 62).await, BeginUpload::InProgress), "two took it over");
    // That one could not store the object and says so: the next need not wait.
    world.store.release_upload(same, world.after(62)).await.unwrap();
    let begun = join_all((0..4).map(|_| begin(&caller, with_key(1), 62))).await;
    let taken = begun.iter().filter(|begun| matches!(begun, BeginUpload::Fresh { .. })).count();
    assert_eq!(taken, 1, "a released upload is taken over once");
    assert_eq!((same.id(), again), (document.id(), object_key));
    world.store.finish_upload(same, QueueKind::Cpu, &origin(), world.after(62)).await.unwrap();
    let late = world.store.finish_upload(document, QueueKind::Cpu, &origin(), world.after(63)).await;
    assert!(matches!(late, Err(StoreError::Miss(Miss::Stale { status: DocumentStatus::Uploaded, .. }))));
    match begin(&caller, with_key(1), 64).await {
        BeginUpload::Replay { document: replayed, correlation_id } => {
            assert_eq!((replayed.id, correlation_id), (document.id(), origin().correlation_id));
        }
        other => panic!("{other:?}"),
    }
}

/// Under READ COMMITTED the update looks again at a row it had to wait for: so must the reason that it gives.
#[tokio::test]
async fn a_step_that_waited_for_another_names_the_new_state() {
    let world = World::new().await;
    let new = new_document(DocumentType::Ktp);
    let begun = world
        .store
        .begin_upload(&world.user().await, &new, &UserLimits::NONE, &origin(), world.now)
        .await
        .unwrap();
    let BeginUpload::Fresh { document, .. } = begun else { panic!("not fresh") };
    let other = world.owner().await;
    other.batch_execute("BEGIN").await.unwrap();
    let erase = "UPDATE documents SET status = 'erased', version = version + 1, last_event = 'erased', \
                   deleted_at = now(), not_before = NULL WHERE id = $1";
    other.execute(erase, &[&new.id.as_uuid()]).await.unwrap();
    let by = origin();
    let finish = world.store.finish_upload(document, QueueKind::Cpu, &by, world.now);
    let (late, ()) = tokio::join!(finish, async {
        world.wait_for_a_lock().await;
        other.batch_execute("COMMIT").await.unwrap();
    });
    let stale =
        Miss::Stale { status: DocumentStatus::Erased, verification: VerificationStatus::Pending, version: 2 };
    assert!(is_miss(late, &stale));
}

#[tokio::test]
async fn a_document_is_not_shown_before_its_object_exists() {
    let world = World::new().await;
    let caller = world.user().await;
    let new = new_document(DocumentType::Ktp);
    world.store.begin_upload(&caller, &new, &UserLimits::NONE, &origin(), world.now).await.unwrap();
    assert!(is_miss(world.store.get_document(&caller, new.id, world.now).await, &Miss::NotFound));
}
