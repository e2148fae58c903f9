//! A statement does not outlive the wait for it.

use filot_testkit::Postgres;

use super::*;
use crate::config::{IdentityHashKey, SealingKeys};

#[tokio::test]
async fn a_statement_ends_with_the_client_that_gave_up() {
    let db = Postgres::shared().await.unwrap().database().await.unwrap();
    Store::migrate(&db.owner_url()).await.unwrap();
    let owner = db.owner().await.unwrap();
    let setting = |name: &str| format!("SELECT setting::int FROM pg_settings WHERE name = '{name}'");
    let app = db.app().await.unwrap();
    let own_bound: i32 = app.query_one(&setting("statement_timeout"), &[]).await.unwrap().get(0);
    assert!(
        Duration::from_millis(own_bound.unsigned_abs().into()) < STATEMENT_TIMEOUT,
        "the database ends it first"
    );

    // A server that does not: only that the connection is closed ends the statement.
    owner.batch_execute(&format!("ALTER DATABASE {} SET statement_timeout = 0", db.name())).await.unwrap();
    let config = StoreConfig {
        url: db.app_url(),
        max_connections: 1,
        sealing: SealingKeys::new("k", [("k".to_owned(), [1; 32])]).unwrap(),
        identity_hash: IdentityHashKey::new(&[2; 32]).unwrap(),
        fraud: crate::FraudPolicy::default(),
    };
    let store = Store::connect_with(config, Duration::from_millis(500)).unwrap();
    let late = store.client().await.unwrap().fetch("SELECT pg_sleep(3600)", &[]).await;
    assert!(matches!(late, Err(StoreError::Timeout)), "{late:?}");
    let running = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() \
                   AND query LIKE 'SELECT pg_sleep%' AND state = 'active')";
    while owner.query_one(running, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }

    // In a transaction too, and the pool's one place is free again.
    let mut client = store.client().await.unwrap();
    let tx = begin(&mut client).await.unwrap();
    assert!(matches!(tx.fetch("SELECT pg_sleep(3600)", &[]).await, Err(StoreError::Timeout)));
    drop(tx);
    drop(client);
    while owner.query_one(running, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.inner.pool.status().size, 0);
}
