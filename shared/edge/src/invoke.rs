//! Functions without a route: an event in, JSON out. Owns the event loop, the correlation id and the one log line of an
//! invocation; must not know the tasks.

use std::process::ExitCode;
use std::sync::Arc;

use chrono::Utc;
use filot_app::auth::principal::SystemTask;
use filot_app::context::Context;
use filot_app::error::AppError;
use filot_app::request_context::RequestContext;
use filot_domain::CorrelationId;
use filot_platform::Role;
use futures::future::BoxFuture;
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::Instrument;
use uuid::Uuid;

use crate::program;

/// One invocation.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// The event: a schedule's, a request of ours, or `null`.
    pub payload: Value,
    /// The task as a principal, the payload's correlation id if it is well formed, and when it came.
    pub request: RequestContext<SystemTask>,
    /// Lambda's id of this invocation; names it as a holder of leases.
    pub request_id: String,
}

impl Invocation {
    /// The payload as a `T`.
    ///
    /// # Errors
    /// `validation_failed` when it is none.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, AppError> {
        T::deserialize(&self.payload).map_err(|error| AppError::invalid_field("payload", error.to_string()))
    }
}

/// A task's work. Boxed, so that everything around it is compiled once, here.
pub type Work = for<'a> fn(&'a Context, Invocation) -> BoxFuture<'a, Result<Value, AppError>>;

/// A function without a route: the role it runs as, and its work.
#[derive(Debug)]
pub struct Task {
    /// Names its configuration.
    pub role: Role,
    work: Work,
}

impl Task {
    /// A function that does `work` for each event.
    pub const fn new(role: Role, work: Work) -> Self {
        Self { role, work }
    }
}

/// The whole program of a function without a route: does its task until Lambda ends the process.
pub fn main(task: &'static Task) -> ExitCode {
    program::run(task.role, run(task))
}

/// Reads the configuration once, then does the task once per event.
async fn run(task: &'static Task) -> Result<(), lambda_runtime::Error> {
    let context = Arc::new(Context::load(task.role).await?);
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let context = Arc::clone(&context);
        async move { invoke(task.role, event, |invocation| (task.work)(&context, invocation)).await }
    }))
    .await
}

async fn invoke<'a>(
    role: Role,
    event: LambdaEvent<Value>,
    work: impl FnOnce(Invocation) -> BoxFuture<'a, Result<Value, AppError>>,
) -> Result<Value, Diagnostic> {
    let started = std::time::Instant::now();
    let correlation_id = event
        .payload
        .get("correlationId")
        .and_then(Value::as_str)
        .and_then(|text| text.parse().ok())
        .unwrap_or_else(|| CorrelationId::from_uuid(Uuid::now_v7()));
    let invocation = Invocation {
        payload: event.payload,
        request: RequestContext {
            principal: SystemTask(role.name()),
            correlation_id: correlation_id.clone(),
            now: Utc::now(),
        },
        request_id: event.context.request_id,
    };
    let span = tracing::error_span!("invocation", %correlation_id);
    let done = work(invocation).instrument(span).await;
    let duration_ms = started.elapsed().as_secs_f64() * 1000.0;
    match done {
        Ok(result) => {
            tracing::info!(duration_ms, %correlation_id, %result, "invocation done");
            Ok(result)
        }
        Err(error) => {
            tracing::error!(duration_ms, %correlation_id, code = error.code.as_str(), %error, "invocation failed");
            Err(Diagnostic { error_type: error.code.to_string(), error_message: error.message.into_owned() })
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(payload: Value) -> LambdaEvent<Value> {
        LambdaEvent::new(payload, lambda_runtime::Context::default())
    }

    #[tokio::test]
    async fn a_correlation_id_is_taken_over_and_a_result_is_json() {
        let payload = json!({"correlationId": "test-correlation"});
        let result = invoke(Role::Scoring, event(payload), |invocation| {
            Box::pin(async move { Ok(json!({"id": invocation.request.correlation_id})) })
        });
        assert_eq!(result.await.unwrap(), json!({"id": "test-correlation"}));
    }

    #[tokio::test]
    async fn a_failure_says_its_code_and_keeps_the_log_text() {
        let result = invoke(Role::Scoring, event(Value::Null), |_| {
            Box::pin(async { Err(AppError::internal("the password is hunter2")) })
        });
        let diagnostic = result.await.unwrap_err();
        assert_eq!(diagnostic.error_type, "internal");
        assert!(!diagnostic.error_message.contains("hunter2"));
    }
}
