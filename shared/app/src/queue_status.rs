//! `POST /internal/ocr/queue`: how the workers' queues stand, and which documents do not move.
//!
//! Depths are SQS's estimates. Waiting times and stuck documents come from the rows and are exact. Ids and times only: no
//! personal data.

use chrono::{DateTime, TimeDelta, Utc};
use filot_domain::retry::QueueKind;
use filot_domain::{DocumentId, DocumentStatus};
use filot_store::{QueueLoad, Store, StuckDocument};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::principal::Service;
use crate::error::Result;
use crate::queue_depths::{QueueDepthDto, WatchedQueues};
use crate::request_context::RequestContext;

/// Longer than the sweeper waits before it removes a half-received upload: whatever has not moved for this long, the
/// machines did not get moving by themselves.
pub const STUCK_AFTER: TimeDelta = TimeDelta::minutes(20);
const STUCK_SHOWN: u32 = 20;

/// One queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueStatusDto {
    /// What SQS says.
    pub messages: QueueDepthDto,
    /// Documents that wait for a worker, as their rows say.
    pub waiting: u64,
    /// Since when the one that waits longest does.
    #[schema(required)]
    pub oldest_waiting_at: Option<DateTime<Utc>>,
    /// Documents that a worker holds.
    pub active: u64,
}

/// Both queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueStatusesDto {
    /// Workers with a GPU.
    pub gpu: QueueStatusDto,
    /// Workers without.
    pub cpu: QueueStatusDto,
}

/// A document that does not move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct StuckDocumentDto {
    /// The document.
    #[schema(value_type = uuid::Uuid)]
    pub id: DocumentId,
    /// Where it is.
    #[schema(value_type = crate::schema::DocumentStatus)]
    pub status: DocumentStatus,
    /// Which kind of worker it waits for.
    #[schema(value_type = Option<crate::schema::QueueKind>, required)]
    pub queue: Option<QueueKind>,
    /// Since when it has been there.
    pub since: DateTime<Utc>,
    /// Failed attempts to read it.
    pub attempts: u32,
    /// Messages sent for it.
    pub enqueues: u32,
}

/// Documents that do not move.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StuckDto {
    /// How many there are: they wait for a machine, none holds them, and they have not moved for 20 minutes.
    pub count: u64,
    /// The oldest of them.
    #[schema(max_items = 20)]
    pub documents: Vec<StuckDocumentDto>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueStatusResponse {
    /// Now.
    pub timestamp: DateTime<Utc>,
    /// The queues.
    pub queues: QueueStatusesDto,
    /// What does not move.
    pub stuck: StuckDto,
}

/// How the queues stand. One that does not answer is part of the answer.
///
/// # Errors
/// The store's.
pub async fn queue_status(
    store: &Store,
    queues: &WatchedQueues,
    request: &RequestContext<Service>,
) -> Result<QueueStatusResponse> {
    let now = request.now;
    let rows = async {
        let standings = store.queue_loads(now).await?;
        let stuck = store.stuck_documents(STUCK_SHOWN, now - STUCK_AFTER, now).await?;
        Ok::<_, crate::AppError>((standings, stuck))
    };
    let ((gpu, cpu), rows) = tokio::join!(queues.depths(), rows);
    let (standings, stuck) = rows?;
    Ok(QueueStatusResponse {
        timestamp: now,
        queues: QueueStatusesDto { gpu: status(gpu, standings.gpu), cpu: status(cpu, standings.cpu) },
        stuck: StuckDto {
            count: stuck.count,
            documents: stuck.oldest.into_iter().map(StuckDocumentDto::from).collect(),
        },
    })
}

const fn status(messages: QueueDepthDto, rows: QueueLoad) -> QueueStatusDto {
    QueueStatusDto {
        messages,
        waiting: rows.waiting,
        oldest_waiting_at: rows.oldest_waiting_at,
        active: rows.active,
    }
}

impl From<StuckDocument> for StuckDocumentDto {
    fn from(stuck: StuckDocument) -> Self {
        Self {
            id: stuck.id,
            status: stuck.status,
            queue: stuck.queue,
            since: stuck.since,
            attempts: stuck.attempts,
            enqueues: stuck.enqueues,
        }
    }
}
