//! Stack Auth's side of a login, for tests, the local stack and the checked-in events: one fixed ES256 key pair.
//!
//! The private key is public knowledge. It belongs to a project that exists nowhere but here, so that a token signed
//! with it is worth something only where somebody configures this project on purpose: `FILOT_ENV=local`.

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

/// The local project; the audience of its tokens.
pub const PROJECT_ID: &str = "00000000-0000-4000-8000-00000000f170";
/// Issuer of its tokens.
pub const ISSUER: &str = "https://api.stack-auth.com/api/v1/projects/00000000-0000-4000-8000-00000000f170";
/// The key's id.
pub const KEY_ID: &str = "filot-local-1";
/// Signs the local project's tokens.
pub const PRIVATE_KEY_PEM: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg3F8Xw5ywmAqoHiom
HnU9qTt1MfoZGp2ASN5YJliCOgahRANCAATmYiRgLhJeTzD2a7Pm0jiUfjY/e2QV
oVpWqQU2OYsbRePt7Cmyjd/M2H5fINGwpvBJ0fHID03/QmtTSLJco2ro
-----END PRIVATE KEY-----
";

/// The content of the local project's `/.well-known/jwks.json`.
pub fn jwks() -> Value {
    json!({"keys": [{
        "kty": "EC",
        "crv": "P-256",
        "alg": "ES256",
        "use": "sig",
        "kid": KEY_ID,
        "x": "5mIkYC4SXk8w9muz5tI4lH42P3tkFaFaVqkFNjmLG0U",
        "y": "4-3sKbKN38zYfl8g0bCm8EnR8cgPTf9Ca1NIslyjaug",
    }]})
}

/// The claims of an ordinary user of the local project; change what a test is about.
pub fn claims(user: &str, email: &str, issued_at: i64, expires_at: i64) -> Value {
    json!({
        "iss": ISSUER,
        "aud": PROJECT_ID,
        "sub": user,
        "email": email,
        "email_verified": true,
        "role": "authenticated",
        "is_anonymous": false,
        "is_restricted": false,
        "refresh_token_id": "00000000-0000-4000-8000-000000000abc",
        "iat": issued_at,
        "exp": expires_at,
    })
}

/// Signs claims with the local project's key.
///
/// # Errors
/// The key cannot sign.
pub fn sign(claims: &Value) -> Result<String, jsonwebtoken::errors::Error> {
    let header = Header { kid: Some(KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_pem(PRIVATE_KEY_PEM.as_bytes())?)
}

/// Whether two tokens say the same and the first is really signed. ES256 signatures are random.
pub fn same_but_for_the_signature(kept: &str, fresh: &str) -> bool {
    let said = |token: &str| token.rsplit_once('.').map(|(said, _)| said.to_owned());
    if said(kept).is_none() || said(kept) != said(fresh) {
        return false;
    }
    let Ok(jwk) = serde_json::from_value::<jsonwebtoken::jwk::Jwk>(jwks()["keys"][0].clone()) else {
        return false;
    };
    let Ok(key) = jsonwebtoken::DecodingKey::from_jwk(&jwk) else { return false };
    // Only the signature is asked about: many of these tokens are meant to be refused.
    let mut validation = jsonwebtoken::Validation::new(Algorithm::ES256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    jsonwebtoken::decode::<Value>(kept, &key, &validation).is_ok()
}
