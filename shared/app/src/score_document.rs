//! Scores a document that was read, and decides. Safe to ask for twice: the second answer is the first one's.

use chrono::{DateTime, FixedOffset, NaiveDate, Utc};
pub use filot_cloud::{ScoringRequest, ScoringResponse};
use filot_domain::scoring::{Thresholds, score};
use filot_store::{Actor, Decided, LoadedForScoring, Origin, Store};

use crate::error::{AppError, Kind, Result};

/// What scoring did, for whoever has to act on it.
#[derive(Debug, Clone)]
pub struct Scored {
    /// The answer.
    pub response: ScoringResponse,
    /// Whether a human review was queued by this very call.
    pub review_queued: bool,
    /// Milliseconds from the upload to this decision; absent when it was decided before.
    pub latency_ms: Option<i64>,
}

/// Scores and decides in one transaction.
pub async fn score_document(
    store: &Store,
    thresholds: &Thresholds,
    request: &ScoringRequest,
    now: DateTime<Utc>,
) -> Result<Scored> {
    let origin = Origin { actor: Actor::Function("scoring"), correlation_id: request.correlation_id.clone() };
    match store.load_for_scoring(request.document_id).await? {
        LoadedForScoring::Ready(document) => {
            let evaluation = score(document.document_type, &document.reading, thresholds, local_day(now));
            let decided = store.commit_evaluation(&document, &evaluation, &origin, now).await?;
            let latency_ms = decided.first.then(|| (now - document.created_at).num_milliseconds());
            Ok(scored(&decided, latency_ms))
        }
        LoadedForScoring::Decided(decided) => Ok(scored(&decided, None)),
        LoadedForScoring::NotReady { status } => {
            Err(AppError::new(Kind::Conflict, "not_read", "The document was not read yet.")
                .logged(format!("the document is {status}")))
        }
    }
}

fn scored(decided: &Decided, latency_ms: Option<i64>) -> Scored {
    Scored {
        response: ScoringResponse {
            document_id: decided.document,
            decision: decided.decision,
            score: decided.score,
        },
        review_queued: decided.first && decided.review.is_some(),
        latency_ms,
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
