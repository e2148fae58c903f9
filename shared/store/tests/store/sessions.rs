//! Refresh tokens, the ends of sessions, and what is forgotten.

use chrono::{DateTime, Utc};
use filot_domain::retry::QueueKind;
use filot_domain::{DocumentType, SessionId};
use filot_store::{
    BeginUpload, Caller, Forgotten, IdempotencyKey, Miss, NewDocument, NewSession, NextToken, Profile,
    RefusedRefresh, Rotation, StoreError, UserLimits,
};
use futures::future::join_all;
use uuid::Uuid;

use crate::fixture::{World, new_document, origin};

const DAY_S: i64 = 86_400;
const LIFETIME_S: i64 = 30 * DAY_S;

/// The hash under which these tests store a token.
fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash[..token.len()].copy_from_slice(token.as_bytes());
    hash
}

/// A session whose first token is `first`.
async fn session(world: &World, first: &str) -> Caller {
    let user = world.user().await;
    let session = NewSession {
        id: SessionId::from_uuid(Uuid::now_v7()),
        user_id: user.user_id,
        expires_at: world.after(LIFETIME_S),
        refresh_token_hash: hash(first),
        refresh_expires_at: world.after(LIFETIME_S),
    };
    world.store.create_session(&session, world.now).await.unwrap();
    Caller { session_id: session.id, ..user }
}

async fn refresh(world: &World, token: &str, next: &str, at_s: i64) -> Result<String, RefusedRefresh> {
    let next = NextToken { token: next, hash: hash(next), expires_at: world.after(at_s + LIFETIME_S) };
    match world.store.rotate_refresh_token(&hash(token), &next, world.after(at_s)).await.unwrap() {
        Rotation::Refreshed(refreshed) => Ok(refreshed.token),
        Rotation::Refused(why) => Err(why),
    }
}

async fn is_alive(world: &World, caller: &Caller, at: DateTime<Utc>) -> bool {
    match world.store.me(caller, at).await {
        Ok(_) => true,
        Err(StoreError::Miss(Miss::SessionEnded)) => false,
        Err(other) => panic!("{other:?}"),
    }
}

async fn count(world: &World, sql: &str) -> i64 {
    world.owner().await.query_one(sql, &[]).await.unwrap().get(0)
}

const SEALED: &str = "SELECT count(*) FROM refresh_tokens WHERE successor IS NOT NULL";

#[tokio::test]
async fn a_refresh_answers_a_successor_and_lengthens_the_session() {
    let world = World::new().await;
    let caller = session(&world, "a").await;
    assert_eq!(refresh(&world, "a", "b", 20 * DAY_S).await.unwrap(), "b");
    assert!(is_alive(&world, &caller, world.after(40 * DAY_S)).await, "30 days from the last refresh");
    assert!(!is_alive(&world, &caller, world.after(50 * DAY_S)).await);
    assert_eq!(refresh(&world, "b", "c", 49 * DAY_S).await.unwrap(), "c");
    assert!(is_alive(&world, &caller, world.after(78 * DAY_S)).await);
}

/// A lost answer on a phone must not log out: whoever asks again within the minute gets what was lost.
#[tokio::test]
async fn a_predecessor_yields_the_same_successor_for_a_minute() {
    let world = World::new().await;
    let caller = session(&world, "a").await;
    assert_eq!(refresh(&world, "a", "b", 0).await.unwrap(), "b");
    for (at_s, offered) in [(1, "c"), (30, "d"), (59, "e")] {
        assert_eq!(refresh(&world, "a", offered, at_s).await.unwrap(), "b", "after {at_s} s");
    }
    assert_eq!(
        count(&world, "SELECT count(*) FROM refresh_tokens").await,
        3,
        "one of them of another session"
    );
    assert_eq!(refresh(&world, "b", "f", 59).await.unwrap(), "f", "the chain goes on");
    assert!(is_alive(&world, &caller, world.after(60)).await);
}

/// INV-6: a token that is in two hands is in none.
#[tokio::test]
async fn inv_6_a_token_used_again_after_its_grace_ends_the_session() {
    let world = World::new().await;
    let caller = session(&world, "a").await;
    refresh(&world, "a", "b", 0).await.unwrap();
    assert_eq!(refresh(&world, "a", "c", 60).await, Err(RefusedRefresh::Reused(caller.session_id)));
    assert!(!is_alive(&world, &caller, world.after(61)).await, "its access tokens stop");
    assert_eq!(
        refresh(&world, "b", "c", 61).await,
        Err(RefusedRefresh::SessionEnded),
        "and the newest token"
    );
    assert_eq!(refresh(&world, "a", "c", 61).await, Err(RefusedRefresh::SessionEnded));
    assert_eq!(count(&world, SEALED).await, 0);
    let reason: String = world
        .owner()
        .await
        .query_one("SELECT end_reason FROM sessions WHERE id = $1", &[&caller.session_id.as_uuid()])
        .await
        .unwrap()
        .get(0);
    assert_eq!(reason, "token_reuse");
}

