//! What whoever watches is told: by real queues, and when a queue is away.

use chrono::TimeDelta;
use filot_app::metrics::{collect, prometheus};
use filot_app::queue_depths::{WatchedQueue, WatchedQueues};
use filot_app::queue_status::{STUCK_AFTER, queue_status};
use filot_cloud::{OcrMessage, Queue};
use filot_domain::breaker::BreakerPolicy;
use filot_store::seed;
use filot_testkit::Aws;
use serde_json::Value;

use crate::{after, correlation_id, database, now};

fn message() -> OcrMessage {
    OcrMessage { document_id: seed::READ, correlation_id: correlation_id(), enqueued_at: now() }
}

/// A CPU queue with two messages, one of them in flight, and one dead letter; the GPU queue is away.
async fn queues(aws: &Aws) -> WatchedQueues {
    let sdk = aws.sdk_config().await;
    let queue = Queue::new(&sdk, aws.queue().await.unwrap());
    let dead_letters = Queue::new(&sdk, aws.queue().await.unwrap());
    for _ in 0..2 {
        queue.send(&message()).await.unwrap();
    }
    dead_letters.send(&message()).await.unwrap();
    assert_eq!(queue.receive(1, 5, 60).await.unwrap().len(), 1);
    let away = Queue::new(&sdk, format!("{}-that-is-not-there", aws.queue().await.unwrap()));
    WatchedQueues {
        gpu: WatchedQueue { queue: away, dead_letters: dead_letters.clone() },
        cpu: WatchedQueue { queue, dead_letters },
    }
}

/// Whether a JSON value has this text anywhere.
fn says(value: &Value, text: &str) -> bool {
    value.to_string().contains(text)
}

#[tokio::test]
async fn a_queue_that_is_away_is_news_and_not_an_error() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let queues = queues(&aws).await;
    let status = queue_status(&store, &queues, now()).await.unwrap();
    let (gpu, cpu) = (&status.queues.gpu.messages, &status.queues.cpu.messages);
    assert_eq!((gpu.reachable, gpu.depth, gpu.in_flight, gpu.dead_letters), (false, None, None, Some(1)));
    assert_eq!((cpu.reachable, cpu.depth, cpu.in_flight, cpu.delayed), (true, Some(1), Some(1), Some(0)));
    assert_eq!(cpu.dead_letters, Some(1));

    let metrics = collect(&store, &queues, &BreakerPolicy::default(), now()).await.unwrap();
    assert_eq!((metrics.queues.cpu, metrics.queues.gpu), (*cpu, *gpu));
    assert_eq!(metrics.breakers.buli2, "closed");
    let text = prometheus(&metrics).unwrap();
    assert!(text.contains("filot_queue_messages{queue=\"cpu\",state=\"in_flight\"} 1\n"), "{text}");
}

/// INV-7: what watchers see names documents by id at most.
#[tokio::test]
async fn inv_7_watchers_see_stuck_documents_and_nothing_personal() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let queues = queues(&aws).await;
    let later = after(STUCK_AFTER + TimeDelta::days(1));
    let status = queue_status(&store, &queues, later).await.unwrap();
    assert!(status.stuck.count > 0 && status.stuck.documents.len() as u64 <= status.stuck.count);
    assert!(status.stuck.documents.iter().any(|stuck| stuck.id == seed::READ), "{:?}", status.stuck);
    let metrics = collect(&store, &queues, &BreakerPolicy::default(), later).await.unwrap();
    let all = [serde_json::to_value(&status).unwrap(), serde_json::to_value(&metrics).unwrap()];
    for answer in &all {
        for personal in [seed::USER.to_string().as_str(), "@", "documents/", "3174"] {
            assert!(!says(answer, personal), "{personal} in {answer}");
        }
    }
    assert!(!says(&all[1], &seed::READ.to_string()), "aggregates name no document");
}
