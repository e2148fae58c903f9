//! Parts of the document that many operations share.

use http::StatusCode;
use serde_json::json;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::{Server, ServerBuilder};
use utoipa::openapi::tag::{Tag, TagBuilder};
use utoipa::openapi::{Ref, RefOr, Required, Response, ResponseBuilder};

use super::errors::Problem;
use super::operations::{AnswerBody, Answered};
use crate::api::{Limit, Route};

/// Names of the security schemes.
pub(super) const STACK_TOKEN: &str = "stackToken";
pub(super) const ACCESS_TOKEN: &str = "accessToken";
pub(super) const SERVICE_KEY: &str = "serviceKey";
pub(super) const BULI2_SIGNATURE: &str = "buli2Signature";

/// What holds for every route.
pub(super) const DESCRIPTION: &str = "\
FiLot takes a photograph of an Indonesian identity card (KTP) or tax card (NPWP), reads it, scores what it read, and approves \
it, rejects it, or hands it to a human.

**Errors** are `application/problem+json` (RFC 9457) with a stable `code`; texts may change, codes do not. The gateway answers a \
few things by itself, in the same form: `not_found` for a route that does not exist, `payload_too_large` for more than it takes, \
`rate_limited` when everybody together asks too often, 400 `bad_request` for what is no request, 403 `forbidden` from a firewall in \
front of it, and 502 `bad_gateway` or 504 `timeout` when a function does not answer. Their correlation id is the gateway's own.

**Correlation**: every answer carries `X-Correlation-Id`, the request's if that has 8 to 64 letters, digits, `-` and `_` and does \
not look like a key or a person's number, else a new one.

**Limits** are counted per user, before login per address; answers of limited routes carry `RateLimit-*` headers while the \
counter can be reached.

**Objects of other users** are answered like objects that do not exist.

The people in the examples are invented.";

/// The API is where the document is.
pub(super) fn servers() -> Vec<Server> {
    vec![
        ServerBuilder::new()
            .url("./")
            .description(Some("Where this document was fetched from, without its last part."))
            .build(),
    ]
}

pub(super) fn tags() -> Vec<Tag> {
    [
        ("auth", "Who the caller is: Stack Auth proves it once, our own tokens from then on."),
        ("documents", "The caller's documents."),
        ("verification", "Where a verification stands, and asking for a human."),
        ("internal", "For our own services and for BULI2, who reviews."),
        ("operations", "How the product is doing, and this document."),
    ]
    .map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build())
    .into()
}

pub(super) fn security_schemes() -> Vec<(String, RefOr<SecurityScheme>)> {
    let bearer = |format: Option<&str>, description: &str| {
        let mut http: Http =
            HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some(description)).build();
        http.bearer_format = format.map(str::to_owned);
        SecurityScheme::Http(http)
    };
    let signature = "Hex HMAC-SHA256 with the shared secret over the raw body, or, when `X-Buli2-Timestamp` is sent, over \
                     timestamp, a full stop and the body.";
    [
        (STACK_TOKEN, bearer(Some("JWT"), "A token of Stack Auth, ES256.")),
        (
            ACCESS_TOKEN,
            bearer(Some("JWT"), "An access token of `POST /auth/login` or `/auth/refresh`, 15 minutes."),
        ),
        (SERVICE_KEY, bearer(None, "The key of internal callers.")),
        (
            BULI2_SIGNATURE,
            SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description(
                "X-Buli2-Signature",
                signature,
            ))),
        ),
    ]
    .map(|(name, scheme)| (name.to_owned(), RefOr::T(scheme)))
    .into()
}

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
        let example =
            ExampleBuilder::new().summary(problem.when).value(Some(problem.example(status))).build();
        (problem.code, example)
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

/// The `{parameters}` of a path: all of them ids.
pub(super) fn path_parameters(path: &str) -> Vec<Parameter> {
    let names = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    names
        .map(|name| {
            let what = if name == "reviewId" { "The review." } else { "The document." };
            let uuid = SchemaFormat::KnownFormat(KnownFormat::Uuid);
            ParameterBuilder::new()
                .name(name)
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some(what))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String).format(Some(uuid))))
                .build()
        })
        .collect()
}

/// A parameter that may be left out.
pub(super) fn optional(
    parameter_in: ParameterIn,
    name: &str,
    description: &str,
    schema: impl Into<RefOr<utoipa::openapi::Schema>>,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(parameter_in)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

pub(super) fn idempotency_key() -> Parameter {
    let schema = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1))
        .max_length(Some(255))
        .pattern(Some("^[!-~]{1,255}$"));
    let description = "Makes the request safe to repeat: the same key with the same request gets the first answer again (an \
                       upload: the first one's document, as it is by now), with another request 422, and while the first is \
                       under way 409.";
    optional(ParameterIn::Header, "Idempotency-Key", description, schema)
}

/// Anything may be sent; what is not well formed is replaced, not refused.
pub(super) fn correlation_id() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    optional(ParameterIn::Header, "X-Correlation-Id", "Used for this request if well formed.", schema)
}
