//! `GET /health`: whether the database, Redis and the queue answer. All are asked at once, each for two seconds at most.

use std::time::Duration;

use chrono::{DateTime, Utc};
use filot_cache::Cache;
use filot_cloud::OcrQueues;
use filot_platform::Environment;
use filot_platform::telemetry::{MetricName, metric};
use filot_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::Nobody;
use crate::error::{AppError, Result};
use crate::request_context::RequestContext;

const PATIENCE: Duration = Duration::from_secs(2);
/// Who carries documents. SQS is the only engine there is.
const OCR_ENGINE: &str = "sqs";
/// There is no Temporal engine yet and no variable that could configure one. The field is part of the answer, and always
/// says no.
const TEMPORAL_CONFIGURED: bool = false;

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

/// Facts about this instance.
#[derive(Debug, Clone, Copy)]
pub struct Instance {
    /// When this instance started.
    pub started_at: DateTime<Utc>,
    /// Which environment this is.
    pub environment: Environment,
}

/// Asks the database, Redis and the queue of new documents. What this function has no configuration for does not answer.
pub async fn health<'a>(
    instance: Instance,
    store: Result<&Store>,
    cache: Result<&Cache>,
    queues: impl Future<Output = Result<&'a OcrQueues>>,
    request: &RequestContext<Nobody>,
) -> HealthResponse {
    let database = async { answers("database", async { Ok(store?.ping().await?) }).await };
    let redis = async {
        let ping = async { cache?.ping().await.map_err(|error| AppError::unavailable(error.to_string())) };
        let is_there = answers("redis", ping).await;
        if !is_there {
            metric(MetricName::RedisUnavailable, 1.0, &[]);
        }
        is_there
    };
    let queue = async {
        let ask = async {
            let queues = queues.await?;
            let asked = queues.get(queues.preferred()).attributes().await;
            asked.map(drop).map_err(|error| AppError::unavailable(error.to_string()))
        };
        answers("queue", ask).await
    };
    collect(instance, database, redis, queue, request.now).await
}

/// Waits for all three at once.
async fn collect(
    instance: Instance,
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
        environment: instance.environment.to_string(),
        ocr_engine: OCR_ENGINE.to_owned(),
        temporal_configured: TEMPORAL_CONFIGURED,
        redis_connected,
        database_connected,
        queue_reachable,
    }
}

async fn answers(what: &'static str, asked: impl Future<Output = Result<()>>) -> bool {
    match asked.await {
        Ok(()) => true,
        Err(error) => {
            tracing::warn!(what, %error, "it does not answer");
            false
        }
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
        let instance =
            Instance { started_at: now - chrono::TimeDelta::seconds(7), environment: Environment::Local };
        collect(instance, async { database }, async { redis }, async { queue }, now).await
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
