//! `GET /documents/{id}`: a document of the caller's, with what was read, the score, and what happened to it.

use chrono::{DateTime, Utc};
use filot_domain::DocumentId;
use filot_store::{Caller, Store};
use serde::Serialize;
use utoipa::ToSchema;

use crate::document_dto::DocumentDetailsDto;
use crate::error::Result;

/// The answer.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentResponse {
    /// The document.
    pub document: DocumentDetailsDto,
}

/// A document of the caller's; another user's is not found.
pub async fn get_document(
    store: &Store,
    caller: &Caller,
    id: DocumentId,
    now: DateTime<Utc>,
) -> Result<DocumentResponse> {
    Ok(DocumentResponse { document: store.get_document(caller, id, now).await?.into() })
}
