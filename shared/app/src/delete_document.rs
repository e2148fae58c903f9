//! `DELETE /documents/{id}`: the owner erases a document.
//!
//! When this answers, the database holds nothing personal of the document any more, and it can no longer be shown, read or
//! decided. The object and the review at the reviewer follow through the outbox of erasures, again and again until
//! both are gone.

use filot_domain::DocumentId;
use filot_store::Store;

use crate::auth::principal::SignedInUser;
use crate::error::Result;
use crate::request_context::RequestContext;

/// Erases a document of the caller's.
///
/// # Errors
/// `not_found` for another user's and for one that is erased already; `state_changed` when it was written meanwhile.
pub async fn delete_document(
    store: &Store,
    request: &RequestContext<SignedInUser>,
    id: DocumentId,
) -> Result<()> {
    Ok(store.erase_document(&request.principal, id, &request.origin(), request.now).await?)
}
