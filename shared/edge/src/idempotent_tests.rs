use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use filot_app::error_code::{ErrorCode, ErrorKind};
use filot_platform::{Config, Role, local};
use filot_store::{Caller, FraudPolicy, IdentityHashKey, SealingKeys, Store, StoreConfig, seed};
use filot_testkit::{Postgres, TestDb};
use serde_json::json;

use super::*;

const CALLER: Caller = Caller { user_id: seed::USER, session_id: seed::SESSION };

/// A real database with the demo data.
async fn context() -> (TestDb, Context) {
    let database = Postgres::shared().await.unwrap().database().await.unwrap();
    Store::migrate(&database.owner_url()).await.unwrap();
    let store = Store::connect(StoreConfig {
        url: database.app_url(),
        max_connections: 2,
        sealing: SealingKeys::new("local", [("local".to_owned(), *b"filot-local-sealing-key-32-bytes")])
            .unwrap(),
        identity_hash: IdentityHashKey::new(local::IDENTITY_HASH_KEY.as_bytes()).unwrap(),
        fraud: FraudPolicy::default(),
    })
    .unwrap();
    seed::seed(&store, "local", now()).await.unwrap();
    let url = database.app_url();
    let given =
        [("FILOT_ENV", "local"), ("DATABASE_URL", url.as_str()), ("REDIS_URL", "redis://127.0.0.1:9")];
    let config = Config::from_values(Role::AuthMe, &given).await.unwrap();
    let context = Context::new(config, now()).unwrap();
    (database, context)
}

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn call(path: &str, body: &str, keys: &[&str], at: DateTime<Utc>) -> Call {
    let event = json!({
        "resource": "/documents/{id}/process", "path": path, "httpMethod": "POST",
        "multiValueHeaders": {"idempotency-key": keys},
        "requestContext": {"resourcePath": "/documents/{id}/process", "httpMethod": "POST", "stage": "v1"},
        "body": body, "isBase64Encoded": false
    });
    Call::new(lambda_http::request::from_str(&event.to_string()).unwrap(), at)
}

/// The demo user's request at some time.
fn request(context: &Context, at: DateTime<Utc>) -> RequestContext<SignedInUser> {
    let tokens = context.access_tokens();
    let token = tokens.issue(CALLER, now()).unwrap().token;
    let principal = tokens.verify(token.expose(), now()).unwrap();
    RequestContext { principal, correlation_id: "test-correlation".parse().unwrap(), now: at }
}

/// Counts how often it is done and says so.
struct Work<'a> {
    context: &'a Context,
    done: AtomicU32,
}

impl Work<'_> {
    async fn send(&self, call: &Call, error: Option<AppError>) -> Answer {
        let request = request(self.context, call.now);
        idempotent(self.context, call, &request, "documents-process", async {
            let done = self.done.fetch_add(1, Ordering::SeqCst) + 1;
            match error {
                Some(error) => Err(error),
                None => Reply::json(StatusCode::ACCEPTED, &json!({ "done": done })),
            }
        })
        .await
    }

    fn done(&self) -> u32 {
        self.done.load(Ordering::SeqCst)
    }
}

fn is_replay(reply: &Reply) -> bool {
    reply.headers.get(REPLAYED).is_some_and(|value| value == "true")
}

#[tokio::test]
async fn a_request_sent_again_is_answered_and_not_done_again() {
    let (_database, context) = context().await;
    let work = Work { context: &context, done: AtomicU32::new(0) };
    let send = async |path, body, keys: &[&str]| work.send(&call(path, body, keys, now()), None).await;
    let first = send("/documents/a/process", "{}", &["k1"]).await.unwrap();
    let again = send("/documents/a/process", "{}", &["k1"]).await.unwrap();
    assert_eq!((first.status, first.body.as_deref()), (StatusCode::ACCEPTED, Some(r#"{"done":1}"#)));
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    assert_eq!(again.headers.get(CONTENT_TYPE), first.headers.get(CONTENT_TYPE));
    assert!(is_replay(&again) && !is_replay(&first));

    for (path, body) in [("/documents/b/process", "{}"), ("/documents/a/process", "{\"x\":1}")] {
        let refused = send(path, body, &["k1"]).await.err().unwrap();
        assert_eq!(
            (refused.kind(), refused.code),
            (ErrorKind::Unprocessable, ErrorCode::IdempotencyKeyReused),
            "{path} {body}"
        );
    }
    let long = "k".repeat(256);
    for keys in [&[""][..], &["with space"], &[&long], &["one", "other"], &["same", "same"]] {
        let refused = send("/documents/a/process", "{}", keys).await.err().unwrap();
        assert_eq!(
            (refused.kind(), refused.errors[0].field),
            (ErrorKind::Invalid, "Idempotency-Key"),
            "{keys:?}"
        );
    }
    assert_eq!(work.done(), 1);
    for _ in 0..2 {
        send("/documents/a/process", "{}", &[]).await.unwrap();
    }
    assert_eq!(work.done(), 3, "without a key every request is one");
    let next_day = call("/documents/a/process", "{}", &["k1"], now() + TimeDelta::hours(24));
    assert!(!is_replay(&work.send(&next_day, None).await.unwrap()));
}

#[tokio::test]
async fn a_final_error_is_given_again_and_any_other_frees_the_key() {
    let (_database, context) = context().await;
    let work = Work { context: &context, done: AtomicU32::new(0) };
    let send =
        async |key: &str, error| work.send(&call("/documents/a/process", "", &[key], now()), error).await;
    let conflict = || AppError::new(ErrorCode::StateChanged, "The resource has changed meanwhile.");
    assert_eq!(send("final", Some(conflict())).await.err(), Some(conflict()));
    let again = send("final", None).await.unwrap();
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(is_replay(&again) && again.body.as_deref().unwrap().contains(r#""code":"state_changed""#));
    assert_eq!(again.headers.get(CONTENT_TYPE).unwrap(), PROBLEM_JSON);
    assert_eq!(work.done(), 1);

    for error in [
        AppError::internal("x"),
        AppError::unavailable("x"),
        AppError::unauthenticated("x"),
        AppError::invalid(Vec::new()),
        AppError::new(ErrorCode::RateLimited, "x"),
    ] {
        let before = work.done();
        assert!(send("open", Some(error)).await.is_err());
        assert_eq!(work.done(), before + 1);
    }
    assert!(!is_replay(&send("open", None).await.unwrap()));
}

/// INV-6: an answer is replayed to a session that lives, and to nobody else.
#[tokio::test]
async fn inv_6_an_ended_session_is_answered_nothing_again() {
    let (_database, context) = context().await;
    let work = Work { context: &context, done: AtomicU32::new(0) };
    let request = call("/documents/a/process", "", &["k"], now());
    work.send(&request, None).await.unwrap();
    context.store().unwrap().end_session(&CALLER, now()).await.unwrap();
    assert_eq!(work.send(&request, None).await.err().unwrap().kind(), ErrorKind::Unauthenticated);
    assert_eq!(work.done(), 1);
}
