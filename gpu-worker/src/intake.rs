//! The loop of one queue: wait for room, receive, hand each message to a task, settle it.
//!
//! No room is taken while a poll waits for messages, so that a worker that serves two queues does not starve one of
//! them; no more messages are asked for than there is room. A message that was received is kept hidden from that moment.

use std::sync::Arc;
use std::time::Duration;

use chrono::Utc;
use filot_cloud::{Message, Queue};
use filot_domain::retry::QueueKind;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tracing::Instrument;

use crate::decide::{Fate, whole_seconds};
use crate::document;
use crate::hold::while_hidden;
use crate::worker::Worker;

/// Longest poll SQS knows.
const POLL_S: u32 = 20;
/// Most messages SQS hands out at once.
const BATCH_MAX: usize = 10;
/// How often a loop that waits for room or for a reader says that it is alive.
const TICK: Duration = Duration::from_secs(5);
/// How often the loop asks whether a reader is alive.
const READER_WAIT: Duration = Duration::from_millis(200);

/// Receives from one queue until the worker drains, then waits for the documents in flight.
pub async fn run(worker: Arc<Worker>, kind: QueueKind) {
    let queue = worker.queues.get(kind).clone();
    let mut tasks = JoinSet::new();
    while !worker.stop.draining.is_cancelled() {
        round(&worker, kind, &queue, &mut tasks).await;
        while tasks.try_join_next().is_some() {}
    }
    while tasks.join_next().await.is_some() {}
}

/// One poll. A poll is not broken off when the worker drains: what the queue hands to a poll that nobody reads any more
/// stays hidden from everybody else. Instead, what still comes is shown again at once.
async fn round(worker: &Arc<Worker>, kind: QueueKind, queue: &Queue, tasks: &mut JoinSet<()>) {
    if let Some(pause) = worker.outages.pause(rand::random()) {
        worker.status.waits(kind, Utc::now());
        if timeout(pause, worker.stop.draining.cancelled()).await.is_ok() {
            return;
        }
        // A probe, so that no message is taken that nobody could claim. What the outage was of is not known here: it is
        // over when a file was fetched, or when the queue answers that there is nothing to do.
        if worker.store().ping().await.is_err() {
            worker.outages.met();
            return;
        }
    }
    if worker.pool.alive() == 0 {
        sleep(READER_WAIT).await;
        worker.status.waits(kind, Utc::now());
        return;
    }
    match timeout(TICK, worker.room.acquire()).await {
        Ok(Ok(permit)) => drop(permit),
        _ => {
            worker.status.waits(kind, Utc::now());
            return;
        }
    }
    let max = worker.room.available_permits().clamp(1, BATCH_MAX);
    match queue.receive(u32::try_from(max).unwrap_or(1), POLL_S, worker.rules.lease_s).await {
        Ok(messages) => {
            worker.status.looked(kind, Some(messages.len()), Utc::now());
            if messages.is_empty() {
                worker.outages.over();
            }
            admit(worker, kind, queue, messages, tasks).await;
        }
        Err(error) => {
            tracing::error!(%error, queue = %kind, "the queue is away");
            worker.status.looked(kind, None, Utc::now());
            worker.outages.met();
        }
    }
}

/// Starts a task per message and waits until each has its room.
async fn admit(
    worker: &Arc<Worker>,
    kind: QueueKind,
    queue: &Queue,
    messages: Vec<Message>,
    tasks: &mut JoinSet<()>,
) {
    let mut admitted = Vec::with_capacity(messages.len());
    for message in messages {
        let (has_room, room) = oneshot::channel();
        admitted.push(room);
        let span = span(kind, &message);
        let (worker, queue) = (Arc::clone(worker), queue.clone());
        tasks.spawn(
            async move {
                let fate = while_hidden(&queue, &message, &worker.rules, async {
                    let permit = worker.room.acquire().await;
                    let _ = has_room.send(());
                    let _in_flight = worker.status.enter();
                    let fate = document::handle(&worker, kind, &message).await;
                    drop(permit);
                    fate
                })
                .await;
                settle(&queue, &message, fate).await;
            }
            .instrument(span),
        );
    }
    for room in admitted {
        let _ = room.await;
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

/// Does to the message what was decided. If that fails it comes back by itself, and a second time does no harm.
async fn settle(queue: &Queue, message: &Message, fate: Fate) {
    let settled = match fate {
        Fate::Delete => queue.delete(&message.receipt).await,
        Fate::Hide(time) => queue.change_visibility(&message.receipt, whole_seconds(time)).await,
        Fate::Leave => Ok(()),
    };
    if let Err(error) = settled {
        tracing::warn!(%error, ?fate, "the message was not settled");
    }
}