/// INV-6: within its own minute, too, once its successor was used.
#[tokio::test]
async fn inv_6_an_older_refresh_token_ends_the_session() {
    let world = World::new().await;
    let caller = session(&world, "a").await;
    refresh(&world, "a", "b", 0).await.unwrap();
    refresh(&world, "b", "c", 5).await.unwrap();
    assert_eq!(count(&world, SEALED).await, 1, "the rotation wipes what its predecessor sealed");
    assert_eq!(refresh(&world, "a", "d", 10).await, Err(RefusedRefresh::Reused(caller.session_id)));
    assert_eq!(refresh(&world, "c", "d", 11).await, Err(RefusedRefresh::SessionEnded));
}

#[tokio::test]
async fn refreshes_at_once_make_one_successor() {
    let world = World::new().await;
    let caller = session(&world, "a").await;
    for round in 0..5_u8 {
        let token = if round == 0 { "a".to_owned() } else { format!("{}-won", round - 1) };
        let offers: Vec<String> = (0..8).map(|i| format!("{round}-{i}")).collect();
        let all = join_all(offers.iter().map(|offer| refresh(&world, &token, offer, 0))).await;
        let answers: Vec<String> = all.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        // The next round begins under a name that can be told beforehand.
        assert_eq!(
            refresh(&world, &answers[0], &format!("{round}-won"), 0).await.unwrap(),
            format!("{round}-won")
        );
    }
    assert_eq!(
        count(&world, "SELECT count(*) FROM refresh_tokens WHERE replaced_at IS NULL").await,
        2,
        "one newest token each: this session's, and that of the login before it"
    );
    assert!(is_alive(&world, &caller, world.after(1)).await);
}

#[tokio::test]
async fn inv_6_unknown_expired_and_ended_refresh_nothing() {
    let world = World::new().await;
    let caller = session(&world, "a").await;
    assert_eq!(refresh(&world, "never-made", "b", 0).await, Err(RefusedRefresh::Unknown));
    assert_eq!(refresh(&world, "a", "b", LIFETIME_S).await, Err(RefusedRefresh::SessionEnded), "expired");
    refresh(&world, "a", "b", 10 * DAY_S).await.unwrap();
    let long_after = LIFETIME_S + 1;
    assert_eq!(
        refresh(&world, "a", "c", long_after).await,
        Err(RefusedRefresh::Expired),
        "its successor lives on"
    );
    assert!(is_alive(&world, &caller, world.after(long_after)).await);

    let end = async || world.store.end_session(&caller, world.after(long_after)).await;
    end().await.unwrap();
    assert!(!is_alive(&world, &caller, world.after(long_after)).await);
    assert_eq!(refresh(&world, "b", "c", long_after).await, Err(RefusedRefresh::SessionEnded));
    assert!(matches!(end().await, Err(StoreError::Miss(Miss::SessionEnded))), "nothing is left to end");
    let stranger = session(&world, "x").await;
    let stolen = Caller { session_id: stranger.session_id, ..caller };
    let refused = world.store.end_session(&stolen, world.now).await;
    assert!(matches!(refused, Err(StoreError::Miss(Miss::SessionEnded))), "another user's session");
    assert!(is_alive(&world, &stranger, world.now).await);

    let sql = "UPDATE users SET deleted_at = now() WHERE id = $1";
    world.owner().await.execute(sql, &[&stranger.user_id.as_uuid()]).await.unwrap();
    assert_eq!(refresh(&world, "x", "y", 0).await, Err(RefusedRefresh::Unknown), "an erased user's");
}

