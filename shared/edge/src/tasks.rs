//! One value per function without a route: parse, one use case, result.

use chrono::Utc;
use filot_app::context::Context;
use filot_app::error::{AppError, Result};
use filot_app::{migrate, review_outbox, score_document, sweep};
use filot_platform::Role;
use serde::Serialize;
use serde_json::Value;

use crate::invoke::{Invocation, Task};

/// `scoring`
pub static SCORING: Task = Task::new(Role::Scoring, |context, invocation| {
    Box::pin(async move { json(scoring(context, invocation).await?) })
});
/// `sweeper`
pub static SWEEPER: Task = Task::new(Role::Sweeper, |context, invocation| {
    Box::pin(async move { json(sweeper(context, invocation).await?) })
});
/// `review-dispatch`
pub static REVIEW_DISPATCH: Task = Task::new(Role::ReviewDispatch, |context, invocation| {
    Box::pin(async move { json(review_dispatch(context, invocation).await?) })
});
/// `migrate`
pub static MIGRATE: Task = Task::new(Role::Migrate, |context, invocation| {
    Box::pin(async move { json(migrate(context, invocation).await?) })
});

fn json(result: impl Serialize) -> Result<Value> {
    serde_json::to_value(result).map_err(|error| AppError::internal(format!("a result is no JSON: {error}")))
}

/// Scores a document and decides.
async fn scoring(context: &Context, invocation: Invocation) -> Result<score_document::ScoringResponse> {
    let input: score_document::ScoringRequest = invocation.parse()?;
    let (store, thresholds) = (context.store()?, context.thresholds());
    let scored =
        score_document::score_document(store, thresholds, &invocation.request, input.document_id).await?;
    if scored.review_queued
        && let Some(dispatch) = context.review_dispatch().await
    {
        dispatch.wake().await;
    }
    Ok(scored.response)
}

/// Repairs lost and stuck documents.
async fn sweeper(context: &Context, invocation: Invocation) -> Result<sweep::SweepReport> {
    let sweeper = context.sweeper().await?;
    sweep::sweep(&sweeper, &invocation.request, Utc::now).await
}

/// Cancels withdrawn reviews and sends due ones.
async fn review_dispatch(context: &Context, invocation: Invocation) -> Result<review_outbox::OutboxReport> {
    let owner = format!("review-dispatch:{}", invocation.request_id);
    let (store, orchestrator) = (context.store()?, context.orchestrator()?);
    review_outbox::review_outbox(store, orchestrator, &owner, context.breaker_policy(), Utc::now).await
}

/// Applies migrations.
async fn migrate(context: &Context, _: Invocation) -> Result<migrate::MigrateResponse> {
    migrate::migrate(context.migrate_url()?).await
}
