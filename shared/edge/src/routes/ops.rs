//! How we are doing, and what there is.

use std::sync::Arc;

use filot_app::context::Context;
use filot_app::{auth, metrics};
use filot_platform::Role;
use http::StatusCode;
use http::header::ACCEPT;

use crate::accept;
use crate::call::Call;
use crate::openapi;
use crate::reply::Reply;
use crate::serve::{Answer, Endpoint};

/// `health`
pub static HEALTH: Endpoint = Endpoint::new(Role::Health, |context, call| Box::pin(health(context, call)));
/// `metrics`
pub static METRICS: Endpoint = Endpoint::new(Role::Metrics, |context, call| Box::pin(metrics(context, call)));
/// `openapi`
pub static OPENAPI: Endpoint = Endpoint::new(Role::OpenApi, |context, call| Box::pin(openapi(context, call)));
/// `ocr-queue-status`
pub static OCR_QUEUE_STATUS: Endpoint =
    Endpoint::new(Role::OcrQueueStatus, |context, call| Box::pin(ocr_queue_status(context, call)));

/// `GET /health`
async fn health(context: Arc<Context>, call: Call) -> Answer {
    let health = context.health(call.now).await;
    let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::json(status, &health)
}

/// `GET /metrics`
async fn metrics(context: Arc<Context>, call: Call) -> Answer {
    if !context.metrics_are_open() {
        auth::service::verify(context.service_keys(), call.bearer()?)?;
    }
    let collected = context.metrics(call.now).await?;
    if accept::prefers_prometheus(call.header(&ACCEPT)) {
        return Ok(Reply::text(metrics::PROMETHEUS_CONTENT_TYPE, metrics::prometheus(&collected)?));
    }
    Reply::ok(&*collected)
}

/// `GET /openapi.json`
async fn openapi(_: Arc<Context>, call: Call) -> Answer {
    openapi::answer(&call)
}

/// `POST /internal/ocr/queue`
async fn ocr_queue_status(context: Arc<Context>, call: Call) -> Answer {
    auth::service::verify(context.service_keys(), call.bearer()?)?;
    Reply::ok(&context.queue_status(call.now).await?)
}