/// INV-6: whichever comes first, after a logout nothing of the session works.
#[tokio::test]
async fn inv_6_a_logout_at_the_same_moment_beats_a_refresh() {
    let world = World::new().await;
    for round in 0..20 {
        let (first, second) = (format!("{round}-first"), format!("{round}-second"));
        let caller = session(&world, &first).await;
        let (ended, refreshed) =
            tokio::join!(world.store.end_session(&caller, world.now), refresh(&world, &first, &second, 0));
        ended.unwrap();
        assert!(matches!(refreshed.as_deref(), Ok(_) | Err(RefusedRefresh::SessionEnded)), "{refreshed:?}");
        assert!(!is_alive(&world, &caller, world.after(1)).await);
        for token in [&first, &second] {
            let after = refresh(&world, token, "late", 1).await;
            assert!(
                matches!(after, Err(RefusedRefresh::SessionEnded | RefusedRefresh::Unknown)),
                "{after:?}"
            );
        }
    }
}

/// INV-6: the lock, not luck: the logout is written and not yet committed when the refresh begins.
#[tokio::test]
async fn inv_6_a_refresh_waits_for_a_logout_that_is_under_way() {
    let world = World::new().await;
    let caller = session(&world, "a").await;
    let mut owner = world.owner().await;
    let logout = owner.transaction().await.unwrap();
    let end = "UPDATE sessions SET ended_at = now(), end_reason = 'logout' WHERE id = $1";
    logout.execute(end, &[&caller.session_id.as_uuid()]).await.unwrap();
    let refreshing = refresh(&world, "a", "b", 0);
    let committing = async {
        world.wait_for_a_lock().await;
        logout.commit().await.unwrap();
    };
    let (refreshed, ()) = tokio::join!(refreshing, committing);
    assert_eq!(refreshed, Err(RefusedRefresh::SessionEnded));
}

/// INV-6: a login and the deletion of its user at once leave no session.
#[tokio::test]
async fn inv_6_a_user_who_is_being_deleted_gets_no_session() {
    let world = World::new().await;
    let user = world.user().await.user_id;
    let owner = world.owner().await;
    let new = |n: u128| NewSession {
        id: SessionId::from_uuid(Uuid::from_u128(n)),
        user_id: user,
        expires_at: world.after(LIFETIME_S),
        refresh_token_hash: hash(&n.to_string()),
        refresh_expires_at: world.after(LIFETIME_S),
    };
    owner.batch_execute("BEGIN").await.unwrap();
    let sql = "UPDATE users SET deleted_at = now() WHERE id = $1";
    owner.execute(sql, &[&user.as_uuid()]).await.unwrap();
    let commit = async {
        world.wait_for_a_lock().await;
        owner.batch_execute("COMMIT").await.unwrap();
    };
    let session = new(1);
    let (created, ()) = tokio::join!(world.store.create_session(&session, world.now), commit);
    assert!(matches!(created, Err(StoreError::Miss(Miss::NotFound))), "{created:?}");
}

/// An upload's key is one for a day, like any other.
#[tokio::test]
async fn the_key_of_an_upload_is_forgotten_after_a_day() {
    let world = World::new().await;
    let caller = world.user().await;
    let idempotency = Some(IdempotencyKey { key: "key-1".to_owned(), request_hash: [1; 32] });
    let new = NewDocument { idempotency, ..new_document(DocumentType::Ktp) };
    let begun =
        world.store.begin_upload(&caller, &new, &UserLimits::NONE, &origin(), world.now).await.unwrap();
    let BeginUpload::Fresh { document, .. } = begun else { panic!("{begun:?}") };
    let keyed = document.id();
    assert_eq!(world.store.forget_expired(100, world.after(86_400)).await.unwrap().idempotency_keys, 0);
    world.store.finish_upload(document, QueueKind::Cpu, &origin(), world.now).await.unwrap();
    let key = format!("SELECT count(*) FROM documents WHERE id = '{keyed}' AND idempotency_key IS NOT NULL");
    let forget =
        async |at_s| world.store.forget_expired(100, world.after(at_s)).await.unwrap().idempotency_keys;
    assert_eq!((forget(86_399).await, count(&world, &key).await), (0, 1));
    assert_eq!((forget(86_400).await, count(&world, &key).await), (1, 0));
}

#[tokio::test]
async fn what_nobody_may_ask_for_any_more_is_forgotten() {
    let world = World::new().await;
    session(&world, "a").await;
    refresh(&world, "a", "b", 0).await.unwrap();
    let forget = async |at_s| world.store.forget_expired(100, world.after(at_s)).await.unwrap();
    assert_eq!(forget(60).await, Forgotten::default(), "clocks differ");
    assert_eq!(forget(300).await, Forgotten { successors: 1, ..Forgotten::default() });
    assert_eq!(count(&world, SEALED).await, 0);
    let kept = "SELECT count(*) FROM refresh_tokens";
    assert_eq!(
        count(&world, kept).await,
        3,
        "a used token is kept as long as its use again tells of a theft"
    );
    assert_eq!(forget(2 * LIFETIME_S).await.refresh_tokens, 3);
    assert_eq!(count(&world, "SELECT count(*) FROM sessions").await, 2, "who was logged in stays known");
}

