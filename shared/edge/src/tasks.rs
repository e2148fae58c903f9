//! One function per Lambda without a route: parse, one use case, result.

use std::sync::Arc;

use chrono::Utc;
use filot_app::context::Context;
use filot_app::error::{AppError, Result};
use filot_app::{dispatch_reviews, migrate, score_document, sweep};
use filot_platform::Role;
use serde::Serialize;
use serde_json::Value;

use crate::invoke::{Invocation, Task};

/// `scoring`
pub static SCORING: Task = Task::new(Role::Scoring, |context, invocation| {
    Box::pin(async { json(scoring(context, invocation).await?) })
});
/// `sweeper`
pub static SWEEPER: Task = Task::new(Role::Sweeper, |context, invocation| {
    Box::pin(async { json(sweeper(context, invocation).await?) })
});
/// `review-dispatch`
pub static REVIEW_DISPATCH: Task = Task::new(Role::ReviewDispatch, |context, invocation| {
    Box::pin(async { json(review_dispatch(context, invocation).await?) })
});
/// `migrate`
pub static MIGRATE: Task = Task::new(Role::Migrate, |context, invocation| {
    Box::pin(async { json(migrate(context, invocation).await?) })
});

fn json(result: impl Serialize) -> Result<Value> {
    serde_json::to_value(result).map_err(|error| AppError::internal(format!("a result is no JSON: {error}")))
}

/// Scores a document and decides.
async fn scoring(context: Arc<Context>, invocation: Invocation) -> Result<score_document::ScoringResponse> {
    let request = invocation.parse()?;
    let scored =
        score_document::score_document(context.store()?, context.thresholds(), &request, invocation.now)
            .await?;
    context.after_scoring(&scored).await;
    Ok(scored.response)
}

/// Repairs what was lost or is stuck.
async fn sweeper(context: Arc<Context>, invocation: Invocation) -> Result<sweep::SweepReport> {
    let sweeper = context.sweeper().await?;
    sweep::sweep(&sweeper, &invocation.correlation_id, Utc::now).await
}

/// Sends due reviews.
async fn review_dispatch(
    context: Arc<Context>,
    invocation: Invocation,
) -> Result<dispatch_reviews::DispatchReport> {
    let owner = format!("review-dispatch:{}", invocation.request_id);
    let policy = context.breaker_policy();
    let report = dispatch_reviews::dispatch_reviews(
        context.store()?,
        context.orchestrator()?,
        &owner,
        policy,
        Utc::now,
    )
    .await?;
    context.after_dispatch(&report, Utc::now()).await;
    Ok(report)
}

/// Applies migrations.
async fn migrate(context: Arc<Context>, _: Invocation) -> Result<migrate::MigrateResponse> {
    migrate::migrate(context.migrate_url()?).await
}
