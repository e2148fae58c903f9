//! `GET /verification/status/{id}`: where a verification stands. Small, because phones poll it.

use chrono::{DateTime, Utc};
use filot_domain::{Decision, DocumentId, DocumentStatus, DocumentType, ReasonCode, VerificationStatus};
use filot_store::{Caller, Store};
use serde::Serialize;

use crate::document_dto::ReviewDto;
use crate::error::Result;

/// The answer.
#[derive(Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct VerificationResponse {
    /// The document.
    pub document_id: DocumentId,
    /// What the user says it is.
    #[serde(rename = "type")]
    pub document_type: DocumentType,
    /// Where it is in the pipeline.
    pub status: DocumentStatus,
    /// What is known about its truth.
    pub verification_status: VerificationStatus,
    /// 0 to 100, once scored.
    pub score: Option<u8>,
    /// What the score said, once scored.
    pub decision: Option<Decision>,
    /// Why.
    pub reasons: Vec<ReasonCode>,
    /// The human review, if there is one.
    pub review: Option<ReviewDto>,
    /// When any of this last changed.
    pub updated_at: DateTime<Utc>,
}

/// Where the verification of a document of the caller's stands.
pub async fn verification_status(
    store: &Store,
    caller: &Caller,
    id: DocumentId,
    now: DateTime<Utc>,
) -> Result<VerificationResponse> {
    let view = store.verification_status(caller, id, now).await?;
    Ok(VerificationResponse {
        document_id: view.document,
        document_type: view.document_type,
        status: view.status,
        verification_status: view.verification_status,
        score: view.score,
        decision: view.decision,
        reasons: view.reasons,
        review: view.review.map(Into::into),
        updated_at: view.updated_at,
    })
}
