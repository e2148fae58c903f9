//! Examples: values of the very types that are sent, about a person who does not exist.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use filot_app::document_dto::{DocumentDetailsDto, DocumentDto, EventDto, FieldDto, QualityDto, ReviewDto};
use filot_app::metrics::{
    ActiveJobsDto, BreakersDto, DocumentCountsDto, MetricsResponse, QueuesMetricsDto, ReviewBacklogDto,
};
use filot_app::queue_depths::QueueDepthDto;
use filot_app::queue_status::{
    QueueStatusDto, QueueStatusResponse, QueueStatusesDto, StuckDocumentDto, StuckDto,
};
use filot_app::{
    download, escalate, get_document, get_review, health as health_case, list_documents, login as login_case,
    me as me_case, metrics as metrics_case, process, profile as profile_case, register, review_callback,
    upload, verification_status,
};
use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::retry::QueueKind;
use filot_domain::review::ReviewDecision;
use filot_domain::{
    Advice, CardKind, CorrelationId, Decision, DocumentId, DocumentStatus, DocumentType, FieldName,
    ReasonCode, ReviewId, UserId, VerificationStatus,
};
use serde::Serialize;
use serde_json::{Value, json};
use strum::IntoEnumIterator;
use uuid::Uuid;

/// Examples by name.
pub(super) type Examples = Vec<(&'static str, Value)>;

/// Of every request here.
pub(super) const CORRELATION_ID: &str = "0193a4f0-5b1e-7c3d-9a77-2f6b8d1e4c50";
const USER: Uuid = Uuid::from_u128(0x0193_a4ef_0000_7000_8000_0000_0000_0001);
const DOCUMENT: Uuid = Uuid::from_u128(0x0193_a4f0_0000_7000_8000_0000_0000_0002);
const REVIEW: Uuid = Uuid::from_u128(0x0193_a4f0_0000_7000_8000_0000_0000_0003);
const TASK: &str = "task-42";
const REFRESH_TOKEN: &str = "an-example-refresh-token-that-is-none-00000";

fn one(name: &'static str, value: impl Serialize) -> Examples {
    // By way of the text that is sent: a number of 32 bits has more digits as a value than as text.
    let text = serde_json::to_string(&value).unwrap_or_default();
    vec![(name, serde_json::from_str(&text).unwrap_or_default())]
}

/// Some seconds after a certain noon.
fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_796_040_000, 0).unwrap_or_default() + TimeDelta::seconds(seconds)
}

pub(super) fn health(ok: bool) -> Examples {
    let response = health_case::HealthResponse {
        ok,
        status: if ok { "ok" } else { "down" },
        timestamp: at(0),
        uptime: 271,
        environment: "production".to_owned(),
        ocr_engine: "sqs".to_owned(),
        temporal_configured: false,
        redis_connected: true,
        database_connected: ok,
        queue_reachable: true,
    };
    one(if ok { "works" } else { "down" }, response)
}

const DEPTH: QueueDepthDto = QueueDepthDto {
    reachable: true,
    depth: Some(3),
    in_flight: Some(2),
    delayed: Some(0),
    dead_letters: Some(0),
};
const AWAY: QueueDepthDto =
    QueueDepthDto { reachable: false, depth: None, in_flight: None, delayed: None, dead_letters: None };

fn sample_metrics() -> MetricsResponse {
    let zero = |names: Vec<String>| names.into_iter().map(|name| (name, 0)).collect::<BTreeMap<_, _>>();
    let mut by_status = zero(DocumentStatus::iter().map(|status| status.to_string()).collect());
    by_status.insert(DocumentStatus::Completed.to_string(), 1204);
    let mut by_verification_status =
        zero(VerificationStatus::iter().map(|status| status.to_string()).collect());
    by_verification_status.insert(VerificationStatus::AutoApproved.to_string(), 1204);
    MetricsResponse {
        collected_at: at(0),
        queues: QueuesMetricsDto { gpu: DEPTH, cpu: DEPTH },
        active_jobs: ActiveJobsDto { gpu: 2, cpu: 2 },
        review_backlog: ReviewBacklogDto { pending: 7, due: 1, oldest_due_at: Some(at(-40)) },
        breakers: BreakersDto { buli2: "closed".to_owned() },
        documents: DocumentCountsDto { by_status, by_verification_status },
    }
}