/// INV-7: what the database holds of a token is its hash, and for a minute the sealed form of the newest one.
#[tokio::test]
async fn inv_7_no_token_lies_in_the_database_in_clear() {
    let world = World::new().await;
    session(&world, "a").await;
    let (token, hash) = ("the-newest-token-of-them-all", [7; 32]);
    let next = NextToken { token, hash, expires_at: world.after(LIFETIME_S) };
    world.store.rotate_refresh_token(&self::hash("a"), &next, world.now).await.unwrap();
    let sql =
        "SELECT string_agg(t::text || encode(coalesce(t.successor, ''), 'escape'), '') FROM refresh_tokens t";
    let everything: String = world.owner().await.query_one(sql, &[]).await.unwrap().get(0);
    assert!(!everything.contains("newest") && everything.contains("k1"), "sealed under its key");
    let debug =
        format!("{next:?} {:?}", world.store.rotate_refresh_token(&self::hash("a"), &next, world.now).await);
    assert!(!debug.contains("newest"));
}

#[tokio::test]
async fn inv_6_a_profile_is_the_callers_own_and_replaced_as_a_whole() {
    let world = World::new().await;
    let (caller, other) = (session(&world, "a").await, session(&world, "b").await);
    let profile = async |caller: &Caller| world.store.profile(caller, world.now).await;
    let said = |name: Option<&str>, phone: Option<&str>| Profile {
        full_name: name.map(str::to_owned),
        phone: phone.map(str::to_owned),
    };
    let put = async |caller: &Caller, said: &Profile| world.store.put_profile(caller, said, world.now).await;
    assert_eq!(profile(&caller).await.unwrap(), said(Some("SITI CONTOH"), Some("081200000001")));
    let new = said(Some("Siti Baru"), None);
    put(&caller, &new).await.unwrap();
    assert_eq!(profile(&caller).await.unwrap(), new);
    assert_eq!(world.store.me(&caller, world.now).await.unwrap().full_name, new.full_name);
    assert_eq!(profile(&other).await.unwrap(), said(Some("SITI CONTOH"), Some("081200000001")));

    let stolen = Caller { session_id: other.session_id, ..caller };
    let is_over =
        |result: &Result<_, StoreError>| matches!(result, Err(StoreError::Miss(Miss::SessionEnded)));
    assert!(is_over(&put(&stolen, &new).await));
    assert!(matches!(profile(&stolen).await, Err(StoreError::Miss(Miss::SessionEnded))));
    world.store.end_session(&other, world.now).await.unwrap();
    assert!(is_over(&put(&other, &new).await));
    let clear =
        "SELECT count(*) FROM profiles WHERE position('Siti Baru' in encode(full_name, 'escape')) > 0";
    assert_eq!(count(&world, clear).await, 0, "INV-7: sealed");
}

#[tokio::test]
async fn inv_6_a_deleted_user_has_no_session_and_gets_none() {
    let world = World::new().await;
    let caller = session(&world, "first").await;
    assert!(is_alive(&world, &caller, world.now).await);
    let id = caller.user_id.as_uuid();
    let owner = world.owner().await;
    owner.execute("UPDATE users SET deleted_at = $2 WHERE id = $1", &[&id, &world.now]).await.unwrap();
    assert_eq!(count(&world, "SELECT count(*) FROM sessions WHERE ended_at IS NULL").await, 0, "INV-6");
    assert!(!is_alive(&world, &caller, world.now).await, "INV-6");
    assert_eq!(refresh(&world, "first", "second", 1).await, Err(RefusedRefresh::Unknown), "INV-6");
    let sql = "SELECT stack_user_id, email FROM users WHERE id = $1";
    let row = owner.query_one(sql, &[&id]).await.unwrap();
    let again = filot_store::NewUser {
        id: filot_domain::UserId::from_uuid(Uuid::now_v7()),
        stack_user_id: row.get(0),
        email: row.get(1),
        full_name: None,
        phone: None,
    };
    let registered = world.store.register_user(&again, world.now).await;
    assert!(matches!(registered, Err(StoreError::EmailTaken)), "INV-6: {registered:?}");
}
