//! Stack Auth's tokens: ES256, verified against the project's published keys.
//!
//! The keys are cached for an hour. A token that names an unknown key makes us fetch again, because keys rotate, but
//! not more often than every half minute: otherwise anybody could make us call Stack Auth with invented key ids.
//! When Stack Auth cannot be reached, keys that were fetched within a day still serve.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk};
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::access::check_times;
use crate::error::{AppError, Result};
use crate::error_code::ErrorCode;

const FRESH_FOR: TimeDelta = TimeDelta::hours(1);
const USABLE_FOR: TimeDelta = TimeDelta::hours(24);
const FETCH_FLOOR: TimeDelta = TimeDelta::seconds(30);
const FETCH_TIMEOUT: Duration = Duration::from_secs(3);
const JWKS_BYTES_MAX: usize = 64 * 1024;
const KEYS_MAX: usize = 16;
const TOKEN_BYTES_MAX: usize = 8 * 1024;
const EMAIL_BYTES_MAX: usize = 254;

/// Which project's tokens are accepted.
#[derive(Debug, Clone)]
pub struct StackProject {
    /// The project; it is the audience of its tokens.
    pub id: String,
    /// Where its keys are.
    pub jwks_url: Url,
    /// Who may have issued a token. Stack Auth answers under more than one name.
    pub issuers: Vec<String>,
}

impl StackProject {
    /// A project by the API it is reached at and the issuers it is known by. An issuer without a path is an API's
    /// address: its project path is added.
    ///
    /// # Errors
    /// `internal` when no address can be made of them.
    pub fn new(api: &Url, id: &str, issuers: &[String]) -> Result<Self> {
        let path = format!("/api/v1/projects/{id}");
        let jwks_url = api
            .join(&format!("{path}/.well-known/jwks.json"))
            .map_err(|error| AppError::internal(format!("the address of Stack Auth's keys: {error}")))?;
        let issuers = issuers
            .iter()
            .map(|issuer| issuer.trim_end_matches('/'))
            .map(|issuer| if issuer.ends_with(&path) { issuer.to_owned() } else { format!("{issuer}{path}") })
            .collect();
        Ok(Self { id: id.to_owned(), jwks_url, issuers })
    }
}

/// Who a Stack Auth token speaks for. Only [`StackVerifier::verify`] makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct StackIdentity {
    stack_user_id: String,
    verified_email: Option<String>,
}

impl StackIdentity {
    /// Stack Auth's id of the user.
    pub fn stack_user_id(&self) -> &str {
        &self.stack_user_id
    }

    /// Their address in lower case, if they have a verified one.
    pub fn verified_email(&self) -> Option<&str> {
        self.verified_email.as_deref()
    }
}

impl std::fmt::Debug for StackIdentity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StackIdentity({}, ***)", self.stack_user_id)
    }
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    #[serde(default)]
    email: Option<String>,
    #[serde(default)]
    email_verified: bool,
    #[serde(default)]
    is_anonymous: bool,
    #[serde(default)]
    is_restricted: bool,
    #[serde(default)]
    iat: i64,
    exp: i64,
    #[serde(default)]
    nbf: Option<i64>,
}

#[derive(Default)]
struct KeyCache {
    keys: HashMap<String, DecodingKey>,
    fetched_at: Option<DateTime<Utc>>,
    tried_at: Option<DateTime<Utc>>,
}

impl KeyCache {
    fn is_within(&self, age: TimeDelta, now: DateTime<Utc>) -> bool {
        self.fetched_at.is_some_and(|at| now < at + age)
    }

    fn get(&self, kid: &str, age: TimeDelta, now: DateTime<Utc>) -> Option<DecodingKey> {
        if self.is_within(age, now) { self.keys.get(kid).cloned() } else { None }
    }
}

/// Verifies Stack Auth's tokens.
pub struct StackVerifier {
    project: StackProject,
    http: reqwest::Client,
    cache: Mutex<KeyCache>,
}

impl std::fmt::Debug for StackVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("StackVerifier").field(&self.project).finish()
    }
}

impl StackVerifier {
    /// A verifier with an empty cache: keys are fetched when the first token needs one.
    ///
    /// # Errors
    /// `internal` when there can be no HTTPS client.
    pub fn new(project: StackProject) -> Result<Self> {
        let http = reqwest::Client::builder()
            .timeout(FETCH_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| AppError::internal(format!("no HTTPS client: {error}")))?;
        Ok(Self { project, http, cache: Mutex::default() })
    }

