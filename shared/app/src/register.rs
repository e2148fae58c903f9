//! `POST /auth/register`: a user of ours for a Stack Auth account. Doing it again changes nothing.

use filot_domain::UserId;
use filot_store::{NewUser, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::StackIdentity;
use crate::error::{AppError, Result};
use crate::error_code::ErrorCode;
use crate::me::UserDto;
use crate::profile;
use crate::request_context::RequestContext;

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
///
/// # Errors
/// `validation_failed` with every value that is not allowed; `email_unverified` without a verified address; `email_taken`
/// when another user has it.
pub async fn register(
    store: &Store,
    request: &RequestContext<StackIdentity>,
    input: RegisterRequest,
) -> Result<RegisterResponse> {
    let identity = &request.principal;
    let profile = profile::checked(input.full_name, input.phone)?;
    // An address that nobody proved to own must not block the account of whoever owns it.
    let email = identity.verified_email().map(str::to_owned).ok_or_else(|| {
        AppError::new(ErrorCode::EmailUnverified, "The account has no verified e-mail address.")
    })?;
    let registered = store
        .register_user(
            &NewUser {
                id: UserId::from_uuid(Uuid::now_v7()),
                stack_user_id: identity.stack_user_id().to_owned(),
                email,
                full_name: profile.full_name,
                phone: profile.phone,
            },
            request.now,
        )
        .await?;
    Ok(RegisterResponse { user: registered.user.into(), created: registered.created })
}
