//! Makes tokens: forged, expired, not yet valid, and good ones.
//!
//! Each function makes one token from claims. It does not know whether the token is valid; its caller does.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use filot_platform::local;
use filot_testkit::stack_auth;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use crate::Result;

/// Key id of our own tokens. A configured secret without an id has this one.
pub const KEY_ID: &str = "1";
/// A secret that is configured nowhere.
pub const FOREIGN_SECRET: &str = "a-secret-that-nobody-ever-configured-anywhere";
/// DER of a P-256 `SubjectPublicKeyInfo` before the point.
const P256_PREFIX: [u8; 26] = [
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
    0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
];

/// Claims of one of our access tokens.
pub fn access_claims(user: &str, session: &str, issued_at: i64, expires_at: i64) -> Value {
    json!({
        "iss": "filot", "aud": "filot-api", "sub": user, "sid": session, "iat": issued_at, "exp": expires_at,
    })
}

/// The same claims with one of them changed.
pub fn with(claims: &Value, name: &str, value: impl Into<Value>) -> Value {
    let mut changed = claims.clone();
    changed[name] = value.into();
    changed
}

/// A token under an HMAC algorithm, with any secret and any key id.
pub fn hmac(
    algorithm: Algorithm,
    key_id: Option<&str>,
    secret: impl AsRef<[u8]>,
    claims: &Value,
) -> Result<String> {
    let header = Header { kid: key_id.map(str::to_owned), ..Header::new(algorithm) };
    Ok(jsonwebtoken::encode(&header, claims, &EncodingKey::from_secret(secret.as_ref()))?)
}

/// An access token as the login issues it.
pub fn access(claims: &Value) -> Result<String> {
    hmac(Algorithm::HS256, Some(KEY_ID), local::JWT_SECRET, claims)
}

/// A token under ES256, with Stack Auth's local key under any key id.
pub fn es256(key_id: Option<&str>, claims: &Value) -> Result<String> {
    let header = Header { kid: key_id.map(str::to_owned), ..Header::new(Algorithm::ES256) };
    let key = EncodingKey::from_ec_pem(stack_auth::PRIVATE_KEY_PEM.as_bytes())?;
    Ok(jsonwebtoken::encode(&header, claims, &key)?)
}

/// A token with an algorithm such as `none`, and any signature.
pub fn unsigned(algorithm: &str, key_id: &str, claims: &Value, signature: &str) -> String {
    let header = json!({"alg": algorithm, "typ": "JWT", "kid": key_id}).to_string();
    let part = |text: String| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{signature}", part(header), part(claims.to_string()))
}

/// The same header and signature around other claims.
pub fn altered(token: &str, claims: &Value) -> String {
    let mut parts = token.split('.');
    let (header, signature) = (parts.next().unwrap_or_default(), parts.nth(1).unwrap_or_default());
    format!("{header}.{}.{signature}", BASE64_URL_SAFE_NO_PAD.encode(claims.to_string()))
}

/// Stack Auth's public key in every usual encoding: a wrong verifier might use one of them as an HMAC secret.
pub fn published_key_forms() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let jwks = stack_auth::jwks();
    let jwk = &jwks["keys"][0];
    let coordinate = |name: &str| -> Result<Vec<u8>> {
        Ok(BASE64_URL_SAFE_NO_PAD.decode(jwk[name].as_str().unwrap_or_default())?)
    };
    let mut point = vec![4_u8];
    point.extend(coordinate("x")?);
    point.extend(coordinate("y")?);
    let der: Vec<u8> = P256_PREFIX.iter().chain(&point).copied().collect();
    let encoded = BASE64_STANDARD.encode(&der);
    let lines: Vec<&str> =
        (0..encoded.len()).step_by(64).filter_map(|at| encoded.get(at..encoded.len().min(at + 64))).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    Ok(vec![
        ("PEM", pem.into_bytes()),
        ("DER", der),
        ("point", point),
        ("JWK", jwk.to_string().into_bytes()),
        ("JWKS", jwks.to_string().into_bytes()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_key_verifies_its_own_tokens() {
        let forms = published_key_forms().unwrap();
        let pem = &forms.iter().find(|(form, _)| *form == "PEM").unwrap().1;
        let claims = stack_auth::claims("somebody", "somebody@example.com", 1, 4_102_444_800);
        let token = es256(Some(stack_auth::KEY_ID), &claims).unwrap();
        let key = jsonwebtoken::DecodingKey::from_ec_pem(pem).unwrap();
        let mut validation = jsonwebtoken::Validation::new(Algorithm::ES256);
        validation.set_audience(&[stack_auth::PROJECT_ID]);
        jsonwebtoken::decode::<Value>(&token, &key, &validation).unwrap();
    }

    #[test]
    fn an_altered_token_keeps_its_signature() {
        let claims = access_claims("a", "b", 1, 2);
        let token = access(&claims).unwrap();
        let other = altered(&token, &with(&claims, "sub", "c"));
        assert_eq!(altered(&other, &claims), token);
    }
}
