//! From a login over refreshes to a logout, and the profile in between.

use chrono::{DateTime, TimeDelta, Utc};
use filot_app::auth::AccessTokens;
use filot_app::error::AppError;
use filot_app::error_code::ErrorCode;
use filot_app::login::{LoginResponse, login};
use filot_app::logout::logout;
use filot_app::me::me;
use filot_app::profile::{ProfileRequest, get_profile, put_profile};
use filot_app::refresh::{RefreshRequest, refresh};
use filot_app::register::{RegisterRequest, register};
use filot_store::Store;

use crate::requests::{nobody, stack, tokens, with_token};
use crate::{after, database, now};

async fn logged_in(store: &Store, tokens: &AccessTokens) -> LoginResponse {
    let request = stack("sub-of-a-test", "dewi@contoh.test", now()).await;
    register(store, &request, RegisterRequest::default()).await.unwrap();
    login(store, tokens, &request).await.unwrap()
}

async fn refreshed(
    store: &Store,
    tokens: &AccessTokens,
    refresh_token: &str,
    at: DateTime<Utc>,
) -> Result<LoginResponse, AppError> {
    refresh(store, tokens, &nobody(at), RefreshRequest { refresh_token: refresh_token.to_owned() }).await
}

fn is_refused(answer: Result<LoginResponse, AppError>) -> bool {
    answer.is_err_and(|error| error.code == ErrorCode::RefreshTokenInvalid)
}

#[tokio::test]
async fn a_lost_answer_does_not_log_a_phone_out() {
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
    let request = with_token(&again.access_token, moments_later);
    me(&store, &request).await.unwrap();

    logout(&store, &request).await.unwrap();
    assert!(is_refused(refreshed(&store, &tokens, &second.refresh_token, moments_later).await));
    for over in [me(&store, &request).await.err(), logout(&store, &request).await.err()] {
        assert_eq!(over.unwrap().code, ErrorCode::Unauthenticated);
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
    let request = with_token(&second.access_token, late);
    assert_eq!(me(&store, &request).await.err().unwrap().code, ErrorCode::Unauthenticated);
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
    let request = with_token(&logged_in(&store, &tokens).await.access_token, now());
    assert!(get_profile(&store, &request).await.unwrap().full_name.is_none());
    let said = |name: Option<&str>, phone: Option<&str>| ProfileRequest {
        full_name: name.map(str::to_owned),
        phone: phone.map(str::to_owned),
    };
    let input = said(Some(" Dewi Contoh "), Some("+6281234567890"));
    put_profile(&store, &request, input).await.unwrap();
    let profile = get_profile(&store, &request).await.unwrap();
    assert_eq!(profile.full_name.as_deref(), Some("Dewi Contoh"));
    assert_eq!(profile.phone.as_deref(), Some("+6281234567890"));

    let wrong = put_profile(&store, &request, said(Some(""), Some("0812"))).await.err().unwrap();
    assert_eq!((wrong.code, wrong.errors.len()), (ErrorCode::ValidationFailed, 2));
    let without_phone = put_profile(&store, &request, said(Some("Dewi"), None)).await.unwrap();
    assert!(without_phone.phone.is_none());
    assert!(get_profile(&store, &request).await.unwrap().phone.is_none(), "what is missing is removed");
}
