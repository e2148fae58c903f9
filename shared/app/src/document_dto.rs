//! A document as JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use filot_domain::advice::advice;
use filot_domain::lifecycle::ReviewStatus;
use filot_domain::{
    Advice, CardKind, Decision, DocumentId, DocumentStatus, DocumentType, FieldName, FieldReading,
    ReasonCode, ReviewId, VerificationStatus,
};
use filot_store::{DocumentSummary, DocumentView, ReviewSummary, TimelineEntry};
use serde::Serialize;
use strum::IntoEnumIterator;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

/// The short form of a document.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentDto {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: DocumentId,
    /// What the user says it is.
    #[serde(rename = "type")]
    #[schema(value_type = crate::schema::DocumentType)]
    pub document_type: DocumentType,
    /// Where it is in the pipeline.
    #[schema(value_type = crate::schema::DocumentStatus)]
    pub status: DocumentStatus,
    /// What is known about its truth.
    #[schema(value_type = crate::schema::VerificationStatus)]
    pub verification_status: VerificationStatus,
    /// `image/jpeg`, `image/png` or `application/pdf`.
    #[schema(value_type = crate::schema::MimeType)]
    pub mime_type: String,
    /// Size of the file in bytes.
    #[schema(minimum = 1)]
    pub bytes: u64,
    /// When it was uploaded.
    pub created_at: DateTime<Utc>,
    /// When the pipeline was done with it.
    #[schema(required)]
    pub processed_at: Option<DateTime<Utc>>,
}

impl From<DocumentSummary> for DocumentDto {
    fn from(summary: DocumentSummary) -> Self {
        Self {
            id: summary.id,
            document_type: summary.document_type,
            status: summary.status,
            verification_status: summary.verification_status,
            mime_type: summary.mime,
            bytes: summary.bytes,
            created_at: summary.created_at,
            processed_at: summary.processed_at,
        }
    }
}

/// A field that was read.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldDto {
    /// Dates ISO 8601, numbers digits only, everything else as printed.
    pub value: String,
    /// Probability that the whole value is right, 0 to 1; `null` where owners see no numbers.
    #[schema(minimum = 0, maximum = 1, required)]
    pub confidence: Option<f32>,
}

/// The fields of a card, by name; what was not read is absent.
#[derive(Debug)]
pub struct Fields;

impl PartialSchema for Fields {
    fn schema() -> RefOr<Schema> {
        FieldName::iter()
            .fold(ObjectBuilder::new().schema_type(Type::Object), |all, name| {
                all.property(name.to_string(), Ref::from_schema_name(FieldDto::name()))
            })
            .build()
            .into()
    }
}

impl ToSchema for Fields {
    fn name() -> Cow<'static, str> {
        "Fields".into()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((FieldDto::name().into_owned(), FieldDto::schema()));
        FieldDto::schemas(schemas);
    }
}

/// How good the picture is, each measure 0 (unusable) to 1 (no complaint).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QualityDto {
    /// Whether the card's outline was found.
    pub card_found: bool,
    /// Sharpness of the print.
    #[schema(minimum = 0, maximum = 1)]
    pub sharpness: f32,
    /// Evenness and level of light.
    #[schema(minimum = 0, maximum = 1)]
    pub exposure: f32,
    /// Share of the card free of glare.
    #[schema(minimum = 0, maximum = 1)]
    pub glare_free: f32,
    /// All of it together.
    #[schema(minimum = 0, maximum = 1)]
    pub overall: f32,
}

/// A human review, as the user sees it.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewDto {
    /// Its id.
    #[schema(value_type = uuid::Uuid)]
    pub id: ReviewId,
    /// Where it stands.
    #[schema(value_type = crate::schema::ReviewStatus)]
    pub status: ReviewStatus,
    /// What the reviewer says.
    #[schema(max_length = 1000, required)]
    pub notes: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was decided.
    #[schema(required)]
    pub decided_at: Option<DateTime<Utc>>,
}

