//! Operations: health, metrics, queues, and the OpenAPI document.

use filot_app::auth::principal::{Nobody, Operator, Service};
use filot_app::context::Context;
use filot_app::request_context::RequestContext;
use filot_app::{health, metrics, queue_status};
use filot_platform::Role;
use http::StatusCode;
use http::header::ACCEPT;

use crate::accept;
use crate::call::Call;
use crate::endpoint::{Endpoint, HttpFunction};
use crate::openapi;
use crate::reply::{Answer, Reply};

/// `health`
pub static HEALTH: &dyn HttpFunction =
    &Endpoint::new(Role::Health, |context, call, request| Box::pin(health(context, call, request)));
/// `metrics`
pub static METRICS: &dyn HttpFunction =
    &Endpoint::new(Role::Metrics, |context, call, request| Box::pin(metrics(context, call, request)));
/// `openapi`
pub static OPENAPI: &dyn HttpFunction =
    &Endpoint::new(Role::OpenApi, |context, call, request| Box::pin(openapi(context, call, request)));
/// `ocr-queue-status`
pub static OCR_QUEUE_STATUS: &dyn HttpFunction =
    &Endpoint::new(Role::OcrQueueStatus, |context, call, request| {
        Box::pin(ocr_queue_status(context, call, request))
    });

/// `GET /health`
async fn health(context: &Context, _: Call, request: RequestContext<Nobody>) -> Answer {
    let (store, cache) = (context.store(), context.cache());
    let health = health::health(context.instance(), store, cache, context.queues(), &request).await;
    let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::json(status, &health)
}

/// `GET /metrics`
async fn metrics(context: &Context, call: Call, request: RequestContext<Operator>) -> Answer {
    let (store, queues) = (context.store()?, context.watched_queues().await?);
    let (policy, cache) = (context.breaker_policy(), context.metrics_cache());
    let collected = metrics::metrics(store, queues, policy, cache, &request).await?;
    if accept::prefers_prometheus(call.header(&ACCEPT)) {
        return Ok(Reply::text(metrics::PROMETHEUS_CONTENT_TYPE, metrics::prometheus(&collected)?));
    }
    Reply::ok(&*collected)
}

/// `GET /openapi.json`
async fn openapi(_: &Context, call: Call, _: RequestContext<Nobody>) -> Answer {
    Ok(openapi::answer(&call))
}

/// `POST /internal/ocr/queue`
async fn ocr_queue_status(context: &Context, _: Call, request: RequestContext<Service>) -> Answer {
    let (store, queues) = (context.store()?, context.watched_queues().await?);
    Reply::ok(&queue_status::queue_status(store, queues, &request).await?)
}
