//! From a Lambda event to an answer: the event loop, problems, headers, and the one log line and metric of a request. It must
//! not know the routes.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::Utc;
use filot_app::context::Context;
use filot_app::error::AppError;
use filot_app::error_code::{ErrorCode, ErrorKind};
use filot_domain::CorrelationId;
use filot_platform::{MetricName, telemetry};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Response};
use lambda_http::{Body, Request, service_fn};
use lambda_runtime::LambdaEvent;
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::call::Call;
use crate::endpoint::{Answered, HttpFunction};
use crate::event::{self, Event, UNDECODABLE};
use crate::headers::{X_CORRELATION_ID, allow_origin, secure};
use crate::problem::{PROBLEM_JSON, Problem};
use crate::program;
use crate::reply::Reply;
use crate::request_span;
use crate::status::ErrorStatus;

/// The whole program of an HTTP function: answers requests until Lambda ends the process.
pub fn main(function: &'static dyn HttpFunction) -> ExitCode {
    program::run(function.role(), run(function))
}

/// Reads the configuration once, then answers one request after the other.
async fn run(function: &'static dyn HttpFunction) -> Result<(), lambda_http::Error> {
    let role = function.role();
    let context = Arc::new(OnceCell::new());
    match Context::load(role).await {
        Ok(loaded) => drop(context.set(loaded)),
        // To end would make the gateway say 502. Each request tries again, and says 503 until there are secrets.
        Err(error) if error.is_outage() => tracing::error!(%error, "the function starts without its secrets"),
        Err(error) => return Err(error.into()),
    }
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Event>| {
        let context = Arc::clone(&context);
        event::serve(event, move |request| {
            let context = Arc::clone(&context);
            async move {
                match context.get_or_try_init(|| Context::load(role)).await {
                    Ok(context) => answer(function, context, request).await,
                    Err(error) => refuse(request, &AppError::unavailable(error.to_string())),
                }
            }
        })
    }))
    .await
}

/// Answers one event as the function's program does, in the form that the event asks for.
///
/// # Errors
/// The answer has no JSON form.
pub async fn answer_event(
    function: &dyn HttpFunction,
    context: &Context,
    event: serde_json::Value,
) -> Result<serde_json::Value, lambda_http::Error> {
    let event = LambdaEvent::new(serde_json::from_value(event)?, lambda_runtime::Context::default());
    let answered = event::serve(event, |request| answer(function, context, request)).await?;
    Ok(serde_json::to_value(answered)?)
}

/// Answers one request, whatever happens.
pub async fn answer(function: &dyn HttpFunction, context: &Context, request: Request) -> Response<Body> {
    respond(request, context.cors_origins(), |call| function.answer(context, call)).await
}

/// Everything around the work on a request: its span, its problems, its headers, its one log line and its metric.
pub(crate) async fn respond<'a>(
    request: Request,
    origins: &[String],
    work: impl FnOnce(Call) -> BoxFuture<'a, Answered>,
) -> Response<Body> {
    let call = Call::new(request, Utc::now());
    let started = std::time::Instant::now();
    let (route_name, correlation_id) = (call.route(), call.correlation_id.clone());
    let request_headers: HeaderMap = call.headers().clone();

    // A defect in one request must not take the instance, and with it the next request's warm start, down.
    let span = request_span::of(&correlation_id);
    let done = AssertUnwindSafe(async { work(call).await }.instrument(span.clone())).catch_unwind().await;
    let Answered { limit_headers, answer } = done.unwrap_or_else(|_| Answered {
        limit_headers: HeaderMap::new(),
        answer: Err(AppError::internal("the route panicked")),
    });

    let (mut response, failure) = match answer {
        Ok(reply) => (from_reply(reply), None),
        Err(error) => {
            let problem = Problem::from(error);
            (from_problem(&problem, &correlation_id), Some(problem.error))
        }
    };
    let headers = response.headers_mut();
    headers.extend(limit_headers);
    secure(headers);
    allow_origin(headers, &request_headers, origins);
    if let Ok(value) = HeaderValue::from_str(correlation_id.as_str()) {
        headers.insert(X_CORRELATION_ID, value);
    }

    let status = response.status().as_u16();
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    span.in_scope(|| log(&route_name, status, duration_ms, failure.as_ref()));
    telemetry::metric(
        MetricName::HttpRequestDurationMs,
        duration_ms,
        &[("route", &route_name), ("status", &status.to_string())],
    );
    response
}

/// Answers a request that came while the configuration could not be read. One that cannot be decoded is refused for that.
fn refuse(request: Request, error: &AppError) -> Response<Body> {
    let call = Call::new(request, Utc::now());
    let undecodable = AppError::new(ErrorCode::MalformedBody, UNDECODABLE);
    let error = if call.is_decoded() { error } else { &undecodable };
    let problem = Problem::from(error.clone());
    let mut response = from_problem(&problem, &call.correlation_id);
    secure(response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(call.correlation_id.as_str()) {
        response.headers_mut().insert(X_CORRELATION_ID, value);
    }
    log(&call.route(), response.status().as_u16(), 0.0, Some(error));
    response
}

/// The one log line of a request. An error is logged here and nowhere else.
fn log(route: &str, status: u16, duration_ms: f64, failure: Option<&AppError>) {
    match failure {
        Some(error) if matches!(error.kind(), ErrorKind::Internal | ErrorKind::Unavailable) => {
            tracing::error!(route, status, duration_ms, code = error.code.as_str(), %error, "request failed");
        }
        Some(error) => {
            tracing::info!(route, status, duration_ms, code = error.code.as_str(), %error, "request refused");
        }
        None => tracing::info!(route, status, duration_ms, "request answered"),
    }
}

fn from_reply(reply: Reply) -> Response<Body> {
    let mut response = Response::new(reply.body.map_or(Body::Empty, Body::Text));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

fn from_problem(problem: &Problem, correlation_id: &CorrelationId) -> Response<Body> {
    // A problem is made of strings and numbers: it always is JSON. An empty body is the answer if it ever is not.
    let body = serde_json::to_string(&problem.body(correlation_id)).map_or(Body::Empty, Body::Text);
    let mut response = Response::new(body);
    *response.status_mut() = problem.status.into();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    if let Some(seconds) = problem.error.retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if problem.status == ErrorStatus::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}

#[cfg(test)]
#[path = "serve_tests.rs"]
mod tests;