    /// Who a token speaks for.
    ///
    /// # Errors
    /// `unauthenticated` for anything but a valid token of the project; `account_restricted` for an anonymous or restricted
    /// account; `unavailable` when the project's keys cannot be fetched.
    pub async fn verify(&self, token: &str, now: DateTime<Utc>) -> Result<StackIdentity> {
        if token.len() > TOKEN_BYTES_MAX {
            return Err(AppError::unauthenticated("the token is too long"));
        }
        let invalid = |error: jsonwebtoken::errors::Error| {
            AppError::unauthenticated(format!("the Stack Auth token is not valid: {error}"))
        };
        let header = jsonwebtoken::decode_header(token).map_err(invalid)?;
        if header.alg != Algorithm::ES256 {
            return Err(AppError::unauthenticated("the Stack Auth token is not signed with ES256"));
        }
        let kid = header.kid.ok_or_else(|| AppError::unauthenticated("the Stack Auth token names no key"))?;
        let key = self.key(&kid, now).await?;

        let mut validation = Validation::new(Algorithm::ES256);
        validation.set_required_spec_claims(&["iss", "aud", "sub"]);
        validation.set_issuer(&self.project.issuers);
        validation.set_audience(&[&self.project.id]);
        // Time is checked below, against the time the caller passes in.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(invalid)?.claims;
        check_times(claims.iat, claims.exp, claims.nbf, now)?;

        if claims.is_anonymous || claims.is_restricted {
            return Err(AppError::new(
                ErrorCode::AccountRestricted,
                "This account is anonymous or restricted. Please complete it first.",
            ));
        }
        if claims.sub.is_empty()
            || claims.sub.len() > 128
            || !claims.sub.bytes().all(|b| b.is_ascii_graphic())
        {
            return Err(AppError::unauthenticated("the Stack Auth token's subject is no id"));
        }
        let verified_email = claims
            .email
            .filter(|email| claims.email_verified && is_address(email))
            .map(|email| email.to_lowercase());
        Ok(StackIdentity { stack_user_id: claims.sub, verified_email })
    }

    async fn key(&self, kid: &str, now: DateTime<Utc>) -> Result<DecodingKey> {
        // Held over the fetch: a concurrent request waits for its result instead of fetching as well.
        let mut cache = self.cache.lock().await;
        if let Some(key) = cache.get(kid, FRESH_FOR, now) {
            return Ok(key);
        }
        let may_fetch = cache.tried_at.is_none_or(|at| now >= at + FETCH_FLOOR);
        if may_fetch {
            cache.tried_at = Some(now);
            match self.fetch().await {
                Ok(keys) => {
                    cache.keys = keys;
                    cache.fetched_at = Some(now);
                }
                Err(why) => tracing::warn!(%why, "Stack Auth's keys cannot be fetched"),
            }
        }
        if let Some(key) = cache.get(kid, USABLE_FOR, now) {
            return Ok(key);
        }
        if cache.is_within(FRESH_FOR, now) {
            Err(AppError::unauthenticated("the Stack Auth token names no key of the project"))
        } else {
            Err(AppError::unavailable("Stack Auth's keys are not at hand"))
        }
    }

    async fn fetch(&self) -> std::result::Result<HashMap<String, DecodingKey>, String> {
        // `without_url`: an error's text must not carry the address into the log.
        let text = |error: reqwest::Error| error.without_url().to_string();
        let mut response = self
            .http
            .get(self.project.jwks_url.clone())
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(text)?;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(text)? {
            if body.len() + chunk.len() > JWKS_BYTES_MAX {
                return Err("the key set is too large".to_owned());
            }
            body.extend_from_slice(&chunk);
        }
        parse_keys(&body)
    }
}

/// The ES256 keys of a key set; keys of other kinds are not ours to use.
fn parse_keys(body: &[u8]) -> std::result::Result<HashMap<String, DecodingKey>, String> {
    #[derive(Deserialize)]
    struct KeySet {
        keys: Vec<serde_json::Value>,
    }
    let set: KeySet = serde_json::from_slice(body).map_err(|error| format!("no key set: {error}"))?;
    let keys: HashMap<String, DecodingKey> = set
        .keys
        .into_iter()
        .take(KEYS_MAX)
        .filter_map(|value| serde_json::from_value::<Jwk>(value).ok())
        .filter(|jwk| {
            matches!(&jwk.algorithm, AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256)
        })
        .filter_map(|jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(&jwk).ok()?)))
        .collect();
    if keys.is_empty() { Err("the key set has no ES256 key".to_owned()) } else { Ok(keys) }
}

fn is_address(text: &str) -> bool {
    text.len() <= EMAIL_BYTES_MAX
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
        && text.split_once('@').is_some_and(|(local, domain)| !local.is_empty() && domain.contains('.'))
}

#[cfg(test)]
#[path = "stack_tests.rs"]
mod tests;
