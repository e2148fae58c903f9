//! The loop of one queue: wait for capacity, receive, give each message a task, resolve the message.
//!
//! No capacity is taken while a poll waits for messages, so that a worker that serves two queues does not starve one of
//! them; no more messages are asked for than there is capacity. A message is kept hidden from the moment it was received.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use filot_cloud::{Message, Queue};
use filot_domain::retry::QueueKind;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::Instrument;

use crate::decide::{Disposition, whole_seconds};
use crate::document;
use crate::lease::while_hidden;
use crate::worker::Worker;

/// Longest poll SQS knows.
const POLL_S: u32 = 20;
/// Most messages SQS hands out at once.
const BATCH_MAX: usize = 10;
/// How often a loop that waits for capacity or for a reader reports that it is alive.
const TICK: Duration = Duration::from_secs(5);
/// How often the loop asks whether a reader is alive.
const READER_WAIT: Duration = Duration::from_millis(200);

/// Receives from one queue until the worker drains, then waits for the documents in flight.
pub async fn run(worker: Arc<Worker>, kind: QueueKind) {
    let queue = worker.queues.get(kind).clone();
    let mut tasks = JoinSet::new();
    while !worker.stop.draining.is_cancelled() {
        poll(&worker, kind, &queue, &mut tasks).await;
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
}

/// One poll. It is not broken off when the worker drains: messages that the queue hands to a poll which nobody reads any
/// more would stay hidden from everybody else. Messages that still arrive are shown again at once instead.
async fn poll(worker: &Arc<Worker>, kind: QueueKind, queue: &Queue, tasks: &mut JoinSet<()>) {
    if let Some(pause) = worker.outages.pause(rand::random()) {
        worker.status.record_wait(kind, Utc::now());
        if timeout(pause, worker.stop.draining.cancelled()).await.is_ok() {
            return;
        }
        // A probe, so that no message is taken that nobody could claim. Which service failed is not known here: the
        // outage is over when a file was fetched, or when the queue answers that there is nothing to do.
        if worker.store().ping().await.is_err() {
            worker.outages.record_failure();
            return;
        }
    }
    if worker.pool.alive() == 0 {
        sleep(READER_WAIT).await;
        worker.status.record_wait(kind, Utc::now());
        return;
    }
    match timeout(TICK, worker.capacity.acquire()).await {
        Ok(Ok(permit)) => drop(permit),
        _ => {
            worker.status.record_wait(kind, Utc::now());
            return;
        }
    }
    let max = worker.capacity.available_permits().clamp(1, BATCH_MAX);
    match queue.receive(u32::try_from(max).unwrap_or(1), POLL_S, worker.rules.lease_s).await {
        Ok(messages) => {
            worker.status.record_poll(kind, Some(messages.len()), Utc::now());
            if messages.is_empty() {
                worker.outages.reset();
            }
            start_tasks(worker, kind, queue, messages, tasks).await;
        }
        Err(error) => {
            tracing::error!(%error, queue = %kind, "the queue is away");
            worker.status.record_poll(kind, None, Utc::now());
            worker.outages.record_failure();
        }
    }
}

/// Starts a task per message and waits until each has its share of the capacity.
async fn start_tasks(
    worker: &Arc<Worker>,
    kind: QueueKind,
    queue: &Queue,
    messages: Vec<Message>,
    tasks: &mut JoinSet<()>,
) {
    let mut admitted = Vec::with_capacity(messages.len());
    for message in messages {
        let (has_permit, permitted) = oneshot::channel();
        admitted.push(permitted);
        let span = span(kind, &message);
        let (worker, queue) = (Arc::clone(worker), queue.clone());
        tasks.spawn(
            async move {
                let disposition = while_hidden(&queue, &message, &worker.rules, async {
                    let permit = worker.capacity.acquire().await;
                    let _ = has_permit.send(());
                    let _in_flight = worker.status.track_in_flight();
                    let disposition = document::handle(&worker, kind, &message).await;
                    drop(permit);
                    disposition
                })
                .await;
                resolve(&queue, &message, disposition).await;
            }
            .instrument(span),
        );
    }
    for permitted in admitted {
        let _ = permitted.await;
    }
}

/// Of the severest level, so that an error's line names its document when only errors are written.
fn span(kind: QueueKind, message: &Message) -> tracing::Span {
    match &message.hint {
        Some(hint) => tracing::error_span!(
            "document",
            document_id = %hint.document_id,
            correlation_id = %hint.correlation_id,
            queue = %kind,
        ),
        None => tracing::error_span!("message", queue = %kind),
    }
}

/// Deletes or hides the message. If that fails the message comes back by itself, and a second time does no harm.
async fn resolve(queue: &Queue, message: &Message, disposition: Disposition) {
    let resolved = match disposition {
        Disposition::Delete => queue.delete(&message.receipt).await,
        Disposition::Hide(time) => queue.change_visibility(&message.receipt, whole_seconds(time)).await,
    };
    if let Err(error) = resolved {
        tracing::warn!(%error, ?disposition, "the message was not resolved");
    }
}
