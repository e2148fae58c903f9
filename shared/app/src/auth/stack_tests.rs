//! Stack Auth's side is a real HTTP server that counts how often its keys are fetched.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use axum::Router;
use axum::extract::State;
use axum::routing::get;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as B64;
use filot_testkit::stack_auth;
use jsonwebtoken::{EncodingKey, Header};
use serde_json::{Value, json};

use super::*;
use crate::error_code::ErrorKind;

const USER: &str = "6f1c2c52-3c58-4d0c-9d2e-5f0f7d1a2b3c";

/// A key server that answers or fails as told.
#[derive(Clone, Default)]
struct KeyServer {
    fetches: Arc<AtomicU32>,
    status: Arc<AtomicU64>,
}

impl KeyServer {
    fn fetches(&self) -> u32 {
        self.fetches.load(Ordering::SeqCst)
    }

    fn is_down(&self, down: bool) {
        self.status.store(if down { 500 } else { 200 }, Ordering::SeqCst);
    }
}

async fn keys(State(server): State<KeyServer>) -> (axum::http::StatusCode, String) {
    server.fetches.fetch_add(1, Ordering::SeqCst);
    let status = match server.status.load(Ordering::SeqCst) {
        500 => axum::http::StatusCode::INTERNAL_SERVER_ERROR,
        _ => axum::http::StatusCode::OK,
    };
    (status, stack_auth::jwks().to_string())
}

