//! Refresh tokens: 256 random bits for the phone, and only their hash for us.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use filot_platform::Secret;
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sha2::{Digest, Sha256};

use crate::error::{AppError, Result};

/// How long one is valid.
pub const LIFETIME_S: i64 = 30 * 24 * 60 * 60;
/// 32 bytes in base64 without padding.
const TOKEN_CHARS: usize = 43;

/// A new refresh token and its hash.
#[derive(Debug)]
pub struct NewRefreshToken {
    /// For the phone.
    pub token: Secret,
    /// For the database.
    pub hash: [u8; 32],
}

/// Makes a refresh token from the operating system's randomness.
///
/// # Errors
/// `internal` when there is no randomness.
pub fn generate() -> Result<NewRefreshToken> {
    let mut bytes = [0_u8; 32];
    OsRng
        .try_fill_bytes(&mut bytes)
        .map_err(|error| AppError::internal(format!("no randomness: {error}")))?;
    let token = BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let hash = hash(&token);
    Ok(NewRefreshToken { token: Secret::from(token), hash })
}

/// Whether a text has the form of our refresh tokens. Any other text is refused without a query.
pub fn is_well_formed(token: &str) -> bool {
    token.len() == TOKEN_CHARS && token.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// The stored form of a refresh token. A plain hash is enough: 256 random bits cannot be guessed.
pub fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_only_the_hash_matches() {
        let (one, two) = (generate().unwrap(), generate().unwrap());
        assert_ne!(one.token.expose(), two.token.expose());
        assert!(is_well_formed(one.token.expose()));
        assert_eq!(hash(one.token.expose()), one.hash);
        assert_ne!(one.hash, two.hash);
        assert!(!format!("{one:?}").contains(one.token.expose()));
    }

    #[test]
    fn what_has_not_the_form_of_a_token_is_none() {
        let long = "A".repeat(44);
        let padded = format!("{}=", "A".repeat(42));
        for text in ["", "A", "A.B.C", &long, &padded, &"é".repeat(22)] {
            assert!(!is_well_formed(text), "{text}");
        }
    }
}
