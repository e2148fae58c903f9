//! One function per Lambda without a route: parse, one use case, result.

use std::sync::Arc;

use chrono::Utc;
use filot_app::context::Context;
use filot_app::error::Result;
use filot_app::{dispatch_reviews, migrate, score_document, sweep};

use crate::invoke::Invocation;

/// Scores a document and decides.
pub async fn scoring(
    context: Arc<Context>,
    invocation: Invocation,
) -> Result<score_document::ScoringResponse> {
    let request = invocation.parse()?;
    let scored =
        score_document::score_document(context.store()?, context.thresholds(), &request, invocation.now)
            .await?;
    context.after_scoring(&scored).await;
    Ok(scored.response)
}

/// Repairs what was lost or is stuck.
pub async fn sweeper(context: Arc<Context>, invocation: Invocation) -> Result<sweep::SweepReport> {
    let sweeper = context.sweeper().await?;
    sweep::sweep(&sweeper, &invocation.correlation_id, Utc::now).await
}

/// Sends due reviews.
pub async fn review_dispatch(
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
pub async fn migrate(context: Arc<Context>, _: Invocation) -> Result<migrate::MigrateResponse> {
    migrate::migrate(context.migrate_url()?).await
}
