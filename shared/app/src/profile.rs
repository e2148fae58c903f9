//! `GET /profile`, `PUT /profile`: what a user says about themselves.

use filot_store::{Profile, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::principal::SignedInUser;
use crate::error::{AppError, FieldError, Result};
use crate::request_context::RequestContext;

const NAME_CHARS_MAX: usize = 200;

/// A whole profile: what is missing is removed.
#[derive(Clone, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ProfileRequest {
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

/// What a user says about themselves.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProfileDto {
    /// Full name.
    #[schema(min_length = 1, max_length = 200, required)]
    pub full_name: Option<String>,
    /// Phone number in international form.
    #[schema(pattern = "^\\+[0-9]{8,15}$", required)]
    pub phone: Option<String>,
}

impl From<Profile> for ProfileDto {
    fn from(profile: Profile) -> Self {
        Self { full_name: profile.full_name, phone: profile.phone }
    }
}

/// The caller's profile.
///
/// # Errors
/// `unauthenticated` when the session has ended.
pub async fn get_profile(store: &Store, request: &RequestContext<SignedInUser>) -> Result<ProfileDto> {
    Ok(store.profile(&request.principal, request.now).await?.into())
}

/// Replaces the caller's profile.
///
/// # Errors
/// `validation_failed` with every value that is not allowed.
pub async fn put_profile(
    store: &Store,
    request: &RequestContext<SignedInUser>,
    input: ProfileRequest,
) -> Result<ProfileDto> {
    let profile = checked(input.full_name, input.phone)?;
    store.put_profile(&request.principal, &profile, request.now).await?;
    Ok(profile.into())
}

/// A profile that may be stored. `validation_failed` names every wrong value at once.
pub(crate) fn checked(full_name: Option<String>, phone: Option<String>) -> Result<Profile> {
    let mut errors = Vec::new();
    if let Some(name) = &full_name {
        let is_blank = name.trim().is_empty();
        if is_blank || name.chars().count() > NAME_CHARS_MAX || name.chars().any(char::is_control) {
            errors
                .push(FieldError::new("fullName", "must have 1 to 200 characters and no control characters"));
        }
    }
    if let Some(phone) = &phone {
        let digits = phone.strip_prefix('+').unwrap_or_default();
        if !(8..=15).contains(&digits.len()) || !digits.bytes().all(|b| b.is_ascii_digit()) {
            errors.push(FieldError::new("phone", "must be + and 8 to 15 digits"));
        }
    }
    if errors.is_empty() {
        Ok(Profile { full_name: full_name.map(|name| name.trim().to_owned()), phone })
    } else {
        Err(AppError::invalid(errors))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_checked_before_anything_is_stored() {
        let fields = |name: &str, phone: &str| match checked(Some(name.to_owned()), Some(phone.to_owned())) {
            Ok(_) => Vec::new(),
            Err(error) => error.errors.into_iter().map(|error| error.field).collect(),
        };
        assert!(fields("Siti Aminah", "+6281234567890").is_empty());
        assert_eq!(fields(" ", "081234567890"), ["fullName", "phone"]);
        assert_eq!(fields(&"x".repeat(201), "+1234567"), ["fullName", "phone"]);
        assert_eq!(fields("a\0b", "+6281234567890"), ["fullName"]);
        let nothing = checked(None, None).unwrap();
        assert!(nothing.full_name.is_none() && nothing.phone.is_none());
        let spaced = checked(Some("  Siti ".to_owned()), None).unwrap();
        assert_eq!(spaced.full_name.as_deref(), Some("Siti"));
    }
}
