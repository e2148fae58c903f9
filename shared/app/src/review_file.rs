//! `GET /internal/reviews/{reviewId}/file`: the reviewer sees the card, through a link that soon dies.

use std::time::Duration;

use filot_cloud::Objects;
use filot_domain::ReviewId;
use filot_platform::Secret;
use filot_store::Store;

use crate::error::{AppError, Result};

/// Long enough to follow a redirect, too short to pass around.
const LINK_LIFETIME: Duration = Duration::from_secs(60);

/// A presigned link to the file of a review.
pub async fn review_file(store: &Store, objects: &Objects, review: ReviewId) -> Result<Secret> {
    let file = store.review_file(review).await?;
    let url = objects
        .presign_get(&file.object_key, LINK_LIFETIME)
        .await
        .map_err(|error| AppError::unavailable(format!("no link could be signed: {error}")))?;
    Ok(url)
}
