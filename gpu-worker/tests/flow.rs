//! The worker's flow on real servers: what happens to the row and to the message, whatever goes wrong.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use filot_domain::retry::{Backoff, QueueKind, RetryPolicy};
use filot_domain::{CardReading, DocumentStatus, ReasonCode};
use filot_store::{Actor, Claim, ClaimRequest, NotClaimable, Origin};
use filot_testkit::process::free_port;
use gpu_worker::clock::Clock;
use support::{How, Stage, correlation};

/// The last reason in a document's timeline, and its failed attempts.
fn failures(view: &filot_store::DocumentView) -> (Option<ReasonCode>, u32) {
    (view.timeline.iter().rev().find_map(|entry| entry.reason), view.attempts)
}

fn events(view: &filot_store::DocumentView) -> Vec<&str> {
    view.timeline.iter().map(|entry| entry.event.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_read_published_scored_and_acknowledged() {
    let stage = Stage::new().await;
    let mut channel = redis::Client::open(stage.redis.url()).unwrap().get_async_pubsub().await.unwrap();
    channel.subscribe("filot:ocr:gpu:results").await.unwrap();
    let worker = stage.worker("w1", How::default()).await;
    let id = stage.upload("read", QueueKind::Cpu).await;
    let view = stage.until(id, DocumentStatus::OcrCompleted).await;
    stage.until_empty(QueueKind::Cpu).await;
    assert_eq!(stage.scoring.asked(), [id.to_string()]);
    assert_eq!((view.attempts, worker.worker.status.in_flight()), (0, 0));
    let news = tokio::time::timeout(Duration::from_secs(5), async {
        use futures::StreamExt as _;
        channel.on_message().next().await.unwrap().get_payload::<String>().unwrap()
    });
    let news: serde_json::Value = serde_json::from_str(&news.await.unwrap()).unwrap();
    assert_eq!(news["documentId"], id.to_string());
    assert_eq!(news["status"], "ocr_completed");
    assert_eq!(news["correlationId"], correlation().as_str());
}

#[tokio::test(flavor = "multi_thread")]
async fn repeated_and_unreadable_messages_change_nothing() {
    let stage = Stage::new().await;
    let _worker = stage.worker("w1", How::default()).await;
    let id = stage.upload("read", QueueKind::Cpu).await;
    stage.until(id, DocumentStatus::OcrCompleted).await;
    stage.until_empty(QueueKind::Cpu).await;
    stage.send(id, QueueKind::Cpu).await;
    stage.send(filot_domain::DocumentId::from_uuid(uuid::Uuid::now_v7()), QueueKind::Cpu).await;
    stage.until_empty(QueueKind::Cpu).await;
    let view = stage.view(id).await;
    assert_eq!(events(&view).iter().filter(|event| **event == "read").count(), 1);
    // The row still waits for its score, so the second message asked for it once more.
    assert_eq!(stage.scoring.asked().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_parsed_stays_for_the_dead_letters() {
    let stage = Stage::new().await;
    let sqs = stage.raw_sqs().await;
    stage.raw_send(&sqs, "no message at all").await;
    let worker = stage.worker("w1", How::default()).await;
    let id = stage.upload("read", QueueKind::Cpu).await;
    stage.until(id, DocumentStatus::OcrCompleted).await;
    // While the worker polls, every delivery is the worker's.
    worker.leave().await;
    // It is delivered again and again, which is what brings it to the dead letters.
    let deliveries = stage.raw_deliveries(&sqs).await;
    assert!(deliveries >= 2, "{deliveries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_reader_costs_one_attempt_and_no_neighbour() {
    let stage = Stage::new().await;
    let worker = stage.worker("w1", How { readers: 1, ..How::default() }).await;
    let marks = tempfile::tempdir().unwrap();
    let id = stage.upload(&format!("hang-once {}", marks.path().join("m").display()), QueueKind::Cpu).await;
    worker.until_busy(1).await;
    while !marks.path().join("m").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let neighbour = stage.upload("read", QueueKind::Cpu).await;
    for pid in support::children() {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    }
    let view = stage.until(id, DocumentStatus::OcrCompleted).await;
    assert_eq!(failures(&view), (Some(ReasonCode::ReaderCrashed), 1));
    let neighbour = stage.until(neighbour, DocumentStatus::OcrCompleted).await;
    assert_eq!(failures(&neighbour), (None, 0));
    stage.until_empty(QueueKind::Cpu).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_hangs_is_ended_and_the_document_retried() {
    let stage = Stage::new().await;
    let how = How { read_limit: Duration::from_secs(1), ..How::default() };
    let _worker = stage.worker("w1", how).await;
    let marks = tempfile::tempdir().unwrap();
    let id = stage.upload(&format!("hang-once {}", marks.path().join("m").display()), QueueKind::Cpu).await;
    let view = stage.until(id, DocumentStatus::OcrCompleted).await;
    assert_eq!(failures(&view), (Some(ReasonCode::ReaderExhausted), 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn inv_8_a_poison_file_fails_after_its_tries_on_both_queues() {
    let stage = Stage::new().await;
    let _worker = stage.worker("w1", How::default()).await;
    let poison = stage.upload("abort", QueueKind::Gpu).await;
    let good = stage.upload("read", QueueKind::Gpu).await;
    stage.until(good, DocumentStatus::OcrCompleted).await;
    let view = stage.until(poison, DocumentStatus::Failed).await;
    // Three on the GPU's queue, one on the CPU's.
    assert_eq!(failures(&view), (Some(ReasonCode::ReaderCrashed), 4));
    stage.until_empty(QueueKind::Gpu).await;
    stage.until_empty(QueueKind::Cpu).await;
    assert_eq!(stage.scoring.asked(), [good.to_string()]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_exhausts_readers_is_tried_twice() {
    let stage = Stage::new().await;
    let _worker = stage.worker("w1", How::default()).await;
    let first = stage.upload("memory", QueueKind::Gpu).await;
    let view = stage.until(first, DocumentStatus::Failed).await;
    assert_eq!(failures(&view), (Some(ReasonCode::ReaderExhausted), 2));
    // The same bytes once more: one try, and never more than one.
    let again = stage.upload("memory", QueueKind::Gpu).await;
    let view = stage.until(again, DocumentStatus::Failed).await;
    assert_eq!(failures(&view), (Some(ReasonCode::ReaderExhausted), 1));
    stage.until_empty(QueueKind::Gpu).await;
    stage.until_empty(QueueKind::Cpu).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_unreadable_or_not_as_uploaded_fails_at_once() {
    let stage = Stage::new().await;
    let _worker = stage.worker("w1", How::default()).await;
    let unreadable = stage.upload("unreadable", QueueKind::Cpu).await;
    let changed = stage.upload_row(b"read", Some(b"raed"), QueueKind::Cpu).await;
    let longer = stage.upload_row(b"read", Some(b"read me"), QueueKind::Cpu).await;
    let gone = stage.upload_row(b"read", None, QueueKind::Cpu).await;
    for id in [changed, longer, gone] {
        stage.send(id, QueueKind::Cpu).await;
    }
    for (id, reason) in [
        (unreadable, ReasonCode::FileUnreadable),
        (changed, ReasonCode::FileUnreadable),
        (longer, ReasonCode::FileUnreadable),
        (gone, ReasonCode::FileMissing),
    ] {
        let view = stage.until(id, DocumentStatus::Failed).await;
        assert_eq!(failures(&view), (Some(reason), 1));
    }
    stage.until_empty(QueueKind::Cpu).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_scoring_the_next_delivery_only_scores() {
    let stage = Stage::new().await;
    // Three tries within a delivery: the fourth is a second delivery's.
    stage.scoring.fail(3);
    let _worker = stage.worker("w1", How::default()).await;
    let id = stage.upload("read", QueueKind::Cpu).await;
    stage.until(id, DocumentStatus::OcrCompleted).await;
    assert!(stage.scoring.asked().is_empty());
    stage.until_empty(QueueKind::Cpu).await;
    assert_eq!(stage.scoring.asked(), [id.to_string()]);
    let view = stage.view(id).await;
    assert_eq!(events(&view).iter().filter(|event| **event == "claimed").count(), 1);
    assert!(!events(&view).contains(&"reclaimed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_storage_or_redis_costs_no_attempt() {
    let stage = Stage::new().await;
    let nowhere = format!("http://127.0.0.1:{}", free_port().unwrap());
    let without_storage = stage.worker("w1", How { storage: Some(nowhere), ..How::default() }).await;
    let id = stage.upload("read", QueueKind::Cpu).await;
    let given_back = async {
        while !events(&stage.view(id).await).contains(&"given_back") {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), given_back).await.unwrap();
    without_storage.worker.stop.draining.cancel();
    let nowhere = format!("redis://127.0.0.1:{}", free_port().unwrap());
    let _without_redis = stage.worker("w2", How { redis: Some(nowhere), ..How::default() }).await;
    let view = stage.until(id, DocumentStatus::OcrCompleted).await;
    assert_eq!(failures(&view), (None, 0));
    stage.until_empty(QueueKind::Cpu).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn work_given_back_is_visible_at_once_and_costs_nothing() {
    let stage = Stage::new().await;
    let first = stage.worker("w1", How::default()).await;
    let marks = tempfile::tempdir().unwrap();
    let id = stage.upload(&format!("hang-once {}", marks.path().join("m").display()), QueueKind::Cpu).await;
    first.until_busy(1).await;
    while !marks.path().join("m").exists() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    first.worker.stop.draining.cancel();
    first.worker.stop.give_back.cancel();
    // A poll of the same worker that still waits may get the message once more; it shows it again as quickly.
    let shown = async {
        loop {
            let there = stage.queues.get(QueueKind::Cpu).attributes().await.unwrap();
            if (there.visible, there.in_flight, first.worker.status.in_flight()) == (1, 0, 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), shown).await.unwrap();
    let _second = stage.worker("w2", How::default()).await;
    let view = stage.until(id, DocumentStatus::OcrCompleted).await;
    assert_eq!(failures(&view), (None, 0));
    assert!(events(&view).contains(&"given_back"));
}

#[tokio::test(flavor = "multi_thread")]
async fn inv_3_a_worker_without_its_lease_writes_nothing() {
    let stage = Stage::new().await;
    let zombie = stage.worker("zombie", How { lease_s: 6, ..How::default() }).await;
    let id = stage.upload("hang", QueueKind::Cpu).await;
    zombie.until_busy(1).await;
    // As if the zombie had been asleep for longer than its lease: somebody else claims, with a clock that says so.
    let origin = Origin { actor: Actor::Worker("other".to_owned()), correlation_id: correlation() };
    let backoff = Backoff { base: TimeDelta::zero(), cap: TimeDelta::zero() };
    let policy = RetryPolicy { max_attempts: 3, cpu_fallback: false, backoff };
    let request = || ClaimRequest {
        document: id,
        worker: "other",
        serves: QueueKind::Cpu,
        lease_s: 60,
        policy: &policy,
        random: 0.0,
    };
    let later = Utc::now() + TimeDelta::seconds(30);
    let mut claim = stage.store.claim(request(), &origin, later).await.unwrap();
    if let Claim::Not(_) = claim {
        // The lost lease was counted as an attempt first; the pause after it is over a moment later.
        claim = stage.store.claim(request(), &origin, later + TimeDelta::seconds(60)).await.unwrap();
    }
    let Claim::Claimed(claimed) = claim else { panic!("{claim:?}") };
    let idle = async {
        while zombie.worker.status.in_flight() > 0 || zombie.worker.pool.busy() > 0 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), idle).await.unwrap();
    let reading = CardReading { text: "by the other".to_owned(), ..CardReading::default() };
    stage
        .store
        .commit_reading(&claimed.lease, &reading, &Default::default(), &origin, Utc::now())
        .await
        .unwrap();
    let view = stage.view(id).await;
    assert_eq!(view.summary.status, DocumentStatus::OcrCompleted);
    assert!(!events(&view).contains(&"given_back"), "{:?}", events(&view));
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_are_renewed_while_work_goes_on() {
    let stage = Stage::new().await;
    let how = How { lease_s: 2, read_limit: Duration::from_secs(6), ..How::default() };
    let slow = stage.worker("slow", how.clone()).await;
    let _rival = stage.worker("rival", how).await;
    let marks = tempfile::tempdir().unwrap();
    let id = stage.upload(&format!("hang-once {}", marks.path().join("m").display()), QueueKind::Cpu).await;
    let _ = slow;
    // Six seconds are three leases: only the deadline ends the work, and nobody counts a loss.
    let view = stage.until(id, DocumentStatus::OcrCompleted).await;
    assert_eq!(failures(&view), (Some(ReasonCode::ReaderExhausted), 1));
}

/// INV-3 does not need clocks, but attempts are counted by them: a clock that is ahead takes leases for over.
#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_clock_is_off_takes_nobodys_lease() {
    let stage = Stage::new().await;
    let id = stage.upload_silently(b"read", QueueKind::Cpu).await;
    let policy = RetryPolicy {
        max_attempts: 3,
        cpu_fallback: true,
        backoff: Backoff { base: TimeDelta::seconds(1), cap: TimeDelta::seconds(1) },
    };
    let claim = async |worker: &str, clock: &Clock| {
        let origin = Origin { actor: Actor::Worker(worker.to_owned()), correlation_id: correlation() };
        let request = ClaimRequest {
            document: id,
            worker,
            serves: QueueKind::Cpu,
            lease_s: 120,
            policy: &policy,
            random: 0.0,
        };
        stage.store.claim(request, &origin, clock.now()).await.unwrap()
    };
    // Both are an hour off, one each way, and have compared their clocks with the database's.
    let (behind, ahead) =
        (Clock::new(|| Utc::now() - TimeDelta::hours(1)), Clock::new(|| Utc::now() + TimeDelta::hours(1)));
    for (clock, sign) in [(&behind, 1), (&ahead, -1)] {
        let offset = clock.measure(&stage.store).await.unwrap();
        assert!((offset * sign - TimeDelta::hours(1)).abs() < TimeDelta::minutes(1), "{offset}");
    }
    assert!(matches!(claim("behind", &behind).await, Claim::Claimed(_)));
    let second = claim("ahead", &ahead).await;
    assert!(matches!(second, Claim::Not(NotClaimable::HeldUntil(_))), "{second:?}");
    // Without the comparison the lease would be lost.
    let blind = claim("blind", &Clock::new(|| Utc::now() + TimeDelta::hours(1))).await;
    assert!(matches!(blind, Claim::Claimed(_)), "{blind:?}");
}
