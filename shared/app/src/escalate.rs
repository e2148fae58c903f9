//! `POST /verification/{id}/escalate`: the owner asks for a human, as after an automatic rejection.
//!
//! What may be escalated is the table of edges' matter: an automatic rejection. A document that awaits a human already
//! answers the same review, so that asking twice is asking once; if the reviewer had refused that review, it is sent
//! again.

use chrono::{DateTime, Utc};
use filot_domain::{CorrelationId, DocumentId};
use filot_store::{Actor, Caller, Miss, Origin, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::document_dto::{DocumentDto, ReviewDto};
use crate::error::{AppError, Kind, Result};

/// The answer.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EscalateResponse {
    /// The document, which awaits a human now.
    pub document: DocumentDto,
    /// Its one review.
    pub review: ReviewDto,
    /// Whether this very call queued the review; `false` when it was asked for before.
    pub queued: bool,
}

/// Sends a document of the caller's to a human.
pub async fn escalate(
    store: &Store,
    caller: &Caller,
    id: DocumentId,
    correlation_id: &CorrelationId,
    now: DateTime<Utc>,
) -> Result<EscalateResponse> {
    let origin = Origin { actor: Actor::User, correlation_id: correlation_id.clone() };
    let escalated = store.escalate(caller, id, &origin, now).await.map_err(not_escalatable)?;
    Ok(EscalateResponse {
        document: escalated.document.into(),
        review: escalated.review.into(),
        queued: escalated.queued,
    })
}

fn not_escalatable(error: StoreError) -> AppError {
    match error {
        StoreError::Miss(Miss::Stale { status, verification, .. }) => AppError::new(
            Kind::Conflict,
            "not_escalatable",
            format!(
                "Only an automatic rejection can be escalated; this document is {status} ({verification})."
            ),
        ),
        other => other.into(),
    }
}
