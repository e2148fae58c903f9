//! `POST /auth/register`: a user of ours for a Stack Auth account. Doing it again changes nothing.

use chrono::{DateTime, Utc};
use filot_domain::UserId;
use filot_store::{NewUser, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::StackIdentity;
use crate::error::{AppError, Kind, Result};
use crate::me::UserDto;
use crate::profile;

/// What may be said about oneself when registering. Everything is optional.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct RegisterRequest {
    /// Full name, at most 200 characters.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*[^\\s\\u0000-\\u001f\\u007f-\\u009f][^\\u0000-\\u001f\\u007f-\\u009f]*$"
    )]
    pub full_name: Option<String>,
    /// Phone number in international form, `+` and 8 to 15 digits.
    #[schema(pattern = "^\\+[0-9]{8,15}$")]
    pub phone: Option<String>,
}

/// The answer: who the user is.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegisterResponse {
    /// The user.
    pub user: UserDto,
    /// Whether this request created it.
    pub created: bool,
}

/// Creates the user and profile of a Stack Auth account, or finds them.
pub async fn register(
    store: &Store,
    identity: &StackIdentity,
    request: RegisterRequest,
    now: DateTime<Utc>,
) -> Result<RegisterResponse> {
    let profile = profile::checked(request.full_name, request.phone)?;
    // An address that nobody proved to own must not block the account of whoever owns it.
    let email = identity.verified_email.clone().ok_or_else(|| {
        AppError::new(Kind::Forbidden, "email_unverified", "The account has no verified e-mail address.")
    })?;
    let registered = store
        .register_user(
            &NewUser {
                id: UserId::from_uuid(Uuid::now_v7()),
                stack_user_id: identity.stack_user_id.clone(),
                email,
                full_name: profile.full_name,
                phone: profile.phone,
            },
            now,
        )
        .await?;
    Ok(RegisterResponse { user: registered.user.into(), created: registered.created })
}