pub(super) fn metrics() -> Examples {
    one("metrics", sample_metrics())
}

pub(super) fn metrics_text() -> String {
    metrics_case::prometheus(&sample_metrics()).unwrap_or_default()
}

pub(super) fn queue_status() -> Examples {
    let gpu = QueueStatusDto { messages: DEPTH, waiting: 3, oldest_waiting_at: Some(at(-12)), active: 2 };
    let cpu = QueueStatusDto { messages: AWAY, waiting: 0, oldest_waiting_at: None, active: 0 };
    let stuck = StuckDocumentDto {
        id: DocumentId::from_uuid(DOCUMENT),
        status: DocumentStatus::Uploaded,
        queue: Some(QueueKind::Cpu),
        since: at(-2400),
        attempts: 1,
        enqueues: 4,
    };
    let response = QueueStatusResponse {
        timestamp: at(0),
        queues: QueueStatusesDto { gpu, cpu },
        stuck: StuckDto { count: 1, documents: vec![stuck] },
    };
    one("queues", response)
}

fn user() -> me_case::UserDto {
    me_case::UserDto {
        id: UserId::from_uuid(USER),
        email: "siti.contoh@example.com".to_owned(),
        role: "user".to_owned(),
        created_at: at(-86_400),
    }
}

fn sample_profile() -> profile_case::ProfileDto {
    profile_case::ProfileDto {
        full_name: Some("Siti Contoh".to_owned()),
        phone: Some("+6281200000001".to_owned()),
    }
}

pub(super) fn register_request() -> Examples {
    vec![
        ("withProfile", json!({"fullName": "Siti Contoh", "phone": "+6281200000001"})),
        ("withoutProfile", json!({})),
    ]
}

pub(super) fn registered(created: bool) -> Examples {
    one("user", register::RegisterResponse { user: user(), created })
}

pub(super) fn login() -> Examples {
    let response = login_case::LoginResponse {
        access_token: "eyJhbGciOiJIUzI1NiJ9.e30.c2lnbmF0dXJl".to_owned(),
        token_type: "Bearer",
        expires_in: 900,
        refresh_token: REFRESH_TOKEN.to_owned(),
        refresh_expires_in: 2_592_000,
        user: user(),
    };
    one("tokens", response)
}

pub(super) fn refresh_request() -> Examples {
    vec![("token", json!({"refreshToken": REFRESH_TOKEN}))]
}

pub(super) fn me() -> Examples {
    let verification_status = "verified".to_owned();
    one("me", me_case::MeResponse { user: user(), profile: sample_profile(), verification_status })
}

pub(super) fn profile() -> Examples {
    one("profile", sample_profile())
}

pub(super) fn profile_request() -> Examples {
    one("profile", sample_profile())
}

fn sample_document(status: DocumentStatus, verification_status: VerificationStatus) -> DocumentDto {
    DocumentDto {
        id: DocumentId::from_uuid(DOCUMENT),
        document_type: DocumentType::Ktp,
        status,
        verification_status,
        mime_type: "image/jpeg".to_owned(),
        bytes: 312_480,
        created_at: at(0),
        processed_at: (status == DocumentStatus::Completed).then(|| at(2)),
    }
}

pub(super) fn uploaded() -> Examples {
    let Ok(correlation_id) = CORRELATION_ID.parse::<CorrelationId>() else { return Vec::new() };
    let document = sample_document(DocumentStatus::Uploaded, VerificationStatus::Pending);
    one("uploaded", upload::UploadResponse { document, correlation_id, replayed: false })
}

pub(super) fn list() -> Examples {
    let documents = vec![sample_document(DocumentStatus::Completed, VerificationStatus::AutoApproved)];
    one("lastPage", list_documents::ListResponse { documents, next_cursor: None })
}

fn event(event: &str, status: DocumentStatus, verification_status: VerificationStatus, s: i64) -> EventDto {
    EventDto { event: event.to_owned(), status, verification_status, reason: None, at: at(s) }
}

