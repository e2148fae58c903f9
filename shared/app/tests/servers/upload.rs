//! INV-1: what is answered with success stays; what is not leaves nothing behind.

use bytes::Bytes;
use chrono::TimeDelta;
use filot_app::document_dto::DocumentDto;
use filot_app::error_code::ErrorCode;
use filot_app::process::process;
use filot_app::sweep::{SweepReport, Sweeper, sweep};
use filot_app::upload::{UploadRequest, UploadedFile, upload};
use filot_cloud::{Functions, Objects, ObjectsConfig, OcrQueues, Queue};
use filot_domain::DocumentStatus;
use filot_platform::Secret;
use filot_platform::config::Retention;
use filot_store::{Store, UserLimits, seed};
use filot_testkit::{Aws, aws};

use crate::requests::{caller, task, user};
use crate::{after, database, now};

/// A picture of one pixel.
pub(crate) const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 0, 0, 0, 0, 0x3a, 0x7e, 0x9b, 0x55, 0, 0, 0, 10, b'I', b'D', b'A', b'T', 0x78, 0x9c, 0x63, 0x68, 0,
    0, 0, 0x82, 0, 0x81, 0x77, 0xcd, 0x72, 0xb6, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82,
];

fn request(key: Option<&str>) -> UploadRequest {
    UploadRequest {
        document_type: Some("KTP".to_owned()),
        file: Some(UploadedFile { bytes: Bytes::from_static(PNG), content_type: None }),
        idempotency_key: key.map(str::to_owned),
    }
}

/// A document that was uploaded.
pub(crate) async fn uploaded(
    store: &Store,
    objects: &Objects,
    queues: &OcrQueues,
    key: Option<&str>,
) -> DocumentDto {
    let sent = upload(store, objects, queues, &UserLimits::NONE, &user(now()), request(key)).await;
    sent.unwrap().document
}

pub(crate) fn objects(endpoint: &str, bucket: String) -> Objects {
    Objects::new(ObjectsConfig {
        endpoint: endpoint.to_owned(),
        access_key_id: aws::CREDENTIAL.to_owned(),
        secret_access_key: Secret::from(aws::CREDENTIAL.to_owned()),
        bucket,
        region: aws::REGION.to_owned(),
    })
}

pub(crate) async fn queues(aws: &Aws, cpu_url: String) -> OcrQueues {
    let sdk = aws.sdk_config().await;
    let gpu = Queue::new(&sdk, cpu_url.clone());
    OcrQueues { gpu, cpu: Queue::new(&sdk, cpu_url), gpu_enabled: false }
}

pub(crate) async fn run_sweeper_that_keeps(
    retention: &Retention,
    store: &Store,
    objects: &Objects,
    queues: &OcrQueues,
    aws: &Aws,
    at: TimeDelta,
) -> SweepReport {
    let functions = Functions::new(&aws.sdk_config().await);
    let sweeper =
        Sweeper { store, objects, queues, cache: None, functions: &functions, scoring: "scoring", retention };
    sweep(&sweeper, &task("sweeper", after(at)), move || after(at)).await.unwrap()
}

pub(crate) async fn run_sweeper(
    store: &Store,
    objects: &Objects,
    queues: &OcrQueues,
    aws: &Aws,
    at: TimeDelta,
) -> SweepReport {
    run_sweeper_that_keeps(&Retention::default(), store, objects, queues, aws, at).await
}

#[tokio::test]
async fn inv_1_a_queue_that_is_away_loses_no_document() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let objects = objects(aws.url(), aws.bucket().await.unwrap());
    let url = aws.queue().await.unwrap();
    let nowhere = queues(&aws, format!("{url}-that-is-not-there")).await;

    let uploaded = upload(&store, &objects, &nowhere, &UserLimits::NONE, &user(now()), request(Some("once")))
        .await
        .unwrap();
    assert_eq!(uploaded.document.status, DocumentStatus::Uploaded);
    let again = upload(&store, &objects, &nowhere, &UserLimits::NONE, &user(now()), request(Some("once")))
        .await
        .unwrap();
    assert_eq!(again.document.id, uploaded.document.id, "the same key is the same upload");
    let key = format!("documents/{}/{}", caller().user_id, uploaded.document.id);
    assert_eq!(&objects.get(&key, 4096).await.unwrap()[..], PNG);

    let there = queues(&aws, url).await;
    let early = run_sweeper(&store, &objects, &there, &aws, TimeDelta::seconds(10)).await;
    assert_eq!(early.requeued, 0, "the uploader may still be sending");
    let report = run_sweeper(&store, &objects, &there, &aws, TimeDelta::minutes(1)).await;
    assert_eq!((report.requeued, report.backlogged), (1, 0));
    let messages = there.cpu.receive(10, 2, 30).await.unwrap();
    let hint = messages.first().and_then(|message| message.hint.clone()).unwrap();
    assert_eq!((messages.len(), hint.document_id), (1, uploaded.document.id));
    let after_that = run_sweeper(&store, &objects, &there, &aws, TimeDelta::minutes(2)).await;
    assert_eq!(after_that.requeued, 0, "one message is enough");
}

