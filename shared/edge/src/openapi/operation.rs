//! The form of a described operation: what it takes, what it answers, and which errors it has. It must not know the
//! operations themselves.

use std::borrow::Cow;

use filot_app::error_code::ErrorCode;
use http::StatusCode;
use utoipa::ToSchema;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema};
use utoipa::openapi::{Ref, RefOr, Required};

use super::examples::Examples;
use super::parameters;

/// Schemas by name.
pub(super) type Schemas = Vec<(String, RefOr<Schema>)>;

/// A type that is sent, as a named schema.
#[derive(Clone)]
pub(super) struct Shape {
    name: Cow<'static, str>,
    collect: fn(&mut Schemas),
}

impl Shape {
    pub(super) fn of<T: ToSchema>() -> Self {
        let collect = |all: &mut Schemas| {
            all.push((T::name().into_owned(), T::schema()));
            T::schemas(all);
        };
        Self { name: T::name(), collect }
    }

    /// Adds the schema and those it refers to.
    pub(super) fn collect(&self, all: &mut Schemas) {
        (self.collect)(all);
    }

    /// A reference to it.
    pub(super) fn reference(&self) -> Ref {
        Ref::from_schema_name(self.name.as_ref())
    }
}

/// A body of an answer.
pub(super) enum AnswerBody {
    Json { shape: Shape, examples: Examples },
    Text { media_type: &'static str, example: String },
    AnyJson,
}

/// An answer that is no problem.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) description: &'static str,
    pub(super) headers: &'static [&'static str],
    pub(super) bodies: Vec<AnswerBody>,
}

/// The description of a route's input and answers; the table of routes has the rest.
pub(super) struct Operation {
    pub(super) id: &'static str,
    pub(super) tag: &'static str,
    pub(super) summary: &'static str,
    pub(super) description: Option<&'static str>,
    pub(super) parameters: Vec<Parameter>,
    pub(super) body: Option<RequestBody>,
    pub(super) answers: Vec<Answered>,
    pub(super) errors: Vec<ErrorCode>,
    /// Whether it asks a server that may be away.
    pub(super) needs_servers: bool,
    pub(super) shapes: Vec<Shape>,
}

impl Operation {
    pub(super) fn new(id: &'static str, tag: &'static str, summary: &'static str) -> Self {
        Self {
            id,
            tag,
            summary,
            description: None,
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            errors: Vec::new(),
            needs_servers: true,
            shapes: Vec::new(),
        }
    }

    pub(super) fn about(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    pub(super) fn json<T: ToSchema>(mut self, required: Required, examples: Examples) -> Self {
        let shape = Shape::of::<T>();
        let examples = examples
            .into_iter()
            .map(|(name, value)| (name, ExampleBuilder::new().value(Some(value)).build()));
        let content =
            ContentBuilder::new().schema(Some(shape.reference())).examples_from_iter(examples).build();
        let body = RequestBodyBuilder::new().required(Some(required)).content("application/json", content);
        self.body = Some(body.build());
        self.shapes.push(shape);
        self.errors(&[ErrorCode::MalformedJson])
    }

    pub(super) fn answers<T: ToSchema>(
        self,
        status: StatusCode,
        description: &'static str,
        examples: Examples,
    ) -> Self {
        let shape = Shape::of::<T>();
        self.answer(status, description, &[], vec![AnswerBody::Json { shape, examples }])
    }

    pub(super) fn answer(
        mut self,
        status: StatusCode,
        description: &'static str,
        headers: &'static [&'static str],
        bodies: Vec<AnswerBody>,
    ) -> Self {
        for body in &bodies {
            if let AnswerBody::Json { shape, .. } = body {
                self.shapes.push(shape.clone());
            }
        }
        self.answers.push(Answered { status, description, headers, bodies });
        self
    }

    pub(super) fn parameter<T: ToSchema>(mut self, name: &str, description: &str) -> Self {
        let shape = Shape::of::<T>();
        self.parameters.push(parameters::optional(ParameterIn::Query, name, description, shape.reference()));
        self.shapes.push(shape);
        self
    }

    pub(super) fn plain_parameter(
        mut self,
        parameter_in: ParameterIn,
        name: &str,
        description: &str,
        schema: ObjectBuilder,
    ) -> Self {
        self.parameters.push(parameters::optional(parameter_in, name, description, schema));
        self
    }

    pub(super) fn errors(mut self, codes: &[ErrorCode]) -> Self {
        self.errors.extend(codes);
        self
    }

    /// Adds the schemas that are referred to.
    pub(super) fn collect(&self, all: &mut Schemas) {
        for shape in &self.shapes {
            shape.collect(all);
        }
    }
}
