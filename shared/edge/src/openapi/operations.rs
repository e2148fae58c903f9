//! The description of each route, made from the types that its handler reads and writes.

use filot_app::error_code::ErrorCode;
use filot_app::{
    download, escalate, get_document, get_review, health, list_documents, login, me, metrics, process,
    profile, queue_status, refresh, register, review_callback, schema, upload, verification_status,
};
use http::StatusCode;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::ParameterIn;
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, Required};

use super::errors::FILE_CODES;
use super::examples;
use super::operation::{AnswerBody, Operation, Shape};
use crate::api::Route;

use ErrorCode as E;
use StatusCode as S;

/// The operation of a route, if it is described.
pub(super) fn of(route: &Route) -> Option<Operation> {
    Some(match (route.method, route.path) {
        ("GET", "/health") => Operation::new("health", "operations", "Whether the product works")
            .answers::<health::HealthResponse>(S::OK, "Requests are served.", examples::health(true))
            .answers::<health::HealthResponse>(
                S::SERVICE_UNAVAILABLE,
                "The database does not answer.",
                examples::health(false),
            ),
        ("GET", "/metrics") => Operation::new("metrics", "operations", "Aggregates for whoever watches")
            .about("Collected at most every 15 seconds. Prometheus text when `Accept` prefers `text/plain`. While developing, no key is asked for.")
            .answer(
                S::OK,
                "The numbers.",
                &[],
                vec![
                    AnswerBody::Json {
                        shape: Shape::of::<metrics::MetricsResponse>(),
                        examples: examples::metrics(),
                    },
                    AnswerBody::Text {
                        media_type: metrics::PROMETHEUS_CONTENT_TYPE,
                        example: examples::metrics_text(),
                    },
                ],
            ),
        ("GET", "/openapi.json") => Operation {
            needs_servers: false,
            ..Operation::new("openapi", "operations", "This document")
                .plain_parameter(
                    ParameterIn::Header,
                    "If-None-Match",
                    "The `ETag` of a copy.",
                    ObjectBuilder::new().schema_type(Type::String),
                )
                .answer(S::OK, "The document.", &["ETag", "Cache-Control"], vec![AnswerBody::AnyJson])
                .answer(S::NOT_MODIFIED, "The copy is current.", &["ETag", "Cache-Control"], Vec::new())
        },
        ("POST", "/internal/ocr/queue") => {
            Operation::new("ocrQueueStatus", "internal", "How the workers' queues stand")
                .about("Depths are SQS's estimates; what waits since when, and what is stuck, is exact. A queue that does not answer is `reachable: false`.")
                .answers::<queue_status::QueueStatusResponse>(
                    S::OK,
                    "The queues.",
                    examples::queue_status(),
                )
        }
        (_, path) if path.starts_with("/auth") || path == "/profile" => return of_account(route),
        (_, path) if path.starts_with("/internal") => return of_review(route),
        _ => return of_document(route),
    })
}

