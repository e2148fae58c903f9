//! How the domain's words look in the OpenAPI document. The domain itself knows nothing of documents: each schema here
//! is made from the domain's own list of values, so that the two cannot drift apart.

use std::borrow::Cow;

use filot_domain::lifecycle;
use filot_domain::{advice, breaker, card, reason, retry, review, scoring};
use filot_media::FileKind;
use filot_platform::Environment;
use strum::IntoEnumIterator;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

macro_rules! words {
    ($($(#[$doc:meta])* $name:ident of $domain:ty = $description:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let words = <$domain>::iter().map(|word| word.to_string());
                text($description).enum_values(Some(words)).build().into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

words! {
    /// [`lifecycle::DocumentStatus`]
    DocumentStatus of lifecycle::DocumentStatus = "Where a document is in the pipeline. `ai_evaluated` waits for a human.";
    /// [`lifecycle::VerificationStatus`]
    VerificationStatus of lifecycle::VerificationStatus = "What is known about a document's truth.";
    /// [`lifecycle::ReviewStatus`]
    ReviewStatus of lifecycle::ReviewStatus = "Where a human review stands.";
    /// [`lifecycle::DispatchState`]
    DispatchState of lifecycle::DispatchState = "Where a review is on its way to the reviewer.";
    /// [`card::DocumentType`]
    DocumentType of card::DocumentType = "KTP: national identity card. NPWP: tax card.";
    /// [`card::CardKind`]
    CardKind of card::CardKind = "What a picture shows.";
    /// [`scoring::Decision`]
    Decision of scoring::Decision = "What the score says shall happen.";
    /// [`review::ReviewDecision`]
    ReviewDecision of review::ReviewDecision = "What the reviewer decided.";
    /// [`reason::ReasonCode`]
    ReasonCode of reason::ReasonCode = "Why a document got the score, the decision or the failure it got. New codes may be added.";
    /// [`advice::Advice`]
    Advice of advice::Advice = "What the owner of a document can do. New codes may be added.";
    /// [`retry::QueueKind`]
    QueueKind of retry::QueueKind = "Which kind of worker.";
    /// [`filot_store::Role`]
    UserRole of filot_store::Role = "What a user may do.";
    /// [`filot_store::UserVerification`]
    UserVerification of filot_store::UserVerification =
        "verified: a KTP of theirs is approved. pending: one is under way.";
    /// [`filot_store::CancelState`]
    CancelState of filot_store::CancelState = "Where the cancellation of a review at the reviewer stands.";
    /// [`breaker::BreakerState`]
    BreakerState of breaker::BreakerState = "closed: calls pass. open: calls are refused. half_open: one call may pass.";
}

macro_rules! listed {
    ($($(#[$doc:meta])* $name:ident of $words:expr, $description:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                text($description).enum_values(Some($words)).build().into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

listed! {
    /// What files are, by their content.
    MimeType of [FileKind::Jpeg, FileKind::Png, FileKind::Pdf].map(FileKind::mime), "What a file is, by its content.";
    /// Events of a document's timeline.
    EventName of events(), "What happened to a document.";
    /// How an access token is sent.
    TokenType of ["Bearer"], "How the token is sent.";
    /// How the product is doing.
    HealthStatus of ["ok", "degraded", "down"], "degraded: requests are served, but something else is away.";
    /// Deployments.
    EnvironmentName of
        [Environment::Local, Environment::Development, Environment::Staging, Environment::Production]
            .map(Environment::as_str),
        "Which deployment this is.";
    /// Who carries documents and reviews.
    OcrEngine of ["sqs", "temporal"], "Who carries documents and reviews.";
}

/// Every event there is, the first of them the creation, which leads from nowhere.
fn events() -> Vec<&'static str> {
    let mut events = vec!["created"];
    for row in lifecycle::DocumentStatus::EDGES {
        if !events.contains(&row.event) {
            events.push(row.event);
        }
    }
    events
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident by $domain:ty;)+) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name;

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let count = || ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(0));
                <$domain>::iter()
                    .fold(ObjectBuilder::new().schema_type(Type::Object), |all, word| {
                        all.property(word.to_string(), count()).required(word.to_string())
                    })
                    .build()
                    .into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }
        }
    )+};
}

counts! {
    /// A count for every status.
    CountsByStatus by lifecycle::DocumentStatus;
    /// A count for every verification status.
    CountsByVerificationStatus by lifecycle::VerificationStatus;
}

/// [`filot_domain::CorrelationId`]
#[derive(Debug)]
pub struct CorrelationId;

impl PartialSchema for CorrelationId {
    fn schema() -> RefOr<Schema> {
        text("Follows a request through every component and log line.")
            .pattern(Some("^[A-Za-z0-9_-]{8,64}$"))
            .examples(["0193a4f0-5b1e-7c3d-9a77-2f6b8d1e4c50"])
            .build()
            .into()
    }
}

impl ToSchema for CorrelationId {
    fn name() -> Cow<'static, str> {
        "CorrelationId".into()
    }
}

fn text(description: &str) -> ObjectBuilder {
    Object::builder().schema_type(SchemaType::Type(Type::String)).description(Some(description))
}
