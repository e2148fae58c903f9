//! `GET /verification/status/{id}`: where a verification stands. Small, because phones poll it.

use chrono::{DateTime, Utc};
use filot_domain::advice::advice;
use filot_domain::{
    Advice, Decision, DocumentId, DocumentStatus, DocumentType, ReasonCode, VerificationStatus,
};
use filot_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::SignedInUser;
use crate::document_dto::{Numbers, ReviewDto};
use crate::error::Result;
use crate::request_context::RequestContext;

/// The answer.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerificationResponse {
    /// The document.
    #[schema(value_type = uuid::Uuid)]
    pub document_id: DocumentId,
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
    /// The human review, if there is one.
    #[schema(required)]
    pub review: Option<ReviewDto>,
    /// When any of this last changed.
    pub updated_at: DateTime<Utc>,
}

/// Where the verification of a document of the caller's stands.
///
/// # Errors
/// `not_found` for another user's and for an erased one.
pub async fn verification_status(
    store: &Store,
    request: &RequestContext<SignedInUser>,
    id: DocumentId,
    numbers: Numbers,
) -> Result<VerificationResponse> {
    let view = store.verification_status(&request.principal, id, request.now).await?;
    Ok(VerificationResponse {
        document_id: view.document,
        document_type: view.document_type,
        status: view.status,
        verification_status: view.verification_status,
        score: numbers.show(view.score),
        decision: view.decision,
        advice: advice(view.verification_status, &view.reasons),
        reasons: view.reasons,
        review: view.review.map(Into::into),
        updated_at: view.updated_at,
    })
}