impl From<ReviewSummary> for ReviewDto {
    fn from(review: ReviewSummary) -> Self {
        Self {
            id: review.id,
            status: review.status,
            notes: review.notes,
            created_at: review.created_at,
            decided_at: review.decided_at,
        }
    }
}

/// One thing that happened to a document.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventDto {
    /// What happened.
    #[schema(value_type = crate::schema::EventName)]
    pub event: String,
    /// Where the document was after it.
    #[schema(value_type = crate::schema::DocumentStatus)]
    pub status: DocumentStatus,
    /// What was known about it after it.
    #[schema(value_type = crate::schema::VerificationStatus)]
    pub verification_status: VerificationStatus,
    /// Why, if there is a reason.
    #[schema(value_type = Option<crate::schema::ReasonCode>, required)]
    pub reason: Option<ReasonCode>,
    /// When.
    pub at: DateTime<Utc>,
}

impl From<TimelineEntry> for EventDto {
    fn from(entry: TimelineEntry) -> Self {
        Self {
            event: entry.event,
            status: entry.status,
            verification_status: entry.verification_status,
            reason: entry.reason,
            at: entry.at,
        }
    }
}

/// A document with everything its owner may know. It has no `Debug` form: it holds identity data.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentDetailsDto {
    /// The short form.
    #[serde(flatten)]
    pub document: DocumentDto,
    /// What the picture shows, once read.
    #[schema(value_type = Option<crate::schema::CardKind>, required)]
    pub card_kind: Option<CardKind>,
    /// The fields that were read, by name.
    #[schema(value_type = Fields)]
    pub fields: BTreeMap<FieldName, FieldDto>,
    /// How good the picture is, once read; `null` where owners see no numbers.
    #[schema(required)]
    pub quality: Option<QualityDto>,
    /// 0 to 100, once scored; `null` where owners see no numbers.
    #[schema(maximum = 100, required)]
    pub score: Option<u8>,
    /// What the score said, once scored.
    #[schema(value_type = Option<crate::schema::Decision>, required)]
    pub decision: Option<Decision>,
    /// Why.
    #[schema(value_type = Vec<crate::schema::ReasonCode>)]
    pub reasons: Vec<ReasonCode>,
    /// What its owner can do.
    #[schema(value_type = Vec<crate::schema::Advice>)]
    pub advice: Vec<Advice>,
    /// Failed attempts to read it.
    pub attempts: u32,
    /// The human review, if there is one.
    #[schema(required)]
    pub review: Option<ReviewDto>,
    /// What happened, oldest first.
    pub timeline: Vec<EventDto>,
}

/// Whether an owner sees scores, confidences and measures (`OWNER_SEES_SCORES`). They are an oracle: they tell a forger
/// whether the last change brought the document nearer to an approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// Reasons and advice alone.
    Hidden,
    /// Everything.
    Shown,
}

impl Numbers {
    /// The number, if it may be seen.
    pub fn show<T>(self, number: Option<T>) -> Option<T> {
        number.filter(|_| self == Self::Shown)
    }
}

impl DocumentDetailsDto {
    /// What the owner may see.
    pub fn new(view: DocumentView, numbers: Numbers) -> Self {
        let field = |FieldReading { value, confidence }| FieldDto {
            value,
            confidence: numbers.show(Some(confidence)),
        };
        Self {
            advice: advice(view.summary.verification_status, &view.reasons),
            document: view.summary.into(),
            card_kind: view.card,
            fields: view.fields.into_iter().map(|(name, reading)| (name, field(reading))).collect(),
            quality: numbers.show(view.quality).map(|quality| QualityDto {
                card_found: quality.card_found,
                sharpness: quality.sharpness,
                exposure: quality.exposure,
                glare_free: quality.glare_free,
                overall: quality.overall,
            }),
            score: numbers.show(view.score),
            decision: view.decision,
            reasons: view.reasons,
            attempts: view.attempts,
            review: view.review.map(Into::into),
            timeline: view.timeline.into_iter().map(Into::into).collect(),
        }
    }
}
