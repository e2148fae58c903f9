//! How we are doing, and what there is.

use std::sync::Arc;

use filot_app::context::Context;
use http::StatusCode;

use crate::call::Call;
use crate::reply::Reply;
use crate::serve::Answer;

/// `GET /health`
pub async fn health(context: Arc<Context>, call: Call) -> Answer {
    let health = context.health(call.now).await;
    let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::json(status, &health)
}
