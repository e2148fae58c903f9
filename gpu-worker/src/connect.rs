//! Makes the worker's connections from its configuration: at the start, and again when a secret has rotated.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use filot_cache::Cache;
use filot_cloud::Objects;
use filot_platform::{Config, Role};
use filot_store::Store;
use tokio::time::{MissedTickBehavior, interval_at};

use crate::worker::{Connections, Worker};

/// How often secrets are read again.
const RE_READ: Duration = Duration::from_secs(5 * 60);

/// A setting that is missing or that nothing can be made from. Names variables, never values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Unusable(pub String);

/// The worker's connections. Nothing is connected before the first call needs it.
///
/// # Errors
/// Every problem at once.
pub fn connections(config: &Config) -> Result<Connections, Vec<Unusable>> {
    let mut problems = Vec::new();
    let mut keep = |problem: Unusable| problems.push(problem);
    let store = section("database", config.database.as_ref())
        .and_then(|database| Store::try_from(database).map_err(unusable))
        .map_err(&mut keep)
        .ok();
    let objects = section("storage", config.storage.as_ref())
        .map(|storage| Objects::new(storage.into()))
        .map_err(&mut keep)
        .ok();
    let cache = section("redis", config.redis.as_ref())
        .and_then(|redis| Cache::new(redis.into()).map_err(unusable))
        .map_err(&mut keep)
        .ok();
    match (store, objects, cache) {
        (Some(store), Some(objects), Some(cache)) => Ok(Connections { store, objects, cache }),
        _ => Err(problems),
    }
}

/// A section that the worker's role always has.
///
/// # Errors
/// The section is missing.
pub fn section<'a, T>(name: &str, section: Option<&'a T>) -> Result<&'a T, Unusable> {
    section.ok_or_else(|| Unusable(format!("the {name} section is missing")))
}

fn unusable(error: impl std::fmt::Display) -> Unusable {
    Unusable(error.to_string())
}

/// A hash of everything the connections are made from: it tells that a secret has rotated, and keeps no secret.
pub fn fingerprint(config: &Config) -> u64 {
    let mut hasher = DefaultHasher::new();
    (&config.database, &config.storage, &config.redis).hash(&mut hasher);
    hasher.finish()
}

/// Reads the configuration again and again; reconnects when a secret has changed. Runs until it is dropped.
pub async fn watch(worker: Arc<Worker>, mut current: u64) {
    let mut ticks = interval_at(tokio::time::Instant::now() + RE_READ, RE_READ);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let config = match Config::load(Role::GpuWorker).await {
            Ok(config) => config,
            Err(errors) => {
                tracing::error!(%errors, "the configuration cannot be read again: the worker goes on as it is");
                continue;
            }
        };
        let now = fingerprint(&config);
        if now == current {
            continue;
        }
        match connections(&config) {
            Ok(connections) => {
                worker.reconnect(connections);
                current = now;
                tracing::info!("a secret has changed: new connections");
            }
            Err(problems) => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                tracing::error!(
                    ?problems,
                    "the changed configuration is unusable: the worker goes on as it is"
                );
            }
        }
    }
}
