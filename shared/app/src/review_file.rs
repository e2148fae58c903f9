//! `GET /internal/reviews/{reviewId}/file`: the reviewer sees the card, through a link that soon dies.

use std::time::Duration;

use filot_cloud::Objects;
use filot_domain::ReviewId;
use filot_platform::Secret;
use filot_store::Store;

use crate::auth::principal::Service;
use crate::error::{AppError, Result};
use crate::request_context::RequestContext;

/// Long enough to follow a redirect, too short to pass around.
const LINK_LIFETIME: Duration = Duration::from_secs(60);

/// A presigned link to the file of a review, for a service of ours.
///
/// # Errors
/// `not_found` when there is no such review or its file is erased; `unavailable` when no link can be signed.
pub async fn review_file(
    store: &Store,
    objects: &Objects,
    _: &RequestContext<Service>,
    review: ReviewId,
) -> Result<Secret> {
    let file = store.review_file(review).await?;
    let url = objects
        .presign_get(&file.object_key, LINK_LIFETIME)
        .await
        .map_err(|error| AppError::unavailable(format!("no link could be signed: {error}")))?;
    Ok(url)
}
