//! `POST /auth/register`: a user of ours for a Stack Auth account. Doing it again changes nothing.

use chrono::{DateTime, Utc};
use filot_domain::UserId;
use filot_store::{NewUser, Store};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::auth::StackIdentity;
use crate::error::{AppError, FieldError, Kind, Result};
use crate::me::UserDto;

const NAME_CHARS_MAX: usize = 200;

/// What may be said about oneself when registering. Everything is optional.
#[derive(Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RegisterRequest {
    /// Full name, at most 200 characters.
    pub full_name: Option<String>,
    /// Phone number in international form, `+` and 8 to 15 digits.
    pub phone: Option<String>,
}

/// The answer: who the user is.
#[derive(Debug, Clone, Serialize)]
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
    let errors = check(&request);
    if !errors.is_empty() {
        return Err(AppError::invalid(errors));
    }
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
                full_name: request.full_name.map(|name| name.trim().to_owned()),
                phone: request.phone,
            },
            now,
        )
        .await?;
    Ok(RegisterResponse { user: registered.user.into(), created: registered.created })
}

fn check(request: &RegisterRequest) -> Vec<FieldError> {
    let mut errors = Vec::new();
    if let Some(name) = &request.full_name {
        let length = name.trim().chars().count();
        if length == 0 || length > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            errors
                .push(FieldError::new("fullName", "must have 1 to 200 characters and no control characters"));
        }
    }
    if let Some(phone) = &request.phone {
        let digits = phone.strip_prefix('+').unwrap_or_default();
        if !(8..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            errors.push(FieldError::new("phone", "must be + and 8 to 15 digits"));
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_checked_before_anything_is_stored() {
        let fields = |name: &str, phone: &str| {
            let request = RegisterRequest { full_name: Some(name.to_owned()), phone: Some(phone.to_owned()) };
            check(&request).into_iter().map(|error| error.field).collect::<Vec<_>>()
        };
        assert!(fields("Siti Aminah", "+6281234567890").is_empty());
        assert_eq!(fields(" ", "081234567890"), ["fullName", "phone"]);
        assert_eq!(fields(&"x".repeat(201), "+1234567"), ["fullName", "phone"]);
        assert_eq!(fields("a\0b", "+6281234567890"), ["fullName"]);
        assert!(check(&RegisterRequest::default()).is_empty());
    }
}
