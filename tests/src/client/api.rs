//! A client of the API that does what the mobile app does: logs in, uploads, reads.

use std::net::Ipv4Addr;
use std::time::Duration;

use filot_platform::local;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::Result;
use crate::simulators::stack_auth;

/// Client of the API at one base URL.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    http: reqwest::Client,
    /// The client address in `CF-Connecting-IP`, as Cloudflare would send it.
    address: Option<Ipv4Addr>,
}

/// An answer: status, headers, body as JSON (null if it is none).
#[derive(Debug)]
pub struct Answer {
    /// Its HTTP status.
    pub status: StatusCode,
    /// Its headers.
    pub headers: reqwest::header::HeaderMap,
    /// Its body; null if it is no JSON.
    pub body: Value,
}

/// A logged-in user.
#[derive(Debug, Clone)]
pub struct User {
    /// Our UUID of the user.
    pub id: String,
    /// Access token, valid for 15 minutes.
    pub access_token: String,
}

impl Api {
    /// The API at `base`, without a slash at the end.
    pub fn new(base: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(60))
            .build()?;
        Ok(Self { base: base.to_owned(), http, address: None })
    }

    /// The same API, called from another address: before login, limits count by address.
    #[must_use]
    pub fn from_address(&self, address: Ipv4Addr) -> Self {
        Self { address: Some(address), ..self.clone() }
    }

    /// The base URL, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Sends a request with a JSON body or none.
    pub async fn call(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(address) = self.address {
            request = request
                .header("x-origin-secret", local::ORIGIN_SECRET)
                .header("cf-connecting-ip", address.to_string());
        }
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        answer(request).await
    }

    /// A new user: registered and logged in, from an address of their own.
    pub async fn new_user(&self) -> Result<User> {
        let home = self.from_address(Ipv4Addr::from(0x0a00_0000 | uuid::Uuid::new_v4().as_fields().0 >> 8));
        let sub = uuid::Uuid::new_v4().to_string();
        let email = format!("{}@example.com", &sub[..8]);
        let token = stack_auth::token(&sub, &email)?;
        let registered =
            home.call(Method::POST, "/auth/register", Some(&token), Some(&json!({}))).await?.expect(201)?;
        let logged_in =
            home.call(Method::POST, "/auth/login", Some(&token), Some(&json!({}))).await?.expect(200)?;
        Ok(User { id: text(&registered["user"]["id"])?, access_token: text(&logged_in["accessToken"])? })
    }

    /// Uploads a file as a multipart form.
    pub async fn upload(&self, user: &User, kind: &str, file: &str, content: &[u8]) -> Result<Answer> {
        answer(self.upload_request(user, kind, file, content)).await
    }

    /// The same, with an `Idempotency-Key`.
    pub async fn upload_with_key(
        &self,
        user: &User,
        kind: &str,
        file: &str,
        content: &[u8],
        key: &str,
    ) -> Result<Answer> {
        answer(self.upload_request(user, kind, file, content).header("idempotency-key", key)).await
    }

    /// The same, with this media type.
    pub async fn upload_as(&self, user: &User, kind: &str, mime: &str, content: &[u8]) -> Result<Answer> {
        answer(self.form_request(user, kind, "card", mime, content)).await
    }

    fn upload_request(&self, user: &User, kind: &str, file: &str, content: &[u8]) -> reqwest::RequestBuilder {
        let mime = match file.rsplit('.').next() {
            Some("pdf") => "application/pdf",
            Some("png") => "image/png",
            _ => "image/jpeg",
        };
        self.form_request(user, kind, file, mime, content)
    }

    fn form_request(
        &self,
        user: &User,
        kind: &str,
        file: &str,
        mime: &str,
        content: &[u8],
    ) -> reqwest::RequestBuilder {
        let boundary = format!("filot-{}", uuid::Uuid::new_v4().simple());
        let mut body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\n{kind}\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{file}\"\r\n\
             Content-Type: {mime}\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
        self.http
            .post(format!("{}/documents/upload", self.base))
            .bearer_auth(&user.access_token)
            .header("content-type", format!("multipart/form-data; boundary={boundary}"))
            .body(body)
    }

    /// Uploads and expects 201; the document's id.
    pub async fn uploaded(&self, user: &User, kind: &str, file: &str, content: &[u8]) -> Result<String> {
        text(&self.upload(user, kind, file, content).await?.expect(201)?["document"]["id"])
    }

    /// A document of the user, as `GET /documents/{id}` returns it.
    pub async fn document(&self, user: &User, id: &str) -> Result<Value> {
        let answer =
            self.call(Method::GET, &format!("/documents/{id}"), Some(&user.access_token), None).await?;
        Ok(answer.expect(200)?["document"].take())
    }
}

impl Answer {
    /// The body, if the status is the expected one.
    pub fn expect(self, status: u16) -> Result<Value> {
        if self.status.as_u16() == status {
            return Ok(self.body);
        }
        Err(format!("expected {status}, got {}: {}", self.status, self.body).into())
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Answer> {
    let answer = request.send().await?;
    let (status, headers) = (answer.status(), answer.headers().clone());
    let body = answer.bytes().await?;
    Ok(Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or(Value::Null) })
}

fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("expected text, got {value}").into())
}