pub(super) fn document() -> Examples {
    use DocumentStatus as D;
    use VerificationStatus as V;
    let field = |value: &str, confidence| FieldDto { value: value.to_owned(), confidence: Some(confidence) };
    let details = DocumentDetailsDto {
        document: sample_document(D::Completed, V::AutoApproved),
        card_kind: Some(CardKind::Ktp),
        fields: BTreeMap::from([
            (FieldName::Nik, field("3174015708950001", 0.99)),
            (FieldName::Name, field("SITI CONTOH", 0.97)),
            (FieldName::BirthDate, field("1995-08-17", 0.98)),
        ]),
        quality: Some(QualityDto {
            card_found: true,
            sharpness: 0.91,
            exposure: 0.88,
            glare_free: 1.0,
            overall: 0.9,
        }),
        score: Some(93),
        decision: Some(Decision::AutoApprove),
        reasons: Vec::new(),
        advice: Vec::new(),
        attempts: 0,
        review: None,
        timeline: vec![
            event("created", D::Receiving, V::Pending, 0),
            event("stored", D::Uploaded, V::Pending, 0),
            event("claimed", D::Processing, V::Pending, 1),
            event("read", D::OcrCompleted, V::Pending, 2),
            event("scored", D::AiEvaluated, V::AutoApproved, 2),
            event("decided", D::Completed, V::AutoApproved, 2),
        ],
    };
    one("approved", get_document::DocumentResponse { document: details })
}

pub(super) fn download() -> Examples {
    let url = "https://files.example.com/a-link-that-expires".to_owned();
    one("link", download::DownloadResponse { url, expires_at: at(300) })
}

pub(super) fn queued() -> Examples {
    let document = sample_document(DocumentStatus::Uploaded, VerificationStatus::Pending);
    one("queued", process::ProcessResponse { document })
}

fn sample_review() -> ReviewDto {
    ReviewDto {
        id: ReviewId::from_uuid(REVIEW),
        status: ReviewStatus::Pending,
        notes: None,
        created_at: at(2),
        decided_at: None,
    }
}

pub(super) fn verification() -> Examples {
    let response = verification_status::VerificationResponse {
        document_id: DocumentId::from_uuid(DOCUMENT),
        document_type: DocumentType::Ktp,
        status: DocumentStatus::AiEvaluated,
        verification_status: VerificationStatus::PendingManualReview,
        score: Some(61),
        decision: Some(Decision::NeedsReview),
        reasons: vec![ReasonCode::Blurred],
        advice: vec![Advice::WaitForTheReviewer],
        review: Some(sample_review()),
        updated_at: at(2),
    };
    one("inReview", response)
}

pub(super) fn escalated() -> Examples {
    let document = sample_document(DocumentStatus::AiEvaluated, VerificationStatus::PendingManualReview);
    one("queued", escalate::EscalateResponse { document, review: sample_review(), queued: true })
}

pub(super) fn callback_request() -> Examples {
    vec![
        ("byReview", json!({"reviewId": REVIEW, "taskId": TASK, "decision": "approved"})),
        (
            "byTask",
            json!({"taskId": TASK, "decision": "rejected", "notes": "The photograph is of a screen."}),
        ),
    ]
}

pub(super) fn called_back() -> Examples {
    let response = review_callback::CallbackResponse {
        review_id: ReviewId::from_uuid(REVIEW),
        document_id: DocumentId::from_uuid(DOCUMENT),
        decision: Some(ReviewDecision::Approved),
        applied: true,
    };
    one("applied", response)
}

pub(super) fn review() -> Examples {
    let dispatch = get_review::DispatchDto {
        state: DispatchState::Acknowledged,
        attempts: 0,
        next_attempt_at: None,
        last_error: None,
        acknowledged_at: Some(at(5)),
    };
    let response = get_review::ReviewResponse {
        review_id: ReviewId::from_uuid(REVIEW),
        document_id: DocumentId::from_uuid(DOCUMENT),
        status: ReviewStatus::Pending,
        decision: None,
        reasons: vec![ReasonCode::Blurred, ReasonCode::IdentityHeldByAnother],
        notes: None,
        task_id: Some(TASK.to_owned()),
        dispatch,
        cancellation: None,
        created_at: at(2),
        decided_at: None,
    };
    one("pending", response)
}
