//! The depths of the workers' queues and of their dead-letter queues, as SQS estimates them. All are asked at once, each for
//! two seconds at most. A queue that does not answer is part of the answer, not an error.

use std::time::Duration;

use filot_cloud::{Queue, QueueAttributes};
use serde::Serialize;
use utoipa::ToSchema;

const PATIENCE: Duration = Duration::from_secs(2);

/// A queue of the workers and its dead letters.
#[derive(Debug, Clone)]
pub struct WatchedQueue {
    /// The queue.
    pub queue: Queue,
    /// Its dead-letter queue.
    pub dead_letters: Queue,
}

/// Both queues of the workers.
#[derive(Debug, Clone)]
pub struct WatchedQueues {
    /// Workers with a GPU.
    pub gpu: WatchedQueue,
    /// Workers without.
    pub cpu: WatchedQueue,
}

/// Messages of one queue, as far as SQS knows: approximate. What did not answer is `null`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueDepthDto {
    /// Whether the queue answered.
    pub reachable: bool,
    /// Waiting to be received.
    #[schema(required)]
    pub depth: Option<u64>,
    /// Received and not yet deleted.
    #[schema(required)]
    pub in_flight: Option<u64>,
    /// Not to be received yet.
    #[schema(required)]
    pub delayed: Option<u64>,
    /// In the dead-letter queue.
    #[schema(required)]
    pub dead_letters: Option<u64>,
}

impl WatchedQueues {
    /// How both queues stand: GPU, CPU.
    pub async fn depths(&self) -> (QueueDepthDto, QueueDepthDto) {
        tokio::join!(self.gpu.depth("gpu"), self.cpu.depth("cpu"))
    }
}

impl WatchedQueue {
    async fn depth(&self, name: &'static str) -> QueueDepthDto {
        let (queue, dead) = tokio::join!(asked(name, &self.queue), asked("dead letters", &self.dead_letters));
        QueueDepthDto {
            reachable: queue.is_some(),
            depth: queue.map(|queue| queue.visible),
            in_flight: queue.map(|queue| queue.in_flight),
            delayed: queue.map(|queue| queue.delayed),
            dead_letters: dead.map(|dead| dead.visible + dead.in_flight + dead.delayed),
        }
    }
}

async fn asked(name: &'static str, queue: &Queue) -> Option<QueueAttributes> {
    match tokio::time::timeout(PATIENCE, queue.attributes()).await {
        Ok(Ok(attributes)) => Some(attributes),
        Ok(Err(error)) => {
            tracing::warn!(queue = name, %error, "the queue does not tell its depth");
            None
        }
        Err(_) => {
            tracing::warn!(queue = name, "the queue does not answer in time");
            None
        }
    }
}
