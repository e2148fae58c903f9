//! `POST /auth/refresh`: the next pair of tokens for a refresh token.

use chrono::{DateTime, TimeDelta, Utc};
use filot_store::{Caller, NextToken, Rotation, Store};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::{AccessTokens, refresh};
use crate::error::{AppError, Kind, Result};
use crate::login::{LoginResponse, pair};

/// What proves that the session is the client's. It has no `Debug` form: it is a secret.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshRequest {
    /// The newest refresh token of the session; the one before it does for a minute, and yields the same successor.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    pub refresh_token: String,
}

/// The answer: the same as a login's.
pub type RefreshResponse = LoginResponse;

/// Goes on with a session. A refusal has the code `refresh_token_invalid` and does not say why: the token may be unknown,
/// expired, of an ended session, or used before, which ends its session.
pub async fn refresh(
    store: &Store,
    tokens: &AccessTokens,
    request: RefreshRequest,
    now: DateTime<Utc>,
) -> Result<RefreshResponse> {
    if !refresh::is_well_formed(&request.refresh_token) {
        return Err(refused("the refresh token is none of ours"));
    }
    let next = refresh::generate()?;
    let offered = NextToken {
        token: next.token.expose(),
        hash: next.hash,
        expires_at: now + TimeDelta::seconds(refresh::LIFETIME_S),
    };
    match store.rotate_refresh_token(&refresh::hash(&request.refresh_token), &offered, now).await? {
        Rotation::Refreshed(session) => {
            let caller = Caller { user_id: session.user.id, session_id: session.session_id };
            let access = tokens.issue(caller, now)?;
            let expires_in = (session.expires_at - now).num_seconds();
            Ok(pair(&access, session.token, expires_in, session.user))
        }
        Rotation::Refused(why) => Err(refused(why.to_string())),
    }
}

fn refused(why: impl Into<String>) -> AppError {
    AppError::new(Kind::Unauthenticated, "refresh_token_invalid", "The refresh token is not valid.")
        .logged(why)
}
