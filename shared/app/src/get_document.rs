//! `GET /documents/{id}`: a document of the caller's, with what was read, the score, and what happened to it.

use filot_domain::DocumentId;
use filot_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::SignedInUser;
use crate::document_dto::{DocumentDetailsDto, Numbers};
use crate::error::Result;
use crate::request_context::RequestContext;

/// The answer.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentResponse {
    /// The document.
    pub document: DocumentDetailsDto,
}

/// A document of the caller's.
///
/// # Errors
/// `not_found` for another user's and for an erased one.
pub async fn get_document(
    store: &Store,
    request: &RequestContext<SignedInUser>,
    id: DocumentId,
    numbers: Numbers,
) -> Result<DocumentResponse> {
    let view = store.get_document(&request.principal, id, request.now).await?;
    Ok(DocumentResponse { document: DocumentDetailsDto::new(view, numbers) })
}
