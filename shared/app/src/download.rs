//! `GET /documents/{id}/download`: the owner gets the file, through a link that soon dies.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use filot_cloud::Objects;
use filot_domain::DocumentId;
use filot_store::Store;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::SignedInUser;
use crate::error::{AppError, Result};
use crate::request_context::RequestContext;

/// The answer. The link is a secret: it has no `Debug` form.
#[derive(Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DownloadResponse {
    /// Whoever has it may fetch the file until it expires.
    #[schema(format = "uri")]
    pub url: String,
    /// When it expires.
    pub expires_at: DateTime<Utc>,
}

/// A link to the file of a document of the caller's, which lives for `lifetime`.
///
/// # Errors
/// `not_found` for another user's; `unavailable` when no link can be signed.
pub async fn download(
    store: &Store,
    objects: &Objects,
    request: &RequestContext<SignedInUser>,
    id: DocumentId,
    lifetime: Duration,
) -> Result<DownloadResponse> {
    let object_key = store.document_file(&request.principal, id, request.now).await?;
    let url = objects
        .presign_get(&object_key, lifetime)
        .await
        .map_err(|error| AppError::unavailable(format!("no link could be signed: {error}")))?;
    let lifetime = TimeDelta::from_std(lifetime)
        .map_err(|_| AppError::internal("the lifetime of a link is no length of time"))?;
    Ok(DownloadResponse { url: url.expose().to_owned(), expires_at: request.now + lifetime })
}
