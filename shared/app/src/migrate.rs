//! Brings the schema up to date, as the owner role and on the direct connection.

use filot_store::Store;
use serde::Serialize;

use crate::error::{AppError, Result};

/// The answer.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MigrateResponse {
    /// The migrations that were applied now, in order.
    pub applied: Vec<String>,
}

/// Applies the migrations that are missing.
///
/// # Errors
/// `unavailable` when the database does not answer, `internal` when a migration fails.
pub async fn migrate(migrate_url: &str) -> Result<MigrateResponse> {
    let report = Store::migrate(migrate_url).await.map_err(AppError::from)?;
    if report.lock_retries > 0 {
        tracing::info!(lock_retries = report.lock_retries, "the migration had to wait for locks");
    }
    Ok(MigrateResponse { applied: report.applied })
}
