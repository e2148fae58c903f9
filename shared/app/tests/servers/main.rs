//! Use cases on real servers: Postgres with the demo data, and the AWS stand-in. Only the reviewer and the clock are
//! faked.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod dispatch;
mod documents;
mod erasing;
mod limits;
mod requests;
mod sessions;
mod upload;
mod watching;

use std::sync::LazyLock;

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use filot_domain::CorrelationId;
use filot_store::{FraudPolicy, IdentityHashKey, SealingKeys, Store, StoreConfig, seed};
use filot_testkit::{Postgres, TestDb};

/// A database with the demo data.
async fn database() -> (TestDb, Store) {
    let database = Postgres::shared().await.unwrap().database().await.unwrap();
    Store::migrate(&database.owner_url()).await.unwrap();
    let store = store_at(database.app_url());
    seed::seed(&store, "local", now()).await.unwrap();
    (database, store)
}

fn store_at(url: String) -> Store {
    Store::connect(config(url)).unwrap()
}

fn config(url: String) -> StoreConfig {
    StoreConfig {
        url,
        max_connections: 4,
        sealing: SealingKeys::new("1", [("1".to_owned(), [7; 32])]).unwrap(),
        identity_hash: IdentityHashKey::new(&[7; 32]).unwrap(),
        fraud: FraudPolicy::default(),
    }
}

/// When every test begins: now, because the times of events are the database's.
fn now() -> DateTime<Utc> {
    static NOW: LazyLock<DateTime<Utc>> = LazyLock::new(|| Utc::now().trunc_subsecs(0));
    *NOW
}

fn after(time: TimeDelta) -> DateTime<Utc> {
    now() + time
}

fn correlation_id() -> CorrelationId {
    "test-correlation".parse().unwrap()
}
