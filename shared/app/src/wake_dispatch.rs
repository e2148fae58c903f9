//! Wakes the function `review-dispatch` when a review was queued. It would look by itself within a minute, so that failing to
//! wake it is no error.

use filot_cloud::Functions;

/// The function that sends reviews.
#[derive(Debug, Clone, Copy)]
pub struct ReviewDispatch<'a> {
    /// To invoke it.
    pub functions: &'a Functions,
    /// Its name or ARN.
    pub name: &'a str,
}

impl ReviewDispatch<'_> {
    /// Tells it that there is something to send.
    pub async fn wake(&self) {
        let payload = serde_json::json!({"reason": "review queued"});
        if let Err(error) = self.functions.invoke_event(self.name, &payload).await {
            tracing::warn!(%error, "review-dispatch was not woken");
        }
    }
}
