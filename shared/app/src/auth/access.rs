//! Our own access tokens: HS256, a key id, 15 minutes, bound to one login (`sid`).
//!
//! Verifying one proves who the caller is and which session they use; whether that session still lives is asked in the
//! statement that loads what they want.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::{SessionId, UserId};
use filot_platform::Secret;
use filot_store::Caller;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

use crate::auth::principal::SignedInUser;
use crate::error::{AppError, Result};

/// Who issues our tokens.
pub const ISSUER: &str = "filot";
/// Who they are for.
pub const AUDIENCE: &str = "filot-api";
/// How long one is valid.
pub const LIFETIME_S: i64 = 15 * 60;
/// How far two clocks may differ.
const CLOCK_SKEW_S: i64 = 30;
/// Longer text is not one of our tokens.
const TOKEN_BYTES_MAX: usize = 2048;

/// What an access token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessClaims {
    /// Issuer.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// The user.
    pub sub: UserId,
    /// The login.
    pub sid: SessionId,
    /// Issued at, seconds since the epoch.
    pub iat: i64,
    /// Expires at, seconds since the epoch.
    pub exp: i64,
    /// Not valid before, if it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nbf: Option<i64>,
}

/// An access token on its way to its user.
#[derive(Debug)]
pub struct IssuedToken {
    /// The token.
    pub token: Secret,
    /// Seconds until it expires.
    pub expires_in_s: i64,
}

/// The longest lifetime of a token that is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// As long as we issue them.
    AsIssued,
    /// Any: the checked-in events of the local environment carry tokens that never grow old.
    Unbounded,
}

/// Issues and verifies access tokens.
pub struct AccessTokens {
    keys: Vec<(String, EncodingKey, DecodingKey)>,
    lifetime: Lifetime,
}

impl std::fmt::Debug for AccessTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "AccessTokens({} keys, {:?})", self.keys.len(), self.lifetime)
    }
}

impl AccessTokens {
    /// Keys by id, the one that signs first. Without a key nothing is issued and nothing verified; an empty one is none.
    pub fn new<'a>(keys: impl IntoIterator<Item = (&'a str, &'a Secret)>, lifetime: Lifetime) -> Self {
        let keys = keys
            .into_iter()
            .filter(|(_, secret)| !secret.expose().is_empty())
            .map(|(kid, secret)| {
                let bytes = secret.expose().as_bytes();
                (kid.to_owned(), EncodingKey::from_secret(bytes), DecodingKey::from_secret(bytes))
            })
            .collect();
        Self { keys, lifetime }
    }

    /// A token for one login, signed with the first key.
    ///
    /// # Errors
    /// `internal` when there is no key to sign with.
    pub fn issue(&self, caller: Caller, now: DateTime<Utc>) -> Result<IssuedToken> {
        let claims = AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: caller.user_id,
            sid: caller.session_id,
            iat: now.timestamp(),
            exp: (now + TimeDelta::seconds(LIFETIME_S)).timestamp(),
            nbf: None,
        };
        let token = Secret::from(self.sign(&claims)?);
        Ok(IssuedToken { token, expires_in_s: LIFETIME_S })
    }

    /// Signs claims with the first key.
    ///
    /// # Errors
    /// `internal` when there is no key to sign with.
    pub fn sign(&self, claims: &AccessClaims) -> Result<String> {
        let (kid, key, _) =
            self.keys.first().ok_or_else(|| AppError::internal("no key to sign access tokens with"))?;
        let header = Header { kid: Some(kid.clone()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, claims, key)
            .map_err(|error| AppError::internal(format!("an access token cannot be signed: {error}")))
    }

    /// Who a token speaks for.
    ///
    /// # Errors
    /// `unauthenticated` for anything but a token of ours whose time is now.
    pub fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<SignedInUser> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AppError::unauthenticated("the access token is too long"));
        }
        let invalid = |error: jsonwebtoken::errors::Error| {
            AppError::unauthenticated(format!("the access token is not valid: {error}"))
        };
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        let kid = header.kid.as_deref().unwrap_or_default();
        let (_, _, key) = self
            .keys
            .iter()
            .find(|(known, _, _)| known == kid)
            .ok_or_else(|| AppError::unauthenticated("the access token names no key of ours"))?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_required_spec_claims(&["iss", "aud", "sub"]);
        validation.set_issuer(&[ISSUER]);
        validation.set_audience(&[AUDIENCE]);
        // Time is checked below, against the time the caller passes in.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<AccessClaims>(token, key, &validation).map_err(invalid)?.claims;
        check_times(claims.iat, claims.exp, claims.nbf, now)?;
        if self.lifetime == Lifetime::AsIssued && claims.exp.saturating_sub(claims.iat) > LIFETIME_S {
            return Err(AppError::unauthenticated("the access token lives longer than ours do"));
        }
        Ok(SignedInUser::proven(Caller { user_id: claims.sub, session_id: claims.sid }))
    }
}

