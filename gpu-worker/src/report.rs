//! Tells other programs about a result once the row has it: the results channel, the scoring function, the other queue.

use std::time::Duration;

use filot_cloud::{ScoringRequest, ScoringResponse};
use filot_domain::ReasonCode;
use filot_domain::retry::{CHECK_MESSAGE_AFTER, QueueKind};
use filot_platform::telemetry::{MetricName, metric};
use serde::Serialize;
use tokio::time::sleep;

use crate::decide::{self, Disposition};
use crate::job::Job;
use crate::worker::Worker;

/// Pauses between the tries to score within one delivery; after the last the message waits.
const SCORING_PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// The results channel, without the prefix that the cache puts before it.
const RESULTS_CHANNEL: &str = "ocr:gpu:results";

/// A message on the results channel. It says that something happened, never what a card says.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
struct ResultEvent<'a> {
    document_id: String,
    correlation_id: &'a str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonCode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processing_ms: Option<u64>,
    worker_id: &'a str,
}

/// Tells that a card was read.
pub async fn publish_reading(worker: &Worker, job: &Job, spent_ms: f64) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time in milliseconds")]
    let processing_ms = Some(spent_ms.max(0.0) as u64);
    publish(worker, job, "ocr_completed", None, processing_ms).await;
}

/// Tells that a document failed for good.
pub async fn publish_failure(worker: &Worker, job: &Job, reason: ReasonCode) {
    publish(worker, job, "failed", Some(reason), None).await;
}

async fn publish(
    worker: &Worker,
    job: &Job,
    status: &'static str,
    reason: Option<ReasonCode>,
    processing_ms: Option<u64>,
) {
    let event = ResultEvent {
        document_id: job.document.to_string(),
        correlation_id: job.correlation_id.as_str(),
        status,
        reason,
        processing_ms,
        worker_id: &worker.rules.worker_id,
    };
    let published = worker.cache().publish(RESULTS_CHANNEL, &event).await;
    // Whoever listens can also ask the API: the channel is a convenience.
    if let Err(error) = published {
        tracing::warn!(%error, "the result was not published");
        metric(MetricName::RedisUnavailable, 1.0, &[]);
    }
}

/// Has the document scored. The message is deleted only when that is done.
pub async fn score(worker: &Worker, job: &Job) -> Disposition {
    let request = ScoringRequest { document_id: job.document, correlation_id: job.correlation_id.clone() };
    let mut pauses = SCORING_PAUSES.into_iter();
    loop {
        let answer: Result<ScoringResponse, _> =
            worker.functions.invoke(&worker.rules.scoring_function, &request).await;
        let error = match answer {
            Ok(answer) => {
                tracing::info!(decision = %answer.decision, score = answer.score, "scored");
                return Disposition::Delete;
            }
            Err(error) => error,
        };
        match pauses.next() {
            Some(pause) if !worker.stop.draining.is_cancelled() => {
                tracing::warn!(%error, "the scoring failed, trying again");
                sleep(pause).await;
            }
            _ => {
                tracing::error!(%error, "the scoring failed: the message stays");
                return decide::after_outage(job.deliveries, rand::random());
            }
        }
    }
}

/// Sends the document to the other queue. The message is deleted only when that is done.
pub async fn move_to(worker: &Worker, job: &Job, queue: QueueKind) -> Disposition {
    let now = worker.clock.now();
    if let Err(error) = worker.queues.send(queue, job.document, &job.correlation_id, now).await {
        tracing::error!(%error, %queue, "the document was not moved: the message stays");
        return decide::after_outage(job.deliveries, rand::random());
    }
    tracing::info!(%queue, "moved");
    // Only the sweeper reads this: without it, it would send the message a second time, which does no harm.
    let noted = worker.store().mark_enqueued(job.document, queue, now, now + CHECK_MESSAGE_AFTER).await;
    if let Err(error) = noted {
        tracing::warn!(%error, "the move was not noted");
    }
    Disposition::Delete
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_on_the_results_channel_keeps_its_form() {
        let event = ResultEvent {
            document_id: "0190b5a0-0000-7000-8000-000000000000".to_owned(),
            correlation_id: "corr-0001",
            status: "failed",
            reason: Some(ReasonCode::ReaderCrashed),
            processing_ms: None,
            worker_id: "w1",
        };
        assert_eq!(
            serde_json::to_value(&event).unwrap(),
            serde_json::json!({
                "documentId": "0190b5a0-0000-7000-8000-000000000000", "correlationId": "corr-0001",
                "status": "failed", "reason": "reader_crashed", "workerId": "w1"
            })
        );
    }
}
