//! From a Lambda event to an answer and back: what every HTTP function has around its route.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;

use chrono::Utc;
use filot_app::context::Context;
use filot_app::error::{AppError, Kind};
use filot_domain::{CorrelationId, DocumentId, ReviewId};
use filot_platform::{MetricName, Role, telemetry};
use futures::FutureExt;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, Response};
use lambda_http::{Body, Request, service_fn};
use tokio::sync::OnceCell;
use tracing::Instrument;

use crate::call::Call;
use crate::headers::{X_CORRELATION_ID, allow_origin, secure};
use crate::limits::Gate;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::program;
use crate::reply::Reply;
use crate::status::ErrorStatus;

/// What a route returns.
pub type Answer = Result<Reply, AppError>;

/// A route's work. Boxed, so that everything around it is compiled once, here, and a program is only linked.
pub type Handler = fn(Arc<Context>, Call) -> BoxFuture<'static, Answer>;

/// An HTTP function: the role it runs as, and the handler of its routes.
#[derive(Debug)]
pub struct Endpoint {
    /// Names its configuration and its rows of [`crate::api::ROUTES`].
    pub role: Role,
    handler: Handler,
}

impl Endpoint {
    /// A function whose routes are answered by `handler`.
    pub const fn new(role: Role, handler: Handler) -> Self {
        Self { role, handler }
    }

    /// Answers one request under a loaded configuration.
    pub async fn answer(&self, context: &Arc<Context>, request: Request) -> Response<Body> {
        let gate = Gate::new(self.role, context);
        let handle = |call| (self.handler)(Arc::clone(context), call);
        respond(request, context.cors_origins(), &gate, handle).await
    }
}

/// The whole program of an HTTP function: answers requests until Lambda ends the process.
pub fn main(endpoint: &'static Endpoint) -> ExitCode {
    program::run(endpoint.role, run(endpoint))
}

/// Reads the configuration once, then answers one request after the other.
async fn run(endpoint: &'static Endpoint) -> Result<(), lambda_http::Error> {
    let role = endpoint.role;
    let context = Arc::new(OnceCell::new());
    match Context::load(role).await {
        Ok(loaded) => drop(context.set(Arc::new(loaded))),
        // To end would make the gateway say 502. Each request tries again, and says 503 until there are secrets.
        Err(error) if error.is_outage() => tracing::error!(%error, "the function starts without its secrets"),
        Err(error) => return Err(error.into()),
    }
    lambda_http::run(service_fn(move |request: Request| {
        let context = Arc::clone(&context);
        async move {
            let load = || async { Context::load(role).await.map(Arc::new) };
            Ok::<_, lambda_http::Error>(match context.get_or_try_init(load).await {
                Ok(context) => endpoint.answer(context, request).await,
                Err(error) => refuse(request, &AppError::unavailable(error.to_string())),
            })
        }
    }))
    .await
}

/// Answers one request, whatever happens.
pub(crate) async fn respond(
    request: Request,
    origins: &[String],
    gate: &Gate<'_>,
    handle: impl FnOnce(Call) -> BoxFuture<'static, Answer>,
) -> Response<Body> {
    let call = Call::new(request, Utc::now());
    let started = std::time::Instant::now();
    let (route_name, correlation_id) = (call.route(), call.correlation_id.clone());
    let request_headers: HeaderMap = call.headers().clone();

    // A defect in one request must not take the instance, and with it the next request's warm start, down.
    let span = tracing::error_span!(
        "request",
        %correlation_id,
        document_id = tracing::field::Empty,
        review_id = tracing::field::Empty,
    );
    let work = async move {
        let admission = gate.admit(&call).await;
        match admission.refusal {
            Some(refusal) => (admission.headers, Err(refusal)),
            None => (admission.headers, handle(call).await),
        }
    };
    let done = AssertUnwindSafe(work.instrument(span.clone())).catch_unwind().await;
    let (limit_headers, answer) =
        done.unwrap_or_else(|_| (HeaderMap::new(), Err(AppError::internal("the route panicked"))));

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

/// Answers what came before there was a configuration.
fn refuse(request: Request, error: &AppError) -> Response<Body> {
    let call = Call::new(request, Utc::now());
    let problem = Problem::from(error.clone());
    let mut response = from_problem(&problem, &call.correlation_id);
    secure(response.headers_mut());
    if let Ok(value) = HeaderValue::from_str(call.correlation_id.as_str()) {
        response.headers_mut().insert(X_CORRELATION_ID, value);
    }
    log(&call.route(), response.status().as_u16(), 0.0, Some(error));
    response
}

/// Notes which document a request is about, for the line that is written about it: whose card was looked at must be
/// known afterwards.
pub(crate) fn about_document(id: DocumentId) {
    tracing::Span::current().record("document_id", tracing::field::display(id));
}

/// Notes which review a request is about.
pub(crate) fn about_review(id: ReviewId) {
    tracing::Span::current().record("review_id", tracing::field::display(id));
}

/// The one line of a request. What went wrong is told here and nowhere else.
fn log(route: &str, status: u16, duration_ms: f64, failure: Option<&AppError>) {
    match failure {
        Some(error) if matches!(error.kind, Kind::Internal | Kind::Unavailable) => {
            tracing::error!(route, status, duration_ms, code = error.code, %error, "request failed");
        }
        Some(error) => {
            tracing::info!(route, status, duration_ms, code = error.code, %error, "request refused");
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
