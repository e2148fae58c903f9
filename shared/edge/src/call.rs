//! A request, with accessors that every route uses: ids, query, body, headers. It must not write logs or spans.

use std::net::IpAddr;
use std::str::FromStr;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use filot_app::error::{AppError, Result};
use filot_app::error_code::ErrorCode;
use filot_domain::{CorrelationId, DocumentId, ReviewId};
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderName};
use http::{HeaderMap, Method};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::event::Undecodable;
use crate::headers::X_CORRELATION_ID;

/// A request on its way through one route.
#[derive(Debug)]
pub struct Call {
    request: Request,
    /// Follows the request through every component.
    pub correlation_id: CorrelationId,
    /// When it came: the one time that everything in it goes by.
    pub now: DateTime<Utc>,
}

impl Call {
    /// A request that came at `now`. Its correlation id is the client's if it is well formed.
    pub fn new(request: Request, now: DateTime<Utc>) -> Self {
        let correlation_id = header(request.headers(), &X_CORRELATION_ID)
            .and_then(|text| text.parse().ok())
            // It is stored and sent on: what looks like a number of a person is no id.
            .filter(|id: &CorrelationId| filot_platform::mask(id.as_str()) == id.as_str())
            .unwrap_or_else(|| CorrelationId::from_uuid(Uuid::now_v7()));
        Self { request, correlation_id, now }
    }

    /// The method.
    pub fn method(&self) -> &Method {
        self.request.method()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// A header's text, if it is there, once, and text.
    pub fn header(&self, name: &HeaderName) -> Option<&str> {
        header(self.request.headers(), name)
    }

    /// `METHOD /route/{id}`, as the gateway knows it: never a path, which may hold ids. For logs and metrics.
    pub fn route(&self) -> String {
        let resource = match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(_)) => "function-url",
            _ => self.resource().unwrap_or("unknown"),
        };
        format!("{} {resource}", self.request.method())
    }

    /// `/route/{id}`, as the gateway knows it. A function URL knows none.
    pub fn resource(&self) -> Option<&str> {
        match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV1(context)) => context.resource_path.as_deref(),
            _ => None,
        }
    }

    /// The address the gateway saw.
    pub fn gateway_address(&self) -> Option<IpAddr> {
        let address = match self.request.request_context_ref() {
            Some(RequestContext::ApiGatewayV1(context)) => context.identity.source_ip.as_deref(),
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.as_deref(),
            _ => None,
        };
        address.and_then(|text| text.parse().ok())
    }

    /// The path, as it was called.
    pub fn path(&self) -> &str {
        self.request.raw_http_path()
    }

    /// An id in the path.
    ///
    /// # Errors
    /// `not_found` for text that is no id: it names nothing.
    fn path_id<T: FromStr>(&self, name: &str) -> Result<T> {
        self.path_text(name).and_then(|text| text.parse().ok()).ok_or_else(AppError::not_found)
    }

    /// The document that the path names.
    ///
    /// # Errors
    /// `not_found` for text that is no id.
    pub fn document_id(&self) -> Result<DocumentId> {
        self.path_id("id")
    }

    /// The review that the path names.
    ///
    /// # Errors
    /// `not_found` for text that is no id.
    pub fn review_id(&self) -> Result<ReviewId> {
        self.path_id("reviewId")
    }

    /// A parameter of the query, if it is there.
    ///
    /// # Errors
    /// `validation_failed` with its name, when it cannot be parsed or is there twice.
    pub fn query<T: FromStr>(&self, name: &'static str) -> Result<Option<T>> {
        let given = self.request.query_string_parameters_ref().and_then(|parameters| parameters.all(name));
        match given.as_deref() {
            None | Some([]) => Ok(None),
            Some([text]) => match text.parse() {
                Ok(value) => Ok(Some(value)),
                Err(_) => Err(AppError::invalid_field(name, "is not an allowed value")),
            },
            Some(_) => Err(AppError::invalid_field(name, "must be there once")),
        }
    }

    /// A parameter of the path; a function URL has none, there it is the whole path after the slash.
    pub fn path_text(&self, name: &str) -> Option<&str> {
        if let Some(RequestContext::ApiGatewayV2(_)) = self.request.request_context_ref() {
            return Some(self.request.raw_http_path().trim_start_matches('/'))
                .filter(|text| !text.is_empty());
        }
        self.request.path_parameters_ref().and_then(|parameters| parameters.first(name))
    }

    /// The bearer token of `Authorization`.
    ///
    /// # Errors
    /// `unauthenticated` without exactly one.
    pub fn bearer(&self) -> Result<&str> {
        let value =
            self.header(&AUTHORIZATION).ok_or_else(|| AppError::unauthenticated("no bearer token"))?;
        match value.split_once(' ') {
            Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") && !token.trim().is_empty() => {
                Ok(token.trim())
            }
            _ => Err(AppError::unauthenticated("the authorization is no bearer token")),
        }
    }

    /// The body's media type, as sent.
    pub fn content_type(&self) -> Option<&str> {
        self.header(&CONTENT_TYPE)
    }

    /// The raw body. The gateway sends binary bodies in base64; here they are bytes again.
    pub fn body(&self) -> &[u8] {
        self.request.body().as_ref()
    }

    /// Whether the event could be decoded: without that its body and its parameters are not known.
    pub(crate) fn is_decoded(&self) -> bool {
        self.request.extensions().get::<Undecodable>().is_none()
    }

    /// The raw body, taken out.
    pub fn take_body(&mut self) -> Bytes {
        match std::mem::take(self.request.body_mut()) {
            Body::Text(text) => text.into_bytes().into(),
            Body::Binary(bytes) => bytes.into(),
            _ => Bytes::new(),
        }
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// `unsupported_media_type` for a body declared as something else, `malformed_json` for one that is no `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T> {
        let body = self.body();
        if !self.content_type().is_none_or(is_json) {
            return Err(AppError::new(ErrorCode::UnsupportedMediaType, "The body must be application/json."));
        }
        let malformed = |why: String| {
            AppError::new(ErrorCode::MalformedJson, "The body is not the JSON that is expected here.")
                .logged(why)
        };
        // Every body of ours is an object. A list would be taken for one, its values for the fields in their order.
        if !body.trim_ascii_start().starts_with(b"{") {
            return Err(malformed("no JSON object".to_owned()));
        }
        // The parser's text may quote the body; where it stopped is enough.
        serde_json::from_slice(body)
            .map_err(|error| malformed(format!("line {} column {}", error.line(), error.column())))
    }

    /// The body as JSON, or a default when there is no body.
    ///
    /// # Errors
    /// As [`Self::json`].
    pub fn optional_json<T: DeserializeOwned + Default>(&self) -> Result<T> {
        if self.body().is_empty() { Ok(T::default()) } else { self.json() }
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json")
}

fn header<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        // A header that is sent twice is ambiguous: it counts as absent.
        (Some(value), None) => value.to_str().ok(),
        _ => None,
    }
}

#[cfg(test)]
#[path = "call_tests.rs"]
mod tests;
