//! From a login over refreshes to a logout, and the profile in between.

use chrono::{DateTime, TimeDelta, Utc};
use filot_app::auth::access::Lifetime;
use filot_app::auth::{AccessTokens, StackIdentity};
use filot_app::error::{AppError, Kind};
use filot_app::login::{LoginResponse, login};
use filot_app::logout::logout;
use filot_app::me::me;
use filot_app::profile::{ProfileRequest, get_profile, put_profile};
use filot_app::refresh::{RefreshRequest, refresh};
use filot_app::register::{RegisterRequest, register};
use filot_platform::Secret;
use filot_store::Store;

use crate::{after, database, now};

fn tokens() -> AccessTokens {
    let key = Secret::from("a-signing-secret-of-32-bytes-or-more".to_owned());
    AccessTokens::new([("1", &key)], Lifetime::AsIssued)
}

fn identity() -> StackIdentity {
    StackIdentity {
        stack_user_id: "sub-of-a-test".to_owned(),
        verified_email: Some("dewi@contoh.test".to_owned()),
    }
}

async fn logged_in(store: &Store, tokens: &AccessTokens) -> LoginResponse {
    register(store, &identity(), RegisterRequest::default(), now()).await.unwrap();
    login(store, tokens, &identity(), now()).await.unwrap()
}

async fn refreshed(
    store: &Store,
    tokens: &AccessTokens,
    refresh_token: &str,
    at: DateTime<Utc>,
) -> Result<LoginResponse, AppError> {
    refresh(store, tokens, RefreshRequest { refresh_token: refresh_token.to_owned() }, at).await
}

fn is_refused(answer: Result<LoginResponse, AppError>) -> bool {
    answer.is_err_and(|error| (error.kind, error.code) == (Kind::Unauthenticated, "refresh_token_invalid"))
}

#[tokio::test]
async fn a_phone_stays_logged_in_over_a_lost_answer_and_until_it_logs_out() {
    let (_database, store) = database().await;
    let tokens = tokens();
    let first = logged_in(&store, &tokens).await;
    let in_an_hour = after(TimeDelta::hours(1));
    let second = refreshed(&store, &tokens, &first.refresh_token, in_an_hour).await.unwrap();
    assert_ne!(second.refresh_token, first.refresh_token);
    assert_eq!((second.refresh_expires_in, second.expires_in), (30 * 86_400, 900));
    assert_eq!(second.user.email, "dewi@contoh.test");

    let moments_later = in_an_hour + TimeDelta::seconds(20);
    let again = refreshed(&store, &tokens, &first.refresh_token, moments_later).await.unwrap();
    assert_eq!(again.refresh_token, second.refresh_token, "the answer was lost, not the session");
    assert_eq!(again.refresh_expires_in, 30 * 86_400 - 20);
    let caller = tokens.verify(&again.access_token, moments_later).unwrap();
    me(&store, &caller, moments_later).await.unwrap();

    logout(&store, &caller, moments_later).await.unwrap();
    assert!(is_refused(refreshed(&store, &tokens, &second.refresh_token, moments_later).await));
    for over in
        [me(&store, &caller, moments_later).await.err(), logout(&store, &caller, moments_later).await.err()]
    {
        assert_eq!(over.unwrap().kind, Kind::Unauthenticated);
    }
}

/// INV-6: whoever has an old token has nothing, and neither has the thief.
#[tokio::test]
async fn inv_6_a_token_in_two_hands_ends_the_session() {
    let (_database, store) = database().await;
    let tokens = tokens();
    let first = logged_in(&store, &tokens).await;
    let second = refreshed(&store, &tokens, &first.refresh_token, now()).await.unwrap();
    let late = after(TimeDelta::seconds(60));
    assert!(is_refused(refreshed(&store, &tokens, &first.refresh_token, late).await));
    assert!(is_refused(refreshed(&store, &tokens, &second.refresh_token, late).await));
    let caller = tokens.verify(&second.access_token, late).unwrap();
    assert_eq!(me(&store, &caller, late).await.err().unwrap().kind, Kind::Unauthenticated);
}

#[tokio::test]
async fn inv_6_what_is_no_refresh_token_of_ours_refreshes_nothing() {
    let (_database, store) = database().await;
    let tokens = tokens();
    let first = logged_in(&store, &tokens).await;
    let unknown = "A".repeat(43);
    for wrong in ["", "x", &unknown, &first.access_token, &first.refresh_token[1..]] {
        assert!(is_refused(refreshed(&store, &tokens, wrong, now()).await), "{wrong}");
    }
    assert!(is_refused(refreshed(&store, &tokens, &first.refresh_token, after(TimeDelta::days(30))).await));
}

#[tokio::test]
async fn a_profile_is_replaced_as_a_whole_and_checked() {
    let (_database, store) = database().await;
    let tokens = tokens();
    let caller = tokens.verify(&logged_in(&store, &tokens).await.access_token, now()).unwrap();
    assert!(get_profile(&store, &caller, now()).await.unwrap().full_name.is_none());
    let said = |name: Option<&str>, phone: Option<&str>| ProfileRequest {
        full_name: name.map(str::to_owned),
        phone: phone.map(str::to_owned),
    };
    let request = said(Some(" Dewi Contoh "), Some("+6281234567890"));
    put_profile(&store, &caller, request, now()).await.unwrap();
    let profile = get_profile(&store, &caller, now()).await.unwrap();
    assert_eq!(profile.full_name.as_deref(), Some("Dewi Contoh"));
    assert_eq!(profile.phone.as_deref(), Some("+6281234567890"));

    let wrong = put_profile(&store, &caller, said(Some(""), Some("0812")), now()).await.err().unwrap();
    assert_eq!((wrong.code, wrong.errors.len()), ("validation_failed", 2));
    let without_phone = put_profile(&store, &caller, said(Some("Dewi"), None), now()).await.unwrap();
    assert!(without_phone.phone.is_none());
    assert!(get_profile(&store, &caller, now()).await.unwrap().phone.is_none(), "what is missing is removed");
}
