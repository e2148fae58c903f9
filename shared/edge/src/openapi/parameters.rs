//! Parameters that many operations share.

use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Required};

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

/// Any text may be sent; a malformed one is replaced, not refused.
pub(super) fn correlation_id() -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String);
    optional(ParameterIn::Header, "X-Correlation-Id", "Used for this request if well formed.", schema)
}
