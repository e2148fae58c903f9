//! `POST /auth/login`: a Stack Auth token against a session of ours.

use chrono::TimeDelta;
use filot_domain::SessionId;
use filot_store::{Caller, Miss, NewSession, Store, User};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::{AccessTokens, IssuedToken, StackIdentity, refresh};
use crate::error::{AppError, Result};
use crate::error_code::ErrorCode;
use crate::me::UserDto;
use crate::request_context::RequestContext;

/// The answer: a pair of tokens. It has no `Debug` form: it is made of secrets.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LoginResponse {
    /// For `Authorization: Bearer`.
    pub access_token: String,
    /// Always `Bearer`.
    #[schema(value_type = crate::schema::TokenType)]
    pub token_type: &'static str,
    /// Seconds until the access token expires.
    #[schema(minimum = 0)]
    pub expires_in: i64,
    /// Gets the next pair.
    #[schema(pattern = "^[A-Za-z0-9_-]{43}$")]
    pub refresh_token: String,
    /// Seconds until the refresh token expires.
    #[schema(minimum = 0)]
    pub refresh_expires_in: i64,
    /// Who logged in.
    pub user: UserDto,
}

/// Starts a session for a registered user.
///
/// # Errors
/// `not_registered` when the Stack Auth account has no user here.
pub async fn login(
    store: &Store,
    tokens: &AccessTokens,
    request: &RequestContext<StackIdentity>,
) -> Result<LoginResponse> {
    let now = request.now;
    let not_registered = || AppError::new(ErrorCode::NotRegistered, "This account is not registered yet.");
    let user =
        store.find_user_by_stack_id(request.principal.stack_user_id()).await?.ok_or_else(not_registered)?;
    let refresh_token = refresh::generate()?;
    let expires_at = now + TimeDelta::seconds(refresh::LIFETIME_S);
    let session = NewSession {
        id: SessionId::from_uuid(Uuid::now_v7()),
        user_id: user.id,
        expires_at,
        refresh_token_hash: refresh_token.hash,
        refresh_expires_at: expires_at,
    };
    let access = tokens.issue(Caller { user_id: user.id, session_id: session.id }, now)?;
    store.create_session(&session, now).await.map_err(|error| match error.miss() {
        // Deleted in this very moment.
        Some(Miss::NotFound) => not_registered(),
        _ => error.into(),
    })?;
    Ok(pair(&access, refresh_token.token.expose().to_owned(), refresh::LIFETIME_S, user))
}

/// A pair of tokens as the client gets it.
pub(crate) fn pair(
    access: &IssuedToken,
    refresh_token: String,
    refresh_expires_in: i64,
    user: User,
) -> LoginResponse {
    LoginResponse {
        access_token: access.token.expose().to_owned(),
        token_type: "Bearer",
        expires_in: access.expires_in_s,
        refresh_token,
        refresh_expires_in,
        user: user.into(),
    }
}
