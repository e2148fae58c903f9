//! From what Lambda hands over to a request that the routes can trust.
//!
//! Owns the parts of an event that the framework panics on when it builds a request: a body that is not the base64 that it
//! is said to be, and a query or path that is no URI. The event is taken apart before; what cannot be decoded is marked, and
//! admission refuses it. It must not know the routes.

use std::panic::{AssertUnwindSafe, catch_unwind};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lambda_http::aws_lambda_events::apigw::{ApiGatewayProxyRequest, ApiGatewayV2httpRequest};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Body, Request, Response, service_fn};
use lambda_runtime::{LambdaEvent, Service};
use serde::{Deserialize, Deserializer, Serialize};

/// Marks a request of which the event cannot be decoded: what its body and its parameters were is not known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Undecodable;

/// What the client is told of it.
pub(crate) const UNDECODABLE: &str = "The request cannot be decoded.";

/// An event, taken apart.
pub(crate) struct Event {
    /// Without its body.
    request: LambdaRequest,
    /// The decoded body; `None` for what cannot be decoded.
    body: Option<Body>,
}

impl<'de> Deserialize<'de> for Event {
    /// Succeeds for any JSON: an event that is no request is one that cannot be decoded.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(match LambdaRequest::deserialize(deserializer) {
            Ok(request) => Self::new(request),
            Err(_) => Self::undecodable(LambdaRequest::ApiGatewayV1(ApiGatewayProxyRequest::default())),
        })
    }
}

impl Event {
    fn new(mut request: LambdaRequest) -> Self {
        let body = match &mut request {
            LambdaRequest::ApiGatewayV1(event) => decode(event.body.take(), event.is_base64_encoded),
            LambdaRequest::ApiGatewayV2(event) => {
                // The framework would put the raw text into a URI as it is. Parsed, it never gets there.
                if let Some(Ok(query)) = event.raw_query_string.take().map(|raw| raw.parse()) {
                    event.query_string_parameters = query;
                }
                decode(event.body.take(), event.is_base64_encoded)
            }
            _ => None,
        };
        Self { request, body }
    }

    const fn undecodable(request: LambdaRequest) -> Self {
        Self { request, body: None }
    }

    /// An event of the same form, so that the answer has that form, and nothing else of it.
    fn bare(&self) -> Self {
        Self::undecodable(match self.request {
            LambdaRequest::ApiGatewayV2(_) => LambdaRequest::ApiGatewayV2(ApiGatewayV2httpRequest::default()),
            _ => LambdaRequest::ApiGatewayV1(ApiGatewayProxyRequest::default()),
        })
    }
}

/// The body as bytes, `None` for text that is not the base64 it is said to be.
fn decode(body: Option<String>, is_base64: bool) -> Option<Body> {
    match body {
        None => Some(Body::Empty),
        Some(text) if is_base64 => BASE64_STANDARD.decode(text).ok().map(Body::Binary),
        Some(text) => Some(Body::Text(text)),
    }
}

/// Makes a request of an event, has it answered, and gives the answer the form that the event asks for. `answer` is called
/// once.
///
/// # Errors
/// None of ours: an answer is made for any event.
pub(crate) async fn serve<F>(
    event: LambdaEvent<Event>,
    answer: impl Fn(Request) -> F,
) -> Result<impl Serialize, lambda_http::Error>
where
    F: Future<Output = Response<Body>> + Send,
{
    let (event, context) = event.into_parts();
    let bare = event.bare();
    let adapt = |event: Event| {
        let (mut body, answer) = (event.body, &answer);
        let service = service_fn(move |mut request: Request| {
            match body.take() {
                Some(body) => *request.body_mut() = body,
                None => drop(request.extensions_mut().insert(Undecodable)),
            }
            let answered = answer(request);
            async { Ok::<_, lambda_http::Error>(answered.await) }
        });
        Adapter::from(service).call(LambdaEvent::new(event.request, context.clone()))
    };
    // What else the framework may not like in a path or a host costs this request, not the process.
    let answered = catch_unwind(AssertUnwindSafe(|| adapt(event))).unwrap_or_else(|_| adapt(bare));
    answered.await
}

#[cfg(test)]
#[path = "event_tests.rs"]
mod tests;
