//! Builds events: requests, tokens, signatures and forms.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use filot_app::auth::AccessTokens;
use filot_app::auth::access::{AUDIENCE, AccessClaims, ISSUER, Lifetime};
use filot_platform::{Secret, local};
use filot_store::seed;
use filot_testkit::stack_auth;
use serde_json::{Value, json};

/// 2024-01-01: before any clock that runs these events.
pub const ISSUED_AT: i64 = 1_704_067_200;
/// 2100-01-01: after any clock that runs these events. Only the local environment takes tokens that live so long.
pub const EXPIRES_AT: i64 = 4_102_444_800;
/// In every event, so that its lines are easily found.
pub const CORRELATION_ID: &str = "local-event-0001";

/// A request through the REST API, as a Lambda proxy event (version 1).
pub struct Request<'a> {
    pub method: &'a str,
    pub resource: &'a str,
    pub parameters: &'a [(&'a str, String)],
    pub query: &'a [(&'a str, &'a str)],
    pub headers: Vec<(&'a str, String)>,
    pub body: Body,
}

pub enum Body {
    None,
    Text(String),
    Binary(Vec<u8>),
}

impl<'a> Request<'a> {
    pub fn new(method: &'a str, resource: &'a str) -> Self {
        Self { method, resource, parameters: &[], query: &[], headers: Vec::new(), body: Body::None }
    }

    pub fn with(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub fn bearer(self, token: &str) -> Self {
        self.with("Authorization", format!("Bearer {token}"))
    }

    pub fn at(mut self, parameters: &'a [(&'a str, String)]) -> Self {
        self.parameters = parameters;
        self
    }

    pub fn query(mut self, query: &'a [(&'a str, &'a str)]) -> Self {
        self.query = query;
        self
    }

    pub fn json(mut self, body: &Value) -> Self {
        self.body = Body::Text(body.to_string());
        self.with("Content-Type", "application/json")
    }

    pub fn raw(mut self, content_type: &str, body: Vec<u8>) -> Self {
        self.body = Body::Binary(body);
        self.with("Content-Type", content_type)
    }

    pub fn event(mut self) -> Value {
        self.headers.push(("X-Correlation-Id", CORRELATION_ID.to_owned()));
        let path = self.parameters.iter().fold(self.resource.to_owned(), |path, (name, value)| {
            path.replace(&format!("{{{name}}}"), value)
        });
        let single: serde_json::Map<_, _> =
            self.headers.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let multi: serde_json::Map<_, _> =
            self.headers.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
        let parameters: serde_json::Map<_, _> =
            self.parameters.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let query: serde_json::Map<_, _> =
            self.query.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        let multi_query: serde_json::Map<_, _> =
            self.query.iter().map(|(name, value)| ((*name).to_owned(), json!([value]))).collect();
        let or_null = |map: serde_json::Map<String, Value>| {
            if map.is_empty() { Value::Null } else { Value::Object(map) }
        };
        let (body, is_base64) = match self.body {
            Body::None => (Value::Null, false),
            Body::Text(text) => (json!(text), false),
            Body::Binary(bytes) => (json!(BASE64_STANDARD.encode(bytes)), true),
        };
        json!({
            "resource": self.resource,
            "path": path,
            "httpMethod": self.method,
            "headers": single,
            "multiValueHeaders": multi,
            "queryStringParameters": or_null(query),
            "multiValueQueryStringParameters": or_null(multi_query),
            "pathParameters": or_null(parameters),
            "stageVariables": null,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "resourceId": "local",
                "resourcePath": self.resource,
                "httpMethod": self.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "stage": "local",
                "requestId": "00000000-0000-4000-8000-000000000001",
                "requestTimeEpoch": ISSUED_AT * 1000,
                "identity": {"sourceIp": "203.0.113.7", "userAgent": "filot-events"},
            },
            "body": body,
            "isBase64Encoded": is_base64,
        })
    }
}

/// A request to a function's own URL (payload version 2).
pub fn function_url(path: &str, headers: &[(&str, String)], body: &str) -> Value {
    let mut sent: serde_json::Map<_, _> =
        headers.iter().map(|(name, value)| (name.to_lowercase(), json!(value))).collect();
    sent.insert("x-correlation-id".to_owned(), json!(CORRELATION_ID));
    sent.insert("content-type".to_owned(), json!("application/json"));
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": sent,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": "local.lambda-url.ap-southeast-2.on.aws",
            "domainPrefix": "local",
            "http": {
                "method": "POST",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "203.0.113.7",
                "userAgent": "filot-events",
            },
            "requestId": "00000000-0000-4000-8000-000000000001",
            "routeKey": "$default",
            "stage": "$default",
            "time": "01/Jan/2024:00:00:00 +0000",
            "timeEpoch": ISSUED_AT * 1000,
        },
        "body": body,
        "isBase64Encoded": false,
    })
}

/// The demo user's claims.
pub fn access_claims() -> AccessClaims {
    AccessClaims {
        iss: ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: seed::USER,
        sid: seed::SESSION,
        iat: ISSUED_AT,
        exp: EXPIRES_AT,
        nbf: None,
    }
}

/// Our own token, signed with the local secret or another.
pub fn access_token(claims: &AccessClaims, secret: &str) -> String {
    let secret = Secret::from(secret.to_owned());
    AccessTokens::new([("1", &secret)], Lifetime::Unbounded).sign(claims).unwrap()
}

/// The demo user's token.
pub fn token() -> String {
    access_token(&access_claims(), local::JWT_SECRET)
}

/// Stack Auth's claims for a user of the local project.
pub fn stack_claims(user: &str, email: &str) -> Value {
    stack_auth::claims(user, email, ISSUED_AT, EXPIRES_AT)
}

/// Stack Auth's token. ES256 signatures are random: one that is checked in and says the same is kept.
pub fn stack_token(claims: &Value, checked_in: Option<&Value>) -> String {
    let kept = checked_in
        .and_then(|event| event["headers"]["Authorization"].as_str())
        .and_then(|value| value.strip_prefix("Bearer "));
    let fresh = stack_auth::sign(claims).unwrap();
    match kept {
        Some(kept) if stack_auth::same_but_for_the_signature(kept, &fresh) => kept.to_owned(),
        _ => fresh,
    }
}

/// A callback's signature, without a timestamp: with one it would be old tomorrow.
pub fn signature(body: &str) -> String {
    filot_buli2::signature::sign(local::BULI2_SIGNATURE_SECRET.as_bytes(), None, body.as_bytes())
}

/// An upload's form.
pub fn form(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (headers, content_type, content) in parts {
        form.extend_from_slice(b"--filot-event\r\nContent-Disposition: form-data; ");
        form.extend_from_slice(headers.as_bytes());
        if let Some(content_type) = content_type {
            form.extend_from_slice(format!("\r\nContent-Type: {content_type}").as_bytes());
        }
        form.extend_from_slice(b"\r\n\r\n");
        form.extend_from_slice(content);
        form.extend_from_slice(b"\r\n");
    }
    form.extend_from_slice(b"--filot-event--\r\n");
    form
}

/// The media type of the form.
pub const FORM: &str = "multipart/form-data; boundary=filot-event";

/// A picture of one grey pixel: a PNG, and no card.
pub const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x68, 0,
    0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];
