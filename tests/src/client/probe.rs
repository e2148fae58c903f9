//! One HTTP request with every header under control, and its unchanged answer.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use filot_platform::local;
use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

use crate::Result;

/// Number of addresses used so far.
static ADDRESSES: AtomicU32 = AtomicU32::new(0);
/// Headers of every answer: Helmet's defaults, no caching, and the correlation id.
pub const ON_EVERY_ANSWER: [&str; 14] = [
    "content-security-policy",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "origin-agent-cluster",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-dns-prefetch-control",
    "x-download-options",
    "x-frame-options",
    "x-permitted-cross-domain-policies",
    "x-xss-protection",
    "cache-control",
    "x-correlation-id",
];

/// A request.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Its method.
    pub method: Method,
    /// Its URL.
    pub url: String,
    /// Its headers.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Seen {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub text: String,
}

impl Probe {
    /// A request without headers and body.
    pub fn new(method: &str, url: impl Into<String>) -> Result<Self> {
        let method = Method::from_bytes(method.as_bytes())?;
        Ok(Self { method, url: url.into(), headers: Vec::new(), body: Vec::new() })
    }

    /// One more header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// With a bearer token.
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", format!("Bearer {token}"))
    }

    /// With a body in JSON.
    #[must_use]
    pub fn json(mut self, body: &Value) -> Self {
        self.body = body.to_string().into_bytes();
        self.header("content-type", "application/json")
    }

    /// From an address that no other request used, so that no limit per address applies.
    #[must_use]
    pub fn from_a_new_address(self) -> Self {
        let n = ADDRESSES.fetch_add(1, Ordering::Relaxed);
        self.header("cf-connecting-ip", format!("198.18.{}.{}", n / 250 % 250, n % 250 + 1))
            .header("x-origin-secret", local::ORIGIN_SECRET)
    }

    /// Sends it.
    pub async fn send(&self, http: &reqwest::Client) -> Result<Seen> {
        let mut headers = HeaderMap::new();
        for (name, value) in &self.headers {
            headers.append(HeaderName::from_bytes(name.as_bytes())?, HeaderValue::from_str(value)?);
        }
        let mut request = http.request(self.method.clone(), &self.url).headers(headers);
        if !self.body.is_empty() {
            request = request.body(self.body.clone());
        }
        let answer = request.send().await?;
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = String::from_utf8_lossy(&answer.bytes().await?).into_owned();
        Ok(Seen { status, headers, text })
    }
}

impl Seen {
    /// A header's text; empty if it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    /// The body's `code`; empty if it has none.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// How this refusal differs from a correct RFC 9457 problem document; empty if it is one.
    pub fn faults_as_problem(&self) -> Vec<String> {
        let mut faults = self.faults_as_answer();
        let body = self.json();
        if self.header("content-type") != "application/problem+json" {
            faults.push(format!("Content-Type is {:?}", self.header("content-type")));
        }
        if body["status"] != self.status || !body["title"].is_string() || !body["detail"].is_string() {
            faults.push(format!("no problem document: {body}"));
        }
        let correlation = body["correlationId"].as_str().unwrap_or_default();
        if correlation.is_empty() || correlation != self.header("x-correlation-id") {
            faults.push(format!("correlationId is {correlation:?} in the body only"));
        }
        if self.status == 401 && self.header("www-authenticate") != "Bearer" {
            faults.push("401 without WWW-Authenticate".to_owned());
        }
        faults
    }

    /// The headers of [`ON_EVERY_ANSWER`] that this answer lacks.
    pub fn faults_as_answer(&self) -> Vec<String> {
        let missing = ON_EVERY_ANSWER.iter().filter(|name| !self.headers.contains_key(**name));
        missing.map(|name| format!("no {name}")).collect()
    }
}

/// A client that follows no redirect.
pub fn client() -> Result<reqwest::Client> {
    let redirect = reqwest::redirect::Policy::none();
    Ok(reqwest::Client::builder().redirect(redirect).timeout(Duration::from_secs(60)).build()?)
}
