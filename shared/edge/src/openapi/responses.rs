//! The answers of an operation: its successes, and its problems by status.

use std::collections::BTreeMap;

use filot_app::error_code::ErrorCode;
use http::StatusCode;
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Ref, RefOr, Response, ResponseBuilder};

use super::errors::{self, Problem};
use super::operation::{AnswerBody, Answered, Operation};
use crate::api::{Auth, Limit, Route};

const HEADERS_ALWAYS: &[&str] = &["X-Correlation-Id"];
const HEADERS_LIMITED: &[&str] = &["RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset"];

/// Headers that are described once.
pub(super) fn headers() -> Vec<(String, RefOr<Header>)> {
    let header = |description: &str, schema: ObjectBuilder| {
        HeaderBuilder::new().description(Some(description)).schema(Some(schema)).build()
    };
    let text = || ObjectBuilder::new().schema_type(Type::String);
    let number = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
    [
        (
            "X-Correlation-Id",
            header("Finds this request in our logs.", text().pattern(Some("^[A-Za-z0-9_-]{8,64}$"))),
        ),
        ("RateLimit-Limit", header("Requests in a minute.", number())),
        ("RateLimit-Remaining", header("Requests that are left in this minute.", number())),
        ("RateLimit-Reset", header("Seconds until the count starts anew.", number())),
        ("Retry-After", header("Seconds after which asking again may help.", number())),
        (
            "Idempotency-Replayed",
            header(
                "There when this is the answer of an earlier request.",
                text().enum_values(Some(["true"])),
            ),
        ),
        ("WWW-Authenticate", header("Always `Bearer`.", text().enum_values(Some(["Bearer"])))),
        (
            "Location",
            header(
                "A link to the file that soon expires.",
                text().format(Some(SchemaFormat::Custom("uri".to_owned()))),
            ),
        ),
        ("ETag", header("Names this version of the document.", text())),
        ("Cache-Control", header("How long a copy may be kept.", text())),
    ]
    .map(|(name, header)| (name.to_owned(), header.into()))
    .into()
}

fn with_headers(builder: ResponseBuilder, names: &[&str]) -> ResponseBuilder {
    names.iter().fold(builder, |builder, name| {
        builder.header_ref(*name, Ref::new(format!("#/components/headers/{name}")))
    })
}

fn common(route: &Route, builder: ResponseBuilder) -> ResponseBuilder {
    let builder = with_headers(builder, HEADERS_ALWAYS);
    let builder = if route.limit == Limit::None { builder } else { with_headers(builder, HEADERS_LIMITED) };
    if route.takes_idempotency_key { with_headers(builder, &["Idempotency-Replayed"]) } else { builder }
}

/// An answer that is no problem.
pub(super) fn success(route: &Route, answered: &Answered) -> Response {
    let mut builder = common(route, ResponseBuilder::new().description(answered.description));
    builder = with_headers(builder, answered.headers);
    for body in &answered.bodies {
        builder = match body {
            AnswerBody::Json { shape, examples } => builder.content(
                "application/json",
                ContentBuilder::new()
                    .schema(Some(shape.reference()))
                    .examples_from_iter(examples.iter().map(|(name, value)| {
                        (*name, ExampleBuilder::new().value(Some(value.clone())).build())
                    }))
                    .build(),
            ),
            AnswerBody::Text { media_type, example } => builder.content(
                *media_type,
                ContentBuilder::new()
                    .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                    .example(Some(json!(example)))
                    .build(),
            ),
            AnswerBody::AnyJson => builder.content(
                "application/json",
                ContentBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::Object))).build(),
            ),
        };
    }
    builder.build()
}

/// The problems of one status.
pub(super) fn failure(route: &Route, status: StatusCode, problems: &[Problem]) -> Response {
    let codes: Vec<_> = problems.iter().map(|problem| format!("`{}`", problem.code)).collect();
    let description = format!("{}: {}.", status.canonical_reason().unwrap_or("Error"), codes.join(", "));
    let mut builder = common(route, ResponseBuilder::new().description(description));
    match status {
        StatusCode::UNAUTHORIZED => builder = with_headers(builder, &["WWW-Authenticate"]),
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
            builder = with_headers(builder, &["Retry-After"]);
        }
        _ => {}
    }
    let examples = problems.iter().map(|problem| {
        let example = ExampleBuilder::new().summary(problem.when).value(Some(problem.example())).build();
        (problem.code.as_str(), example)
    });
    builder
        .content(
            "application/problem+json",
            ContentBuilder::new()
                .schema(Some(Ref::from_schema_name("Problem")))
                .examples_from_iter(examples)
                .build(),
        )
        .build()
}

/// The problems of an operation: its own, and those that follow from who may call it and how often.
pub(super) fn problems_by_status(route: &Route, operation: &Operation) -> BTreeMap<StatusCode, Vec<Problem>> {
    let mut codes = operation.errors.clone();
    codes.push(ErrorCode::Internal);
    if operation.needs_servers {
        codes.push(ErrorCode::Unavailable);
    }
    match route.auth {
        Auth::Public => {}
        Auth::RefreshToken => codes.push(ErrorCode::RefreshTokenInvalid),
        Auth::StackToken => codes.extend([ErrorCode::Unauthenticated, ErrorCode::AccountRestricted]),
        Auth::AccessToken | Auth::ServiceKey | Auth::ServiceKeyInProduction | Auth::SignedCallback => {
            codes.push(ErrorCode::Unauthenticated)
        }
    }
    if route.limit != Limit::None {
        codes.push(ErrorCode::RateLimited);
    }
    if route.method != "GET" {
        codes.extend([ErrorCode::MalformedBody, ErrorCode::PayloadTooLarge]);
    }
    if route.takes_idempotency_key {
        codes.extend([
            ErrorCode::ValidationFailed,
            ErrorCode::IdempotencyInProgress,
            ErrorCode::IdempotencyKeyReused,
        ]);
    }
    let mut all: BTreeMap<StatusCode, Vec<Problem>> = BTreeMap::new();
    for problem in errors::all().filter(|problem| codes.contains(&problem.code)) {
        all.entry(problem.status()).or_default().push(problem);
    }
    all
}
