//! `POST /auth/refresh`: the next pair of tokens for a refresh token.

use chrono::TimeDelta;
use filot_store::{Caller, NextToken, Rotation, Store};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::auth::principal::Nobody;
use crate::auth::{AccessTokens, refresh};
use crate::error::{AppError, Result};
use crate::error_code::ErrorCode;
use crate::login::{LoginResponse, pair};
use crate::request_context::RequestContext;

/// What proves that the session is the client's. It has no `Debug` form: it is a secret.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefreshRequest {
    /// The newest refresh token of the session; the one before it does for a minute, and yields the same successor.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    pub refresh_token: String,
}

/// Goes on with a session: the answer is a login's. Using a token that was used before ends its session.
///
/// # Errors
/// `refresh_token_invalid`, without a reason: the token may be unknown, expired, of an ended session, or used before.
pub async fn refresh(
    store: &Store,
    tokens: &AccessTokens,
    request: &RequestContext<Nobody>,
    input: RefreshRequest,
) -> Result<LoginResponse> {
    if !refresh::is_well_formed(&input.refresh_token) {
        return Err(refused("the refresh token is none of ours"));
    }
    let now = request.now;
    let next = refresh::generate()?;
    let offered = NextToken {
        token: next.token.expose(),
        hash: next.hash,
        expires_at: now + TimeDelta::seconds(refresh::LIFETIME_S),
    };
    match store.rotate_refresh_token(&refresh::hash(&input.refresh_token), &offered, now).await? {
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
    AppError::new(ErrorCode::RefreshTokenInvalid, "The refresh token is not valid.").logged(why)
}
