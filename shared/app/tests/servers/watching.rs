//! Metrics and queue status with real queues, and with a queue that is away.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use filot_app::error::Result;
use filot_app::metrics::{MetricsCache, MetricsResponse, metrics, prometheus};
use filot_app::queue_depths::{WatchedQueue, WatchedQueues};
use filot_app::queue_status::{STUCK_AFTER, queue_status};
use filot_app::sweep::{Sweeper, sweep};
use filot_cloud::{Functions, OcrMessage, OcrQueues, Queue};
use filot_domain::breaker::BreakerPolicy;
use filot_platform::config::Retention;
use filot_store::{Store, seed};
use filot_testkit::Aws;
use serde_json::Value;

use crate::requests::{operator, service, task};
use crate::upload::objects;
use crate::{after, correlation_id, database, now, store_at};

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

/// The metrics of a new instance.
async fn numbers(store: &Store, queues: &WatchedQueues, at: DateTime<Utc>) -> Result<Arc<MetricsResponse>> {
    metrics(store, queues, &BreakerPolicy::default(), &MetricsCache::default(), &operator(at)).await
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
    let status = queue_status(&store, &queues, &service(now())).await.unwrap();
    let (gpu, cpu) = (&status.queues.gpu.messages, &status.queues.cpu.messages);
    assert_eq!((gpu.reachable, gpu.depth, gpu.in_flight, gpu.dead_letters), (false, None, None, Some(1)));
    assert_eq!((cpu.reachable, cpu.depth, cpu.in_flight, cpu.delayed), (true, Some(1), Some(1), Some(0)));
    assert_eq!(cpu.dead_letters, Some(1));

    let metrics = numbers(&store, &queues, now()).await.unwrap();
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
    let status = queue_status(&store, &queues, &service(later)).await.unwrap();
    assert!(status.stuck.count > 0 && status.stuck.documents.len() as u64 <= status.stuck.count);
    assert!(status.stuck.documents.iter().any(|stuck| stuck.id == seed::READ), "{:?}", status.stuck);
    let metrics = numbers(&store, &queues, later).await.unwrap();
    let all = [serde_json::to_value(&status).unwrap(), serde_json::to_value(&*metrics).unwrap()];
    for answer in &all {
        for personal in [seed::USER.to_string().as_str(), "@", "documents/", "3174"] {
            assert!(!says(answer, personal), "{personal} in {answer}");
        }
    }
    assert!(!says(&all[1], &seed::READ.to_string()), "aggregates name no document");
}

/// Alarms and scaling look at the queues' lengths, which are known only while somebody asks for them.
#[tokio::test]
async fn without_a_database_the_sweeper_still_measures_queues() {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let router = Router::new().fallback(move || {
        counter.fetch_add(1, Ordering::Relaxed);
        async { Json(serde_json::json!({})) }
    });
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let sdk = Aws::start().unwrap().sdk_config().await.into_builder().endpoint_url(&url).build();
    let queue = Queue::new(&sdk, format!("{url}/queue"));
    let sweeper = Sweeper {
        store: &store_at("postgres://filot_app@127.0.0.1:9/filot".to_owned()),
        objects: &objects(&url, "documents".to_owned()),
        queues: &OcrQueues { gpu: queue.clone(), cpu: queue, gpu_enabled: false },
        cache: None,
        functions: &Functions::new(&sdk),
        scoring: "scoring",
        retention: &Retention::default(),
    };
    assert!(sweep(&sweeper, &task("sweeper", now()), now).await.is_err());
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}