fn of_account(route: &Route) -> Option<Operation> {
    Some(match (route.method, route.path) {
        ("POST", "/auth/register") => Operation::new("register", "auth", "Creates the user of a Stack Auth account")
            .about("Idempotent: a user who is there already is answered with 200 and stays as they are.")
            .json::<register::RegisterRequest>(Required::False, examples::register_request())
            .answers::<register::RegisterResponse>(S::CREATED, "The user was created.", examples::registered(true))
            .answers::<register::RegisterResponse>(S::OK, "The user was there.", examples::registered(false))
            .errors(&[E::ValidationFailed, E::EmailUnverified, E::EmailTaken]),
        ("POST", "/auth/login") => Operation::new("login", "auth", "Starts a session")
            .answers::<login::LoginResponse>(S::OK, "A pair of tokens.", examples::login())
            .errors(&[E::NotRegistered]),
        ("POST", "/auth/refresh") => Operation::new("refresh", "auth", "The next pair of tokens")
            .about("The token before the newest one stays valid for 60 seconds and yields the same successor; using an older one ends the session.")
            .json::<refresh::RefreshRequest>(Required::True, examples::refresh_request())
            .answers::<login::LoginResponse>(S::OK, "A pair of tokens.", examples::login()),
        ("POST", "/auth/logout") => Operation::new("logout", "auth", "Ends the session")
            .about("From now on its access and refresh tokens are refused.")
            .answer(S::NO_CONTENT, "The session has ended.", &[], Vec::new()),
        ("GET", "/auth/me") => Operation::new("me", "auth", "The caller")
            .answers::<me::MeResponse>(S::OK, "User, profile, verification state.", examples::me()),
        ("GET", "/profile") => Operation::new("getProfile", "auth", "The caller's profile")
            .answers::<profile::ProfileDto>(S::OK, "The profile.", examples::profile()),
        ("PUT", "/profile") => Operation::new("putProfile", "auth", "Replaces the caller's profile")
            .about("What is missing is removed.")
            .json::<profile::ProfileRequest>(Required::True, examples::profile_request())
            .answers::<profile::ProfileDto>(S::OK, "The profile.", examples::profile())
            .errors(&[E::ValidationFailed]),
        _ => return None,
    })
}

fn of_document(route: &Route) -> Option<Operation> {
    Some(match (route.method, route.path) {
        ("POST", "/documents/upload") => {
            let mut upload = Operation::new("upload", "documents", "Takes a document")
                .about("Answered when the file is stored; it is read and scored soon after.")
                .answers::<upload::UploadResponse>(
                    S::CREATED,
                    "The document is stored.",
                    examples::uploaded(),
                )
                .errors(&[E::MalformedForm, E::FileTooLarge, E::UnsupportedMediaType, E::TooManyAttempts])
                .errors(&[E::DocumentsInFlight, E::DailyQuotaReached, E::StorageFull])
                .errors(FILE_CODES);
            upload.body = Some(upload_form());
            upload.shapes.push(Shape::of::<schema::DocumentType>());
            upload
        }
        ("GET", "/documents") => {
            Operation::new("listDocuments", "documents", "The caller's documents, newest first")
                .plain_parameter(
                    ParameterIn::Query,
                    "cursor",
                    "`nextCursor` of the page before.",
                    ObjectBuilder::new().schema_type(Type::String),
                )
                .plain_parameter(
                    ParameterIn::Query,
                    "limit",
                    "Documents of a page.",
                    ObjectBuilder::new()
                        .schema_type(Type::Integer)
                        .minimum(Some(1))
                        .maximum(Some(list_documents::LIMIT_MAX))
                        .default(Some(list_documents::LIMIT_DEFAULT.into())),
                )
                .parameter::<schema::DocumentStatus>("status", "Only in this state.")
                .parameter::<schema::DocumentType>("type", "Only of this type.")
                .answers::<list_documents::ListResponse>(S::OK, "A page.", examples::list())
                .errors(&[E::ValidationFailed])
        }
        ("GET", "/documents/{id}") => {
            Operation::new("getDocument", "documents", "A document with what was read")
                .answers::<get_document::DocumentResponse>(S::OK, "The document.", examples::document())
                .errors(&[E::NotFound])
        }
        ("DELETE", "/documents/{id}") => Operation::new("deleteDocument", "documents", "Erases a document")
            .about("File and personal fields are erased; a record that there was a document stays.")
            .answer(S::NO_CONTENT, "It is erased.", &[], Vec::new())
            .errors(&[E::NotFound, E::StateChanged]),
        ("GET", "/documents/{id}/download") => {
            Operation::new("downloadDocument", "documents", "A link to the file")
                .answers::<download::DownloadResponse>(
                    S::OK,
                    "The link and when it expires.",
                    examples::download(),
                )
                .errors(&[E::NotFound])
        }
        ("POST", "/documents/{id}/process") => {
            Operation::new("processDocument", "documents", "Queues an uploaded or failed document again")
                .answers::<process::ProcessResponse>(S::ACCEPTED, "It is queued.", examples::queued())
                .errors(&[E::NotFound, E::DocumentNotProcessable, E::StateChanged])
                .errors(&[E::DocumentsInFlight, E::DailyQuotaReached])
        }
        ("GET", "/verification/status/{id}") => {
            Operation::new("verificationStatus", "verification", "Where a verification stands")
                .about("Small, for polling.")
                .answers::<verification_status::VerificationResponse>(
                    S::OK,
                    "The state.",
                    examples::verification(),
                )
                .errors(&[E::NotFound])
        }
        ("POST", "/verification/{id}/escalate") => {
            Operation::new("escalate", "verification", "Sends a document to a human")
                .about("After an automatic rejection. Asking twice is asking once.")
                .answers::<escalate::EscalateResponse>(S::OK, "A human will decide.", examples::escalated())
                .errors(&[E::NotFound, E::NotEscalatable, E::StateChanged])
        }
        _ => return None,
    })
}

