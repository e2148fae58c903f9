//! `DELETE /documents/{id}`: the owner erases a document.
//!
//! When this answers, the database has forgotten everything personal, and nobody can show, read or decide the document
//! any more. The object and the review at the reviewer follow through the outbox of erasures, again and again until
//! both are gone.

use chrono::{DateTime, Utc};
use filot_domain::{CorrelationId, DocumentId};
use filot_store::{Actor, Caller, Origin, Store};

use crate::error::Result;

/// Erases a document of the caller's; one that is erased already is not found.
pub async fn delete_document(
    store: &Store,
    caller: &Caller,
    id: DocumentId,
    correlation_id: &CorrelationId,
    now: DateTime<Utc>,
) -> Result<()> {
    let origin = Origin { actor: Actor::User, correlation_id: correlation_id.clone() };
    Ok(store.erase_document(caller, id, &origin, now).await?)
}
