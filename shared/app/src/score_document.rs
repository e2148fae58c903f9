//! Scores a document that was read, and decides. Safe to ask for twice: the second answer is the first one's.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
pub use filot_cloud::{ScoringRequest, ScoringResponse};
use filot_domain::scoring::{Thresholds, score};
use filot_domain::{Decision, DocumentId};
use filot_platform::telemetry::{MetricName, metric};
use filot_store::{Decided, LoadedForScoring, Store};

use crate::auth::principal::SystemTask;
use crate::error::{AppError, Result};
use crate::error_code::ErrorCode;
use crate::request_context::RequestContext;

/// What scoring did.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The answer.
    pub response: ScoringResponse,
    /// Whether this call queued a human review: `review-dispatch` is to be woken.
    pub review_queued: bool,
}

/// Scores and decides in one transaction. Only the first decision is measured.
///
/// # Errors
/// `not_found` for an unknown or erased document; `not_read` while it has no reading; `state_changed` when it was written
/// meanwhile.
pub async fn score_document(
    store: &Store,
    thresholds: &Thresholds,
    request: &RequestContext<SystemTask>,
    document: DocumentId,
) -> Result<Scored> {
    let now = request.now;
    match store.load_for_scoring(document).await? {
        LoadedForScoring::Ready(document) => {
            let evaluation = score(document.document_type, &document.reading, thresholds, local_day(now));
            let decided = store.commit_evaluation(&document, &evaluation, &request.origin(), now).await?;
            if decided.first {
                measure(decided.decision, (now - document.created_at).num_milliseconds());
            }
            Ok(scored(&decided))
        }
        LoadedForScoring::Decided(decided) => Ok(scored(&decided)),
        LoadedForScoring::NotReady { status } => {
            Err(AppError::new(ErrorCode::NotRead, "The document was not read yet.")
                .logged(format!("the document is {status}")))
        }
    }
}

/// Writes the metrics of a decision. `latency_ms` is counted from the upload.
fn measure(decision: Decision, latency_ms: i64) {
    let outcome: &str = decision.into();
    metric(MetricName::Decision, 1.0, &[("outcome", outcome)]);
    #[expect(clippy::cast_precision_loss, reason = "milliseconds below 2^52")]
    metric(MetricName::VerificationLatencyMs, latency_ms as f64, &[]);
}

fn scored(decided: &Decided) -> Scored {
    Scored {
        response: ScoringResponse {
            document_id: decided.document,
            decision: decided.decision,
            score: decided.score,
        },
        review_queued: decided.first && decided.review.is_some(),
    }
}

/// The day in Jakarta: ages and validity dates on cards mean a day there, not in Greenwich.
fn local_day(now: DateTime<Utc>) -> NaiveDate {
    const WIB_S: i32 = 7 * 60 * 60;
    FixedOffset::east_opt(WIB_S)
        .map_or_else(|| now.date_naive(), |zone| now.with_timezone(&zone).date_naive())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_begins_in_jakarta() {
        let late: DateTime<Utc> = "2026-01-01T16:59:59Z".parse().unwrap();
        assert_eq!(local_day(late).to_string(), "2026-01-01");
        assert_eq!(local_day(late + chrono::TimeDelta::seconds(1)).to_string(), "2026-01-02");
    }
}
