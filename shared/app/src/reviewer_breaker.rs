//! The one guarded way to call the reviewer: through the breaker, which all instances share in the database.

use chrono::{DateTime, Utc};
use filot_domain::breaker::{Admission, BreakerPolicy};
use filot_store::{Store, StoreError};

use crate::orchestrator::CallOutcome;

/// The breaker's name in the database.
pub const BREAKER: &str = "buli2";

/// The outcome of a guarded call.
pub(crate) enum Guarded<T> {
    /// The breaker is open; no call was made.
    HeldBack {
        /// When the next call may pass.
        until: DateTime<Utc>,
    },
    /// The reason for the call is gone; no call was made.
    Moot,
    /// The call was made, and the breaker knows its outcome.
    Called {
        /// The call's outcome.
        outcome: T,
        /// When it ended.
        at: DateTime<Utc>,
    },
}

/// Calls the reviewer unless the breaker is open, and records the outcome before anything else is written: it counts even
/// if the review was decided meanwhile. `call` is awaited only once the breaker lets it pass, and yields `None` when there
/// is nothing left to call for.
pub(crate) async fn guarded<T: CallOutcome>(
    store: &Store,
    policy: &BreakerPolicy,
    clock: &(impl Fn() -> DateTime<Utc> + Send + Sync),
    call: impl Future<Output = Result<Option<T>, StoreError>> + Send,
) -> Result<Guarded<T>, StoreError> {
    if let Admission::Refuse { until } = store.breaker_admit(BREAKER, policy, clock()).await? {
        return Ok(Guarded::HeldBack { until });
    }
    let Some(outcome) = call.await? else { return Ok(Guarded::Moot) };
    let at = clock();
    store.breaker_record(BREAKER, policy, !outcome.is_unreachable(), at).await?;
    Ok(Guarded::Called { outcome, at })
}