/// Whether `now` is inside a token's time.
pub(crate) fn check_times(iat: i64, exp: i64, nbf: Option<i64>, now: DateTime<Utc>) -> Result<()> {
    let now_s = now.timestamp();
    if exp <= now_s {
        return Err(AppError::unauthenticated("the token has expired"));
    }
    if iat > now_s + CLOCK_SKEW_S || nbf.is_some_and(|nbf| nbf > now_s + CLOCK_SKEW_S) {
        return Err(AppError::unauthenticated("the token is not valid yet"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
    use uuid::Uuid;

    use super::*;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }

    fn caller() -> Caller {
        Caller {
            user_id: UserId::from_uuid(Uuid::from_u128(1)),
            session_id: SessionId::from_uuid(Uuid::from_u128(2)),
        }
    }

    fn secret(text: &str) -> Secret {
        Secret::from(text.to_owned())
    }

    fn tokens(keys: &[(&str, &str)], lifetime: Lifetime) -> AccessTokens {
        let keys: Vec<_> = keys.iter().map(|(kid, key)| (*kid, secret(key))).collect();
        AccessTokens::new(keys.iter().map(|(kid, key)| (*kid, key)), lifetime)
    }

    const OLD: &str = "an-old-signing-secret-of-32-bytes-or-more";
    const NEW: &str = "a-newer-signing-secret-of-32-bytes-or-more";

    fn claims() -> AccessClaims {
        AccessClaims {
            iss: ISSUER.to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: caller().user_id,
            sid: caller().session_id,
            iat: now().timestamp(),
            exp: now().timestamp() + LIFETIME_S,
            nbf: None,
        }
    }

    #[test]
    fn a_token_names_its_caller_until_it_expires() {
        let tokens = tokens(&[("1", NEW)], Lifetime::AsIssued);
        let issued = tokens.issue(caller(), now()).unwrap();
        let token = issued.token.expose();
        assert_eq!(tokens.verify(token, now()).map(|user| *user), Ok(caller()));
        assert!(tokens.verify(token, now() + TimeDelta::seconds(LIFETIME_S - 1)).is_ok());
        assert!(tokens.verify(token, now() + TimeDelta::seconds(LIFETIME_S)).is_err());
    }

    #[test]
    fn a_key_being_rotated_out_still_verifies() {
        let before = tokens(&[("old", OLD)], Lifetime::AsIssued);
        let during = tokens(&[("new", NEW), ("old", OLD)], Lifetime::AsIssued);
        let after = tokens(&[("new", NEW)], Lifetime::AsIssued);
        let token = before.sign(&claims()).unwrap();
        assert!(during.verify(&token, now()).is_ok());
        assert!(after.verify(&token, now()).is_err());
        assert!(after.verify(&during.sign(&claims()).unwrap(), now()).is_ok());
    }

    #[test]
    fn an_unconfigured_key_refuses() {
        let none = tokens(&[], Lifetime::AsIssued);
        assert!(none.sign(&claims()).is_err());
        let token = tokens(&[("1", NEW)], Lifetime::AsIssued).sign(&claims()).unwrap();
        assert!(none.verify(&token, now()).is_err());
    }

    #[test]
    fn claims_that_are_not_ours_are_refused() {
        let tokens = tokens(&[("1", NEW)], Lifetime::AsIssued);
        let cases: [(&str, AccessClaims); 5] = [
            ("issuer", AccessClaims { iss: "somebody".into(), ..claims() }),
            ("audience", AccessClaims { aud: "somebody".into(), ..claims() }),
            ("not before", AccessClaims { nbf: Some(now().timestamp() + 60), ..claims() }),
            ("issued in the future", AccessClaims { iat: now().timestamp() + 60, ..claims() }),
            ("lives too long", AccessClaims { exp: claims().exp + 1, ..claims() }),
        ];
        for (what, claims) in cases {
            assert!(tokens.verify(&tokens.sign(&claims).unwrap(), now()).is_err(), "{what}");
        }
        let local = super::tests::tokens(&[("1", NEW)], Lifetime::Unbounded);
        let far = AccessClaims { exp: 4_102_444_800, ..claims() };
        assert!(local.verify(&local.sign(&far).unwrap(), now()).is_ok());
    }

    #[test]
    fn alg_none_other_algorithms_and_tampering_are_refused() {
        let tokens = tokens(&[("1", NEW)], Lifetime::AsIssued);
        let body = B64.encode(serde_json::to_vec(&claims()).unwrap());
        for header in [r#"{"alg":"none","kid":"1"}"#, r#"{"alg":"None","typ":"JWT","kid":"1"}"#] {
            let header = B64.encode(header);
            for token in [format!("{header}.{body}."), format!("{header}.{body}.AAAA")] {
                assert!(tokens.verify(&token, now()).is_err());
            }
        }
        let other = Header { kid: Some("1".into()), ..Header::new(Algorithm::HS512) };
        let key = EncodingKey::from_secret(NEW.as_bytes());
        let hs512 = jsonwebtoken::encode(&other, &claims(), &key).unwrap();
        assert!(tokens.verify(&hs512, now()).is_err());

        let good = tokens.sign(&claims()).unwrap();
        let (head, signature) = good.rsplit_once('.').unwrap();
        let (header, _) = head.split_once('.').unwrap();
        let other = AccessClaims { sub: UserId::from_uuid(Uuid::from_u128(9)), ..claims() };
        let forged = format!("{header}.{}.{signature}", B64.encode(serde_json::to_vec(&other).unwrap()));
        assert!(tokens.verify(&forged, now()).is_err());
        for text in ["", ".", "..", "a.b.c", &"x".repeat(5000)] {
            assert!(tokens.verify(text, now()).is_err());
        }
    }
}