async fn verifier() -> (StackVerifier, KeyServer) {
    let server = KeyServer::default();
    let path = format!("/api/v1/projects/{}/.well-known/jwks.json", stack_auth::PROJECT_ID);
    let router = Router::new().route(&path, get(keys)).with_state(server.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = Url::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let issuers = ["https://api.stack-auth.com".to_owned(), "https://api.hexclave.com/".to_owned()];
    let project = StackProject::new(&api, stack_auth::PROJECT_ID, &issuers).unwrap();
    (StackVerifier::new(project).unwrap(), server)
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn claims() -> Value {
    stack_auth::claims(USER, "Siti@Example.com", now().timestamp(), now().timestamp() + 600)
}

fn with(field: &str, value: Value) -> String {
    let mut claims = claims();
    claims[field] = value;
    stack_auth::sign(&claims).unwrap()
}

#[tokio::test]
async fn a_token_of_the_project_names_its_user() {
    let (verifier, _) = verifier().await;
    let identity = verifier.verify(&stack_auth::sign(&claims()).unwrap(), now()).await.unwrap();
    assert_eq!(identity.stack_user_id, USER);
    assert_eq!(identity.verified_email.as_deref(), Some("siti@example.com"));
    assert!(!format!("{identity:?}").contains("siti"));

    let unproven = verifier.verify(&with("email_verified", json!(false)), now()).await.unwrap();
    assert_eq!(unproven.verified_email, None);
    let other_name = format!("https://api.hexclave.com/api/v1/projects/{}", stack_auth::PROJECT_ID);
    assert!(verifier.verify(&with("iss", json!(other_name)), now()).await.is_ok());
}

#[tokio::test]
async fn claims_that_do_not_fit_are_refused() {
    let (verifier, _) = verifier().await;
    let project = stack_auth::PROJECT_ID;
    let cases = [
        ("iss", json!("https://api.stack-auth.com/api/v1/projects/another")),
        ("iss", json!("https://evil.example")),
        ("iss", Value::Null),
        ("aud", json!("another")),
        ("aud", json!(format!("{project}:anon"))),
        ("aud", json!(format!("{project}:restricted"))),
        ("aud", Value::Null),
        ("sub", json!("")),
        ("sub", json!("a b")),
        ("sub", Value::Null),
        ("exp", json!(now().timestamp())),
        ("exp", Value::Null),
        ("nbf", json!(now().timestamp() + 60)),
        ("iat", json!(now().timestamp() + 60)),
    ];
    for (field, value) in cases {
        let refused = verifier.verify(&with(field, value.clone()), now()).await.unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::Unauthenticated, "{field} {value}");
    }
    for flag in ["is_anonymous", "is_restricted"] {
        let refused = verifier.verify(&with(flag, json!(true)), now()).await.unwrap_err();
        assert_eq!(
            (refused.kind(), refused.code),
            (ErrorKind::Forbidden, ErrorCode::AccountRestricted),
            "{flag}"
        );
    }
}

#[tokio::test]
async fn other_algorithms_are_refused_whatever_they_are_signed_with() {
    let (verifier, server) = verifier().await;
    let header = |alg: &str| B64.encode(format!(r#"{{"alg":"{alg}","kid":"{}"}}"#, stack_auth::KEY_ID));
    let body = B64.encode(claims().to_string());
    let good = stack_auth::sign(&claims()).unwrap();
    let signature = good.rsplit('.').next().unwrap();
    for alg in ["none", "HS256", "ES384", "RS256"] {
        for signature in ["", signature] {
            let token = format!("{}.{body}.{signature}", header(alg));
            assert!(verifier.verify(&token, now()).await.is_err(), "{alg}");
        }
    }
    // The public key is no secret: whoever signs with it as if it were one proves nothing.
    let jwks = stack_auth::jwks();
    for public in [jwks["keys"][0]["x"].as_str().unwrap(), &jwks.to_string()] {
        let head = Header { kid: Some(stack_auth::KEY_ID.to_owned()), ..Header::new(Algorithm::HS256) };
        let key = EncodingKey::from_secret(public.as_bytes());
        let token = jsonwebtoken::encode(&head, &claims(), &key).unwrap();
        assert!(verifier.verify(&token, now()).await.is_err());
    }
    assert_eq!(server.fetches(), 0, "a token that cannot be right made us fetch keys");

    let (head, _) = good.rsplit_once('.').unwrap();
    for tampered in [format!("{head}.{}", B64.encode([0_u8; 64])), format!("{head}."), "x".repeat(9000)] {
        assert!(verifier.verify(&tampered, now()).await.is_err());
    }
}

#[tokio::test]
async fn an_unknown_kid_fetches_at_most_twice_a_minute() {
    let (verifier, server) = verifier().await;
    let good = stack_auth::sign(&claims()).unwrap();
    for _ in 0..3 {
        verifier.verify(&good, now()).await.unwrap();
    }
    assert_eq!(server.fetches(), 1);

    let head = Header { kid: Some("invented".to_owned()), ..Header::new(Algorithm::ES256) };
    let key = EncodingKey::from_ec_pem(stack_auth::PRIVATE_KEY_PEM.as_bytes()).unwrap();
    let unknown = jsonwebtoken::encode(&head, &claims(), &key).unwrap();
    for _ in 0..5 {
        assert_eq!(verifier.verify(&unknown, now()).await.unwrap_err().kind(), ErrorKind::Unauthenticated);
    }
    assert_eq!(server.fetches(), 1, "within the floor nothing is fetched");
    let later = now() + FETCH_FLOOR;
    for _ in 0..5 {
        assert!(verifier.verify(&unknown, later).await.is_err());
    }
    assert_eq!(server.fetches(), 2, "after the floor, once");
    verifier.verify(&good, later).await.unwrap();
    assert_eq!(server.fetches(), 2);
}

#[tokio::test]
async fn old_keys_serve_while_stack_auth_is_away_and_not_for_ever() {
    let (verifier, server) = verifier().await;
    let far = with("exp", json!(now().timestamp() + 10 * 86_400));
    verifier.verify(&far, now()).await.unwrap();
    server.is_down(true);
    let next_hour = now() + FRESH_FOR;
    verifier.verify(&far, next_hour).await.unwrap();
    assert_eq!(server.fetches(), 2, "it tried");
    let next_day = now() + USABLE_FOR;
    assert_eq!(verifier.verify(&far, next_day).await.unwrap_err().kind(), ErrorKind::Unavailable);
    server.is_down(false);
    assert!(verifier.verify(&far, next_day).await.is_err(), "not before the floor");
    verifier.verify(&far, next_day + FETCH_FLOOR).await.unwrap();
}

#[test]
fn a_key_set_without_es256_is_none() {
    for body in [
        "",
        "{}",
        r#"{"keys": []}"#,
        r#"{"keys": [{"kty": "oct", "kid": "a", "k": "c2VjcmV0"}]}"#,
        r#"{"keys": [{"kty": "EC", "crv": "P-384", "kid": "a", "x": "AA", "y": "AA"}]}"#,
    ] {
        assert!(parse_keys(body.as_bytes()).is_err(), "{body}");
    }
    assert_eq!(parse_keys(stack_auth::jwks().to_string().as_bytes()).unwrap().len(), 1);
}
