//! A logged-in user with all that a login returns, for suites that need more than an access token.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::client::probe::{self, Probe};
use crate::simulators::stack_auth;
use crate::{Result, Stack, User};

/// A registered user with a session.
#[derive(Debug, Clone)]
pub struct Account {
    /// Their id at Stack Auth.
    pub sub: String,
    /// Their verified e-mail address.
    pub email: String,
    /// The Stack Auth token that they registered with.
    pub stack_token: String,
    /// Our UUID of the user.
    pub id: String,
    /// UUID of their session.
    pub session: String,
    /// Access token of that session, valid for 15 minutes.
    pub access: String,
    /// First refresh token of that session.
    pub refresh: String,
}

impl Account {
    /// Registers a user with an e-mail address and no profile, and logs them in.
    pub async fn new(stack: &Stack) -> Result<Self> {
        let name = uuid::Uuid::new_v4().simple().to_string();
        Self::of(stack, &format!("{name}@example.com"), &json!({})).await
    }

    /// Registers a user with this profile, and logs them in.
    pub async fn of(stack: &Stack, email: &str, said: &Value) -> Result<Self> {
        let sub = uuid::Uuid::new_v4().to_string();
        let stack_token = stack_auth::token(&sub, email)?;
        let http = probe::client()?;
        let registered = post(stack, &http, "/auth/register", &stack_token, said).await?;
        let login = post(stack, &http, "/auth/login", &stack_token, &json!({})).await?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let access = text(&login["accessToken"]);
        let claims = access.split('.').nth(1).unwrap_or_default();
        let claims: Value = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(claims)?)?;
        Ok(Self {
            id: text(&registered["user"]["id"]),
            session: text(&claims["sid"]),
            refresh: text(&login["refreshToken"]),
            email: email.to_owned(),
            stack_token,
            access,
            sub,
        })
    }

    /// The same user for [`crate::Api`].
    pub fn user(&self) -> User {
        User { id: self.id.clone(), access_token: self.access.clone() }
    }
}

async fn post(stack: &Stack, http: &reqwest::Client, path: &str, token: &str, body: &Value) -> Result<Value> {
    let seen = Probe::new("POST", format!("{}{path}", stack.api.base()))?
        .from_a_new_address()
        .bearer(token)
        .json(body)
        .send(http)
        .await?;
    if seen.status < 300 {
        Ok(seen.json())
    } else {
        Err(format!("{path}: {} {}", seen.status, seen.text).into())
    }
}
