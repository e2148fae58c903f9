//! A simulator of Stack Auth: publishes the keys of the local project and signs a token for anybody who asks.
//!
//! It has two keys, as production has: the fixed local one, which signed the checked-in events, and a second one.

use axum::extract::Json;
use axum::routing::{get, post};
use axum::{Router, http::StatusCode};
use chrono::Utc;
use filot_testkit::stack_auth as local;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::Result;

/// Lifetime of a token.
const LIFETIME_S: i64 = 600;
const SECOND_KEY_ID: &str = "filot-local-2";
const SECOND_PRIVATE_KEY_PEM: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgQQJckAZ0huiNiLCw
9EOFvX3bWva6B31erlHM3uVr0mmhRANCAARKejCQCdlFFYyPIC6FU+whSJWcCwHf
BqVGx7T++zx/dWrq3ZQLl+JvFRUBZEFME6X+8Vf8ERQ1wI1h5UQmMRAX
-----END PRIVATE KEY-----
";

/// The running simulator.
#[derive(Debug)]
pub struct StackAuth {
    url: String,
    task: JoinHandle<()>,
}

/// Request for a token.
#[derive(Debug, Deserialize)]
pub struct TokenRequest {
    /// Subject: Stack Auth's id of the user.
    pub sub: String,
    /// Their verified address.
    pub email: String,
}

impl StackAuth {
    /// Starts it on a free port.
    pub async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let keys = format!("/api/v1/projects/{}/.well-known/jwks.json", local::PROJECT_ID);
        let router = Router::new().route(&keys, get(async || Json(jwks()))).route("/test/token", post(mint));
        let task = tokio::spawn(async move {
            // It ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, task })
    }

    /// Its base URL: `STACK_API_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for StackAuth {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A token of the local project, signed with the key that events are signed with.
pub fn token(sub: &str, email: &str) -> Result<String> {
    let now = Utc::now().timestamp();
    Ok(local::sign(&local::claims(sub, email, now, now + LIFETIME_S))?)
}

/// The same, signed with the second key.
pub fn token_of_second_key(sub: &str, email: &str) -> Result<String> {
    let now = Utc::now().timestamp();
    let header = Header { kid: Some(SECOND_KEY_ID.to_owned()), ..Header::new(Algorithm::ES256) };
    let key = EncodingKey::from_ec_pem(SECOND_PRIVATE_KEY_PEM.as_bytes())?;
    Ok(jsonwebtoken::encode(&header, &local::claims(sub, email, now, now + LIFETIME_S), &key)?)
}

fn jwks() -> Value {
    let mut jwks = local::jwks();
    if let Some(keys) = jwks["keys"].as_array_mut() {
        keys.push(json!({
            "kty": "EC",
            "crv": "P-256",
            "alg": "ES256",
            "use": "sig",
            "kid": SECOND_KEY_ID,
            "x": "SnowkAnZRRWMjyAuhVPsIUiVnAsB3walRse0_vs8f3U",
            "y": "aurdlAuX4m8VFQFkQUwTpf7xV_wRFDXAjWHlRCYxEBc",
        }));
    }
    jwks
}

async fn mint(Json(request): Json<TokenRequest>) -> std::result::Result<Json<Value>, StatusCode> {
    let token = token(&request.sub, &request.email).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)?;
    Ok(Json(json!({ "access_token": token })))
}
