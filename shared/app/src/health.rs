//! `GET /health`: whether the parts that are needed answer. Asks them all at once, and each for two seconds at most.

use std::future::Future;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

const PATIENCE: Duration = Duration::from_secs(2);

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealthResponse {
    /// Whether requests can be served: the database answers.
    pub ok: bool,
    /// `ok`, `degraded` (served, but something else is away) or `down`.
    #[schema(value_type = crate::schema::HealthStatus)]
    pub status: &'static str,
    /// Now.
    pub timestamp: DateTime<Utc>,
    /// Seconds since this instance started.
    #[schema(minimum = 0)]
    pub uptime: i64,
    /// Which environment this is.
    #[schema(value_type = crate::schema::EnvironmentName)]
    pub environment: String,
    /// Who carries documents and reviews: `sqs` or `temporal`.
    #[schema(value_type = crate::schema::OcrEngine)]
    pub ocr_engine: String,
    /// Whether a workflow engine is configured.
    pub temporal_configured: bool,
    /// Whether Redis answers.
    pub redis_connected: bool,
    /// Whether the database answers.
    pub database_connected: bool,
    /// Whether the queue of new documents answers.
    pub queue_reachable: bool,
}

/// What is known without asking anybody.
#[derive(Debug, Clone)]
pub struct Instance {
    /// When this instance started.
    pub started_at: DateTime<Utc>,
    /// Which environment this is.
    pub environment: String,
    /// Who carries documents and reviews.
    pub ocr_engine: String,
}

/// Asks the database, Redis and the queue.
pub async fn health(
    instance: &Instance,
    database: impl Future<Output = bool>,
    redis: impl Future<Output = bool>,
    queue: impl Future<Output = bool>,
    now: DateTime<Utc>,
) -> HealthResponse {
    let (database_connected, redis_connected, queue_reachable) =
        tokio::join!(in_time(database), in_time(redis), in_time(queue));
    let status = match (database_connected, redis_connected && queue_reachable) {
        (false, _) => "down",
        (true, false) => "degraded",
        (true, true) => "ok",
    };
    HealthResponse {
        ok: database_connected,
        status,
        timestamp: now,
        uptime: (now - instance.started_at).num_seconds(),
        environment: instance.environment.clone(),
        temporal_configured: instance.ocr_engine == "temporal",
        ocr_engine: instance.ocr_engine.clone(),
        redis_connected,
        database_connected,
        queue_reachable,
    }
}

async fn in_time(asked: impl Future<Output = bool>) -> bool {
    tokio::time::timeout(PATIENCE, asked).await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(database: bool, redis: bool, queue: bool) -> HealthResponse {
        let now = DateTime::UNIX_EPOCH;
        let instance = Instance {
            started_at: now - chrono::TimeDelta::seconds(7),
            environment: "local".to_owned(),
            ocr_engine: "sqs".to_owned(),
        };
        health(&instance, async { database }, async { redis }, async { queue }, now).await
    }

    #[tokio::test]
    async fn only_the_database_takes_us_down() {
        let all = of(true, true, true).await;
        assert_eq!((all.ok, all.status, all.uptime, all.temporal_configured), (true, "ok", 7, false));
        for (redis, queue) in [(false, true), (true, false), (false, false)] {
            let health = of(true, redis, queue).await;
            assert_eq!((health.ok, health.status), (true, "degraded"));
        }
        let down = of(false, true, true).await;
        assert_eq!((down.ok, down.status), (false, "down"));
    }
}
