//! Every event of a route gets the answer its name promises: the routes run here, on a real database with the demo
//! data. Events that need object storage, queues or Stack Auth's server are left to the end-to-end suite.

use std::sync::Arc;

use chrono::Utc;
use filot_app::context::Context;
use filot_edge::{Role, routes, serve};
use filot_platform::Config;
use filot_store::{FraudPolicy, IdentityHashKey, SealingKeys, Store, StoreConfig, seed};
use filot_testkit::{Postgres, TestDb};
use serde_json::Value;

use super::checked_in;

/// Local configuration with a database and nothing else that answers.
pub async fn config(role: Role, database_url: &str) -> Config {
    let given = [
        ("FILOT_ENV", "local"),
        ("DATABASE_URL", database_url),
        ("DATABASE_SCORING_URL", database_url),
        ("DATABASE_REVIEWS_URL", database_url),
        ("CF_R2_ENDPOINT", "http://127.0.0.1:9"),
        ("CF_R2_ACCESS_KEY_ID", "test"),
        ("CF_R2_SECRET_ACCESS_KEY", "test"),
        ("CF_R2_BUCKET_NAME", "filot"),
        ("OCR_GPU_QUEUE_URL", "http://127.0.0.1:9/q"),
        ("OCR_CPU_QUEUE_URL", "http://127.0.0.1:9/q"),
        ("OCR_GPU_DLQ_URL", "http://127.0.0.1:9/q"),
        ("OCR_CPU_DLQ_URL", "http://127.0.0.1:9/q"),
        ("REDIS_URL", "redis://127.0.0.1:9"),
        ("REVIEW_DISPATCH_FUNCTION", "review-dispatch"),
    ];
    Config::from_values(role, &given).await.unwrap()
}

/// The status of a function's answer under a configuration.
pub async fn answer(config: Config, event: &Value) -> u16 {
    let function = routes::ALL.iter().find(|function| function.role() == config.role).unwrap();
    let context = Context::new(config, Utc::now()).unwrap();
    let answer = serve::answer_event(*function, &context, event.clone()).await.unwrap();
    u16::try_from(answer["statusCode"].as_u64().unwrap()).unwrap()
}

/// The role of a function.
pub fn role_of(function: &str) -> Role {
    *Role::ALL.iter().find(|role| role.name() == function).unwrap()
}

/// Whether an event needs a server that does not run here.
fn needs_more(name: &str) -> bool {
    let is_stack = name.starts_with("auth-register/") || name.starts_with("auth-login/");
    let answered_without = ["auth-register/401-no-token", "auth-login/401-our-own-token"].contains(&name);
    (is_stack && !answered_without)
        || name.starts_with("documents-upload/201")
        || name == "documents-upload/422-idempotency-key-reused"
}

/// A database with the demo data.
pub async fn demo_database(server: &Arc<Postgres>) -> TestDb {
    let database = server.database().await.unwrap();
    Store::migrate(&database.owner_url()).await.unwrap();
    let store = Store::connect(StoreConfig {
        url: database.app_url(),
        max_connections: 2,
        sealing: SealingKeys::new("local", [("local".to_owned(), *b"filot-local-sealing-key-32-bytes")])
            .unwrap(),
        identity_hash: IdentityHashKey::new(filot_platform::local::IDENTITY_HASH_KEY.as_bytes()).unwrap(),
        fraud: FraudPolicy::default(),
    })
    .unwrap();
    seed::seed(&store, "local", Utc::now()).await.unwrap();
    database
}

#[tokio::test]
async fn every_event_gets_the_answer_its_name_promises() {
    let server = Postgres::shared().await.unwrap();
    let database = demo_database(&server).await;

    let mut wrong = Vec::new();
    let mut seen = 0;
    // In order of their names: 200 before 409, as a contrary decision needs a first one.
    for (name, event) in checked_in() {
        let (function, what) = name.split_once('/').unwrap();
        let Some(promised) = what.split('-').next().and_then(|status| status.parse::<u16>().ok()) else {
            continue;
        };
        if needs_more(&name) {
            continue;
        }
        seen += 1;
        let answered = answer(config(role_of(function), &database.app_url()).await, &event).await;
        if answered != promised {
            wrong.push(format!("{name}: {answered}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(seen >= 30, "only {seen} events were tried");
}
