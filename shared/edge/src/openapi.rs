//! The OpenAPI 3.1 document: made from the table of routes, the types that are sent, and examples that are values of
//! these types. `docs/openapi.json` is its committed form, and what `GET /openapi.json` answers; a test fails when the
//! two differ (`FILOT_BLESS=1 cargo test -p filot-edge` writes it anew).

mod description;
mod errors;
mod examples;
mod operation;
mod operations;
mod parameters;
mod responses;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::LazyLock;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderValue, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};
use utoipa::openapi::path::{OperationBuilder, PathsBuilder};
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{
    ComponentsBuilder, HttpMethod, InfoBuilder, OpenApi, OpenApiBuilder, RefOr, ResponsesBuilder,
};

use self::operation::{Operation, Shape};
use crate::api::{ROUTES, Route};
use crate::call::Call;
use crate::problem::ProblemBody;
use crate::reply::Reply;

/// The document, as committed.
pub const DOCUMENT: &str = include_str!("../../../docs/openapi.json");

/// It changes with a deployment, and then soon enough.
const KEPT: HeaderValue = HeaderValue::from_static("public, max-age=300");

static TAG: LazyLock<String> = LazyLock::new(|| {
    let mut hasher = DefaultHasher::new();
    DOCUMENT.hash(&mut hasher);
    format!("\"{:016x}\"", hasher.finish())
});

/// `GET /openapi.json`: the document, or word that the caller's copy is the current one.
pub fn answer(call: &Call) -> Reply {
    let mut headers = HeaderMap::new();
    if let Ok(tag) = HeaderValue::from_str(&TAG) {
        headers.insert(ETAG, tag);
    }
    headers.insert(CACHE_CONTROL, KEPT);
    let known = call.header(&IF_NONE_MATCH).unwrap_or_default();
    if known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == *TAG) {
        return Reply { status: StatusCode::NOT_MODIFIED, headers, body: None };
    }
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Reply { status: StatusCode::OK, headers, body: Some(DOCUMENT.to_owned()) }
}

/// Makes the document.
pub fn document() -> OpenApi {
    let mut paths = PathsBuilder::new().build();
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    Shape::of::<ProblemBody<'static>>().collect(&mut schemas);
    for route in ROUTES {
        let Some(operation) = operations::of(route) else { continue };
        operation.collect(&mut schemas);
        if let Some(method) = method(route) {
            paths.add_path_operation(route.path, vec![method], describe(route, operation));
        }
    }
    let mut components = ComponentsBuilder::new().schemas_from_iter(schemas).build();
    components.headers.extend(responses::headers());
    components.security_schemes.extend(description::security_schemes());
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("FiLot")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(description::DESCRIPTION)),
        )
        .servers(Some(description::servers()))
        .tags(Some(description::tags()))
        .paths(paths)
        .components(Some(components))
        .build()
}

fn method(route: &Route) -> Option<HttpMethod> {
    match route.method {
        "GET" => Some(HttpMethod::Get),
        "POST" => Some(HttpMethod::Post),
        "PUT" => Some(HttpMethod::Put),
        "DELETE" => Some(HttpMethod::Delete),
        _ => None,
    }
}

/// An operation of the document, from the table of routes and the operation's own description.
fn describe(route: &Route, operation: Operation) -> utoipa::openapi::path::Operation {
    let mut responses = ResponsesBuilder::new();
    for answer in &operation.answers {
        responses = responses.response(answer.status.as_str(), responses::success(route, answer));
    }
    let answered: Vec<StatusCode> = operation.answers.iter().map(|answer| answer.status).collect();
    for (status, problems) in responses::problems_by_status(route, &operation) {
        if !answered.contains(&status) {
            responses = responses.response(status.as_str(), responses::failure(route, status, &problems));
        }
    }
    let mut builder = OperationBuilder::new()
        .operation_id(Some(operation.id))
        .tag(operation.tag)
        .summary(Some(operation.summary))
        .description(operation.description)
        .responses(responses)
        .request_body(operation.body);
    for parameter in parameters::path_parameters(route.path) {
        builder = builder.parameter(parameter);
    }
    for parameter in operation.parameters {
        builder = builder.parameter(parameter);
    }
    if route.takes_idempotency_key {
        builder = builder.parameter(parameters::idempotency_key());
    }
    builder = builder.parameter(parameters::correlation_id());
    for requirement in description::security(route.auth) {
        builder = builder.security(requirement);
    }
    builder.build()
}

#[cfg(test)]
#[path = "openapi_tests.rs"]
mod tests;
