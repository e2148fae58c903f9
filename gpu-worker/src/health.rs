//! `GET /health` for the container platform: what this worker is and whether it can work.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use chrono::Utc;
use filot_ocr::device::DeviceReport;
use serde::Serialize;
use serde_json::json;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::role::Role;
use crate::status::Status;
use filot_reader::pool::Pool;

/// The parts of a worker that `/health` reports on.
pub struct HealthContext {
    /// This worker's name.
    pub worker_id: String,
    /// The machine.
    pub device: DeviceReport,
    /// Its queues, readers and capacity.
    pub role: Role,
    /// Its running numbers.
    pub status: Arc<Status>,
    /// Its readers.
    pub pool: Pool,
    /// Cancelled when it stops receiving.
    pub draining: CancellationToken,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Readers {
    wanted: usize,
    alive: usize,
    busy: usize,
}

/// Answers until `until` is cancelled.
pub async fn serve(listener: TcpListener, context: HealthContext, until: CancellationToken) {
    let router = Router::new().route("/health", get(health)).with_state(Arc::new(context));
    let served = axum::serve(listener, router).with_graceful_shutdown(until.cancelled_owned());
    if let Err(error) = served.await {
        tracing::error!(%error, "the health server ended");
    }
}

async fn health(State(context): State<Arc<HealthContext>>) -> impl IntoResponse {
    let now = Utc::now();
    let HealthContext { worker_id, device, role, status, pool, draining } = context.as_ref();
    let health = status.health(pool.alive(), draining.is_cancelled(), now);
    let code = if health.is_up() { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let info = pool.info();
    let body = json!({
        "status": health,
        "timestamp": now,
        "uptime": (now - status.started_at()).num_seconds(),
        "version": env!("CARGO_PKG_VERSION"),
        "workerId": worker_id,
        "device": device,
        "engine": info.as_ref().map(|info| &info.engine),
        "model": info.as_ref().map(|info| &info.models),
        "queues": status.queues(),
        "inFlight": status.in_flight(),
        "concurrency": role.concurrency,
        "readers": Readers { wanted: pool.wanted(), alive: pool.alive(), busy: pool.busy() },
    });
    (code, [(header::CACHE_CONTROL, "no-store")], Json(body))
}
