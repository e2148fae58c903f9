//! `POST /verification/{id}/escalate`: the owner asks for a human, as after an automatic rejection.
//!
//! The table of edges allows it after an automatic rejection only. A document that awaits a human already answers with the
//! same review, so that asking twice is asking once. If the reviewer had refused that review, it is sent again.

use filot_domain::DocumentId;
use filot_store::{Miss, Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::SignedInUser;
use crate::document_dto::{DocumentDto, ReviewDto};
use crate::error::{AppError, Result};
use crate::error_code::ErrorCode;
use crate::request_context::RequestContext;

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
///
/// # Errors
/// `not_found` for another user's; `not_escalatable` for one that was not automatically rejected.
pub async fn escalate(
    store: &Store,
    request: &RequestContext<SignedInUser>,
    id: DocumentId,
) -> Result<EscalateResponse> {
    let escalated = store.escalate(&request.principal, id, &request.origin(), request.now).await;
    let escalated = escalated.map_err(not_escalatable)?;
    Ok(EscalateResponse {
        document: escalated.document.into(),
        review: escalated.review.into(),
        queued: escalated.queued,
    })
}

fn not_escalatable(error: StoreError) -> AppError {
    match error {
        StoreError::Miss(Miss::Stale { status, verification, .. }) => AppError::new(
            ErrorCode::NotEscalatable,
            format!(
                "Only an automatic rejection can be escalated; this document is {status} ({verification})."
            ),
        ),
        other => other.into(),
    }
}
