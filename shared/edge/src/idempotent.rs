//! `Idempotency-Key` around a route: a request that is sent again gets the answer of the first, marked
//! `Idempotency-Replayed: true`.

use filot_app::auth::principal::SignedInUser;
use filot_app::context::Context;
use filot_app::error::AppError;
use filot_app::idempotency::{self, Begun, StoredResponse};
use filot_app::request_context::RequestContext;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{HeaderMap, StatusCode};

use crate::call::Call;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::reply::{Answer, Reply};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The request's key. A key that was sent must not be ignored: one that is no text, or is sent twice, becomes an empty one,
/// which is refused.
pub fn key(call: &Call) -> Option<String> {
    call.headers()
        .contains_key(IDEMPOTENCY_KEY)
        .then(|| call.header(&IDEMPOTENCY_KEY).unwrap_or_default().to_owned())
}

/// Does `work` once for a key, and without a key every time. The caller's session is checked before anything is replayed.
pub async fn idempotent(
    context: &Context,
    call: &Call,
    request: &RequestContext<SignedInUser>,
    operation: &'static str,
    work: impl Future<Output = Answer>,
) -> Answer {
    let Some(key) = key(call) else { return work.await };
    let store = context.store()?;
    let content = [call.method().as_str().as_bytes(), call.path().as_bytes(), call.body()];
    let lock = match idempotency::begin(store, request, operation, &key, &content).await? {
        Begun::Fresh(lock) => lock,
        Begun::Replay(response) => return replay(response),
    };
    let answer = work.await;
    idempotency::finish(store, &lock, kept(&answer, call).as_ref()).await;
    answer
}

/// The stored form of a final answer; `None` for any other.
fn kept(answer: &Answer, call: &Call) -> Option<StoredResponse> {
    match answer {
        Ok(reply) if reply.status.is_success() => {
            let body = reply.body.clone().unwrap_or_default();
            Some(StoredResponse { status: reply.status.as_u16(), body })
        }
        Err(error) if idempotency::is_final(error) => {
            let problem = Problem::from(error.clone());
            let body = serde_json::to_string(&problem.body(&call.correlation_id)).ok()?;
            Some(StoredResponse { status: problem.status.as_u16(), body })
        }
        _ => None,
    }
}

fn replay(response: StoredResponse) -> Answer {
    let status = StatusCode::from_u16(response.status)
        .map_err(|_| AppError::internal("a stored answer has a status that is none"))?;
    let mut headers = HeaderMap::new();
    let body = Some(response.body).filter(|body| !body.is_empty());
    if body.is_some() {
        let json = if status.is_success() { "application/json" } else { PROBLEM_JSON };
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(json));
    }
    Ok(replayed(Reply { status, headers, body }))
}

/// Marks an answer as one that was given before.
pub fn replayed(mut reply: Reply) -> Reply {
    reply.headers.insert(REPLAYED, HeaderValue::from_static("true"));
    reply
}

#[cfg(test)]
#[path = "idempotent_tests.rs"]
mod tests;
