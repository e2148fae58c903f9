use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_800_000_000, 0).unwrap()
}

fn depth(depth: Option<u64>) -> QueueDepthDto {
    QueueDepthDto {
        reachable: depth.is_some(),
        depth,
        in_flight: depth,
        delayed: depth,
        dead_letters: Some(2),
    }
}

fn sample() -> MetricsResponse {
    MetricsResponse {
        collected_at: now(),
        queues: QueuesMetricsDto { gpu: depth(None), cpu: depth(Some(7)) },
        active_jobs: ActiveJobsDto { gpu: 0, cpu: 3 },
        review_backlog: ReviewBacklogDto {
            pending: 4,
            due: 1,
            oldest_due_at: Some(now() - TimeDelta::seconds(90)),
        },
        breakers: BreakersDto { buli2: "half_open".to_owned() },
        documents: counts(&[StateCount {
            status: DocumentStatus::Completed,
            verification_status: VerificationStatus::AutoApproved,
            documents: 5,
        }]),
    }
}

#[test]
fn prometheus_gets_one_block_per_metric() {
    let text = prometheus(&sample()).unwrap();
    for line in [
        "# HELP filot_queue_messages Messages of a queue, by state.",
        "# TYPE filot_queue_messages gauge",
        "filot_queue_messages{queue=\"cpu\",state=\"visible\"} 7",
        "filot_queue_messages{queue=\"gpu\",state=\"dead_letter\"} 2",
        "filot_queue_reachable{queue=\"gpu\"} 0",
        "filot_active_jobs{queue=\"cpu\"} 3",
        "filot_reviews{state=\"pending\"} 4",
        "filot_reviews_oldest_due_seconds 90",
        "filot_circuit_breaker_state{breaker=\"buli2\",state=\"half_open\"} 1",
        "filot_circuit_breaker_state{breaker=\"buli2\",state=\"closed\"} 0",
        "filot_documents{status=\"completed\"} 5",
        "filot_documents{status=\"failed\"} 0",
        "filot_documents_by_verification{verification_status=\"auto_approved\"} 5",
    ] {
        assert!(text.lines().any(|found| found == line), "{line} in\n{text}");
    }
    assert!(!text.contains("queue=\"gpu\",state=\"visible\""), "what is not known has no sample");
    // Exposition format 0.0.4: each metric is told once, its samples follow, and the last line ends.
    let mut told = Vec::new();
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split(' ').next()) {
            assert!(!told.contains(&name), "{name} twice");
            told.push(name);
        } else if !line.starts_with('#') {
            let name = line.split(['{', ' ']).next().unwrap();
            assert_eq!(told.last(), Some(&name), "{line} stands under its own name");
            assert!(line.rsplit(' ').next().unwrap().parse::<f64>().is_ok(), "{line} ends with a number");
        }
    }
    assert!(text.ends_with('\n'));
}

#[test]
fn json_has_every_state_and_says_what_is_not_known() {
    let json = serde_json::to_value(sample()).unwrap();
    assert_eq!(json["queues"]["gpu"]["depth"], serde_json::Value::Null);
    assert_eq!(json["queues"]["gpu"]["reachable"], false);
    assert_eq!(json["documents"]["byStatus"]["completed"], 5);
    for status in DocumentStatus::iter() {
        assert!(json["documents"]["byStatus"][status.to_string()].is_u64(), "{status}");
    }
}

#[tokio::test]
async fn a_collection_is_shared_and_kept_for_fifteen_seconds() {
    let cache = MetricsCache::default();
    let asked = AtomicU32::new(0);
    let ask = |at| {
        cache.get(at, async {
            asked.fetch_add(1, Ordering::Relaxed);
            // Everybody else comes while this one is under way.
            tokio::task::yield_now().await;
            Ok(sample())
        })
    };
    let all = futures::future::join_all((0..16).map(|_| ask(now()))).await;
    assert_eq!((all.len(), asked.load(Ordering::Relaxed)), (16, 1));
    assert!(all.iter().all(|metrics| metrics.as_ref().is_ok_and(|metrics| **metrics == sample())));
    ask(now() + FRESH_FOR - TimeDelta::milliseconds(1)).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    ask(now() + FRESH_FOR).await.unwrap();
    assert_eq!(asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_failure_is_told_to_those_who_waited_and_soon_tried_again() {
    let cache = MetricsCache::default();
    let asked = AtomicU32::new(0);
    let ask = |at| {
        cache.get(at, async {
            asked.fetch_add(1, Ordering::Relaxed);
            tokio::task::yield_now().await;
            Err(AppError::unavailable("the database is away"))
        })
    };
    let all = futures::future::join_all((0..16).map(|_| ask(now()))).await;
    assert!(all.iter().all(Result::is_err));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert!(cache.get(now() + FAILED_FOR, async { Ok(sample()) }).await.is_ok());
}
