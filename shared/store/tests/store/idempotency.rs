//! Answers by the client's own name for a request.

use filot_store::{
    BeginIdempotent, Caller, IdempotencyKey, IdempotencyLock, Miss, StoreError, StoredResponse,
};
use futures::future::join_all;

use crate::fixture::World;

const DAY_S: i64 = 86_400;

fn key(name: &str, hash: u8) -> IdempotencyKey {
    IdempotencyKey { key: name.to_owned(), request_hash: [hash; 32] }
}

fn response(body: &str) -> StoredResponse {
    StoredResponse { status: 202, body: body.to_owned() }
}

async fn begin(world: &World, caller: &Caller, key: &IdempotencyKey, at_s: i64) -> BeginIdempotent {
    world.store.begin_idempotent(caller, "documents-process", key, world.after(at_s)).await.unwrap()
}

async fn fresh(world: &World, caller: &Caller, key: &IdempotencyKey, at_s: i64) -> IdempotencyLock {
    match begin(world, caller, key, at_s).await {
        BeginIdempotent::Fresh(lock) => lock,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn inv_6_a_key_names_one_request_of_one_user() {
    let world = World::new().await;
    let (caller, other) = (world.user().await, world.user().await);
    let lock = fresh(&world, &caller, &key("k", 1), 0).await;
    assert_eq!(begin(&world, &caller, &key("k", 1), 0).await, BeginIdempotent::InProgress);
    assert!(world.store.finish_idempotent(&lock, &response("first")).await.unwrap());
    assert_eq!(begin(&world, &caller, &key("k", 1), 1).await, BeginIdempotent::Replay(response("first")));
    assert_eq!(begin(&world, &caller, &key("k", 2), 1).await, BeginIdempotent::KeyReused);
    fresh(&world, &caller, &key("k2", 1), 1).await;
    fresh(&world, &other, &key("k", 1), 1).await;
    let elsewhere = world
        .store
        .begin_idempotent(&caller, "verification-escalate", &key("k", 2), world.now)
        .await
        .unwrap();
    assert!(matches!(elsewhere, BeginIdempotent::Fresh(_)), "{elsewhere:?}");

    world.store.end_session(&caller, world.now).await.unwrap();
    let ended = world.store.begin_idempotent(&caller, "documents-process", &key("k", 1), world.now).await;
    assert!(matches!(ended, Err(StoreError::Miss(Miss::SessionEnded))), "{ended:?}");
}

#[tokio::test]
async fn of_requests_at_once_one_is_done() {
    let world = World::new().await;
    let caller = world.user().await;
    for round in 0..5 {
        let key = key(&format!("round-{round}"), 1);
        let begun = join_all((0..8).map(|_| begin(&world, &caller, &key, 0))).await;
        let (mut fresh, mut waiting) = (0, 0);
        for one in begun {
            match one {
                BeginIdempotent::Fresh(_) => fresh += 1,
                BeginIdempotent::InProgress => waiting += 1,
                other => panic!("{other:?}"),
            }
        }
        assert_eq!((fresh, waiting), (1, 7));
    }
}

/// The first request died with its key, or seemed to: whoever takes over answers, and the late one changes nothing.
#[tokio::test]
async fn a_lock_runs_out_and_its_late_holder_writes_nothing() {
    let world = World::new().await;
    let caller = world.user().await;
    let late = fresh(&world, &caller, &key("k", 1), 0).await;
    assert_eq!(begin(&world, &caller, &key("k", 1), 59).await, BeginIdempotent::InProgress);
    assert_eq!(
        begin(&world, &caller, &key("k", 2), 60).await,
        BeginIdempotent::KeyReused,
        "still another request"
    );
    let next = fresh(&world, &caller, &key("k", 1), 60).await;
    assert!(!world.store.finish_idempotent(&late, &response("late")).await.unwrap());
    world.store.release_idempotent(&late).await.unwrap();
    assert_eq!(begin(&world, &caller, &key("k", 1), 61).await, BeginIdempotent::InProgress);
    assert!(world.store.finish_idempotent(&next, &response("next")).await.unwrap());
    assert!(!world.store.finish_idempotent(&late, &response("late")).await.unwrap());
    assert_eq!(begin(&world, &caller, &key("k", 1), 62).await, BeginIdempotent::Replay(response("next")));
}

#[tokio::test]
async fn a_released_key_is_free_and_an_answer_is_kept_a_day() {
    let world = World::new().await;
    let caller = world.user().await;
    let longer = "UPDATE sessions SET expires_at = expires_at + interval '1 day'";
    world.owner().await.execute(longer, &[]).await.unwrap();
    let lock = fresh(&world, &caller, &key("k", 1), 0).await;
    world.store.release_idempotent(&lock).await.unwrap();
    let lock = fresh(&world, &caller, &key("k", 2), 1).await;
    world.store.finish_idempotent(&lock, &response("kept")).await.unwrap();
    world.store.release_idempotent(&lock).await.unwrap();
    assert_eq!(begin(&world, &caller, &key("k", 2), DAY_S).await, BeginIdempotent::Replay(response("kept")));
    let forgotten = world.store.forget_expired(10, world.after(DAY_S)).await.unwrap();
    assert_eq!(forgotten.idempotency_keys, 0);
    fresh(&world, &caller, &key("k", 3), DAY_S + 1).await;
    let forgotten = world.store.forget_expired(10, world.after(2 * DAY_S + 1)).await.unwrap();
    assert_eq!(forgotten.idempotency_keys, 1);
}

#[tokio::test]
async fn inv_7_an_answer_lies_sealed_and_in_its_own_row_only() {
    let world = World::new().await;
    let caller = world.user().await;
    for name in ["k1", "k2"] {
        let lock = fresh(&world, &caller, &key(name, 1), 0).await;
        let body = format!("SITI CONTOH {name}");
        assert!(!format!("{lock:?} {:?}", response(&body)).contains("SITI"));
        world.store.finish_idempotent(&lock, &response(&body)).await.unwrap();
    }
    let owner = world.owner().await;
    let clear =
        "SELECT count(*) FROM idempotency_keys WHERE position('SITI' in encode(response, 'escape')) > 0";
    assert_eq!(owner.query_one(clear, &[]).await.unwrap().get::<_, i64>(0), 0);
    let swap = "UPDATE idempotency_keys SET response = \
                (SELECT response FROM idempotency_keys WHERE key = 'k2') WHERE key = 'k1'";
    owner.execute(swap, &[]).await.unwrap();
    let moved =
        world.store.begin_idempotent(&caller, "documents-process", &key("k1", 1), world.after(1)).await;
    assert!(matches!(moved, Err(StoreError::Sealing(_))), "{moved:?}");
}
