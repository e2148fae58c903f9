//! `GET /auth/me`: the caller, their profile, and whether they are verified.

use chrono::{DateTime, Utc};
use filot_domain::UserId;
use filot_store::{Profile, Store, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::SignedInUser;
use crate::error::Result;
use crate::profile::ProfileDto;
use crate::request_context::RequestContext;

/// A user, as every interface shows them.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserDto {
    /// Our id.
    #[schema(value_type = uuid::Uuid)]
    pub id: UserId,
    /// Verified address.
    #[schema(format = Email, max_length = 254)]
    pub email: String,
    /// `user` or `admin`.
    #[schema(value_type = crate::schema::UserRole)]
    pub role: String,
    /// When they registered.
    pub created_at: DateTime<Utc>,
}

impl From<User> for UserDto {
    fn from(user: User) -> Self {
        Self { id: user.id, email: user.email, role: user.role.to_string(), created_at: user.created_at }
    }
}

/// The answer.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeResponse {
    /// The user.
    pub user: UserDto,
    /// Their profile.
    pub profile: ProfileDto,
    /// `verified` when a KTP of theirs is approved, `pending` while one is under way, else `unverified`.
    #[schema(value_type = crate::schema::UserVerification)]
    pub verification_status: String,
}

/// The caller.
///
/// # Errors
/// `unauthenticated` when the session has ended.
pub async fn me(store: &Store, request: &RequestContext<SignedInUser>) -> Result<MeResponse> {
    let me = store.me(&request.principal, request.now).await?;
    Ok(MeResponse {
        user: me.user.into(),
        profile: Profile { full_name: me.full_name, phone: me.phone }.into(),
        verification_status: me.verification.to_string(),
    })
}