/// INV-1
#[tokio::test]
async fn an_upload_that_storage_refused_may_be_sent_again_at_once() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let queues = queues(&aws, aws.queue().await.unwrap()).await;
    let nowhere = objects("http://127.0.0.1:9", "filot".to_owned());
    let there = objects(aws.url(), aws.bucket().await.unwrap());
    let send = async |objects: &Objects| {
        upload(&store, objects, &queues, &UserLimits::NONE, &user(now()), request(Some("once"))).await
    };
    assert_eq!(send(&nowhere).await.unwrap_err().code, ErrorCode::Unavailable);
    assert_eq!(send(&there).await.unwrap().document.status, DocumentStatus::Uploaded);
}

#[tokio::test]
async fn a_user_at_a_limit_is_told_which_before_anything_is_stored() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let queues = queues(&aws, aws.queue().await.unwrap()).await;
    let nowhere = objects("http://127.0.0.1:9", "filot".to_owned());
    let roomy = UserLimits { in_flight: 1000, per_day: 1000, storage_bytes: 1 << 30 };
    let refused = async |limits: UserLimits| {
        upload(&store, &nowhere, &queues, &limits, &user(now()), request(None)).await.unwrap_err()
    };
    let in_flight = refused(UserLimits { in_flight: 0, ..roomy }).await;
    assert_eq!((in_flight.code, in_flight.retry_after_s), (ErrorCode::DocumentsInFlight, Some(10)));
    let today = refused(UserLimits { per_day: 0, ..roomy }).await;
    assert_eq!(today.code, ErrorCode::DailyQuotaReached);
    assert!(today.retry_after_s.is_some_and(|seconds| (1..=86_401).contains(&seconds)), "{today:?}");
    let storage = refused(UserLimits { storage_bytes: 0, ..roomy }).await;
    assert_eq!((storage.code, storage.retry_after_s), (ErrorCode::StorageFull, None));
    assert_eq!(refused(roomy).await.code, ErrorCode::Unavailable, "within them, storage is asked");

    let limits = UserLimits { per_day: 0, ..roomy };
    let tried = process(&store, &queues, &limits, &user(now()), seed::FAILED).await;
    assert_eq!(tried.unwrap_err().code, ErrorCode::DailyQuotaReached);
}

#[tokio::test]
async fn inv_1_an_unfinished_upload_is_removed_and_never_shown() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let queues = queues(&aws, aws.queue().await.unwrap()).await;
    let nowhere = objects("http://127.0.0.1:9", "filot".to_owned());
    // Given up after twenty minutes, which is now: the time of that event is the database's.
    let begun = user(after(TimeDelta::minutes(-20)));
    let refused = upload(&store, &nowhere, &queues, &UserLimits::NONE, &begun, request(None)).await;
    assert_eq!(refused.unwrap_err().code, ErrorCode::Unavailable);

    let objects = objects(aws.url(), aws.bucket().await.unwrap());
    let early = run_sweeper(&store, &objects, &queues, &aws, TimeDelta::minutes(-10)).await;
    assert_eq!(early.removed, 0, "it may still finish");
    let report = run_sweeper(&store, &objects, &queues, &aws, TimeDelta::zero()).await;
    assert_eq!((report.removed, report.requeued), (0, 0), "a retry under its key may still be storing it");
    let report = run_sweeper(&store, &objects, &queues, &aws, TimeDelta::minutes(40)).await;
    assert_eq!((report.removed, report.requeued), (1, 0));
    let again = run_sweeper(&store, &objects, &queues, &aws, TimeDelta::hours(2)).await;
    assert_eq!(again.removed, 0);
}