fn of_review(route: &Route) -> Option<Operation> {
    Some(match (route.method, route.path) {
        ("POST", "/internal/reviews") => callback("reviewDecision"),
        ("POST", "/internal/reviews/{reviewId}/callback") => callback("reviewCallback"),
        ("GET", "/internal/reviews/{reviewId}") => Operation::new("getReview", "internal", "A review")
            .answers::<get_review::ReviewResponse>(S::OK, "The review.", examples::review())
            .errors(&[E::NotFound]),
        ("GET", "/internal/reviews/{reviewId}/file") => {
            Operation::new("reviewFile", "internal", "The reviewer sees the card")
                .answer(S::FOUND, "To a link that lives for a minute.", &["Location"], Vec::new())
                .errors(&[E::NotFound])
        }
        _ => return None,
    })
}

fn callback(id: &'static str) -> Operation {
    Operation::new(id, "internal", "BULI2's decision")
        .about("The signed body has to name the review, by `reviewId` or, on a path without one, by `taskId`; or the review of the path is signed too. The first decision wins; the same again is 200, a contrary one 409.")
        .plain_parameter(
            ParameterIn::Header,
            "X-Buli2-Timestamp",
            "Seconds since 1970, part of what is signed; refused when more than 300 seconds away.",
            ObjectBuilder::new().schema_type(Type::String).pattern(Some("^[0-9]{1,12}$")),
        )
        .json::<review_callback::CallbackRequest>(Required::True, examples::callback_request())
        .answers::<review_callback::CallbackResponse>(S::OK, "The decision that holds.", examples::called_back())
        .errors(&[
            E::ValidationFailed,
            E::NotFound,
            E::AlreadyDecided,
            E::StateChanged,
            E::IdentityConflict,
            E::IdsMismatch,
            E::NotYetAcknowledged,
        ])
}

fn upload_form() -> RequestBody {
    let file = ObjectBuilder::new()
        .schema_type(Type::String)
        .content_media_type("application/octet-stream")
        .description(Some("JPEG, PNG or PDF, at most 2 MB. What it is, its content says."));
    let form = ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("type", Ref::from_schema_name(schema::DocumentType::name().as_ref()))
        .required("type")
        .property("file", file)
        .required("file");
    let parts = utoipa::openapi::encoding::EncodingBuilder::new()
        .content_type(Some("image/jpeg, image/png, application/pdf"))
        .build();
    let content = ContentBuilder::new()
        .schema(Some(form))
        .encoding("file", parts)
        .example(Some(json!({"type": "KTP", "file": "(the bytes of the picture)"})))
        .build();
    RequestBodyBuilder::new().required(Some(Required::True)).content("multipart/form-data", content).build()
}
