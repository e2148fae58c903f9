//! Erasure, seen whole: the row at once, the object and the reviewer's task again and again until they are gone.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use chrono::TimeDelta;
use filot_app::delete_document::delete_document;
use filot_app::document_dto::Numbers;
use filot_app::error_code::ErrorCode;
use filot_app::get_document::get_document;
use filot_app::get_review::get_review;
use filot_app::orchestrator::{Buli2, CancelOutcome, Orchestrator, SubmitOutcome};
use filot_app::review_callback::review_callback;
use filot_app::review_file::review_file;
use filot_app::review_outbox::{OutboxReport, review_outbox};
use filot_buli2::{Client, ClientConfig};
use filot_domain::breaker::BreakerPolicy;
use filot_domain::lifecycle::ReviewStatus;
use filot_domain::{DocumentId, DocumentStatus};
use filot_platform::config::Retention;
use filot_store::{CancelState, Store, seed};
use filot_testkit::{Aws, TestDb};
use serde_json::{Value, json};

use crate::dispatch::{Reviewer, dispatch, queue_a_review};
use crate::requests::{caller, reviewer, service, user};
use crate::upload::{PNG, objects, queues, run_sweeper, run_sweeper_that_keeps, uploaded};
use crate::{after, correlation_id, database, now};

async fn delete(store: &Store, id: DocumentId) {
    delete_document(store, &user(now()), id).await.unwrap();
}

async fn erasure(database: &TestDb, id: DocumentId) -> (String, Option<String>) {
    let sql = "SELECT e.state, d.object_key FROM erasures e JOIN documents d ON d.id = e.document_id \
               WHERE d.id = $1";
    let row = database.owner().await.unwrap().query_one(sql, &[&id.as_uuid()]).await.unwrap();
    (row.get(0), row.get(1))
}

fn done() -> (String, Option<String>) {
    ("done".to_owned(), None)
}

#[tokio::test]
async fn an_erased_file_is_gone_once_storage_is_back() {
    let (database, store) = database().await;
    let aws = Aws::start().unwrap();
    let there = objects(aws.url(), aws.bucket().await.unwrap());
    let away = objects("http://127.0.0.1:9", "filot".to_owned());
    let queues = queues(&aws, aws.queue().await.unwrap()).await;
    let id = uploaded(&store, &there, &queues, Some("key")).await.id;
    let key = format!("documents/{}/{id}", caller().user_id);

    delete(&store, id).await;
    assert_eq!(
        get_document(&store, &user(now()), id, Numbers::Shown).await.err().unwrap().code,
        ErrorCode::NotFound
    );
    let again = delete_document(&store, &user(now()), id).await;
    assert_eq!(again.unwrap_err().code, ErrorCode::NotFound);
    there.get(&key, 4096).await.unwrap();
    let report = run_sweeper(&store, &away, &queues, &aws, TimeDelta::zero()).await;
    assert_eq!((report.erased, report.failed, report.requeued), (0, 1, 0));
    let report = run_sweeper(&store, &there, &queues, &aws, TimeDelta::seconds(59)).await;
    assert_eq!((report.erased, report.failed), (0, 0), "it backs off");
    let report = run_sweeper(&store, &there, &queues, &aws, TimeDelta::seconds(60)).await;
    assert_eq!(report.erased, 0);
    assert!(there.get(&key, 4096).await.is_err(), "the object is gone");
    // As long as another try of the upload may be alive, it is deleted again.
    there.put(&key, Bytes::from_static(PNG), "image/png").await.unwrap();
    let report = run_sweeper(&store, &there, &queues, &aws, TimeDelta::minutes(6)).await;
    assert_eq!(report.erased, 1);
    assert!(there.get(&key, 4096).await.is_err(), "for good");
    assert_eq!(erasure(&database, id).await, done());
    let report = run_sweeper(&store, &there, &queues, &aws, TimeDelta::hours(9)).await;
    assert_eq!((report.erased, report.removed), (0, 0), "once");

    // The key of the erased upload is free: nobody is answered with a document that is gone.
    let anew = uploaded(&store, &there, &queues, Some("key")).await;
    assert!(anew.id != id && anew.status == DocumentStatus::Uploaded);
}

#[tokio::test]
async fn inv_5_an_erased_review_is_cancelled_at_the_reviewer() {
    let (database, store) = database().await;
    let aws = Aws::start().unwrap();
    let objects = objects(aws.url(), aws.bucket().await.unwrap());
    let queues = queues(&aws, aws.queue().await.unwrap()).await;
    let (id, policy) = (seed::IN_REVIEW, BreakerPolicy { failure_threshold: 9, ..BreakerPolicy::default() });
    delete(&store, id).await;
    let report = run_sweeper(&store, &objects, &queues, &aws, TimeDelta::minutes(6)).await;
    assert_eq!(report.erased, 0, "the object is gone, the task is not");
    let file = review_file(&store, &objects, &service(now()), seed::REVIEW).await;
    assert_eq!(file.err().unwrap().code, ErrorCode::NotFound, "the reviewer sees nothing any more");

    let unreachable = CancelOutcome::Unreachable { retry_after: None, why: "http_503".to_owned() };
    let refused = CancelOutcome::Refused { why: "http_401".to_owned() };
    let desk = Reviewer::who_cancels([unreachable, refused, CancelOutcome::Gone]);
    let deferred = OutboxReport { cancels_deferred: 1, ..OutboxReport::default() };
    assert_eq!(dispatch(&store, &desk, &policy, now()).await, deferred);
    assert_eq!(dispatch(&store, &desk, &policy, now()).await, OutboxReport::default(), "it backs off");
    assert_eq!(dispatch(&store, &desk, &policy, after(TimeDelta::hours(1))).await, deferred);
    assert_eq!(
        get_review(&store, &service(now()), seed::REVIEW).await.unwrap().cancellation,
        Some(CancelState::Due)
    );
    let report = dispatch(&store, &desk, &policy, after(TimeDelta::hours(8))).await;
    assert_eq!(report, OutboxReport { cancelled: 1, ..OutboxReport::default() });
    assert_eq!(erasure(&database, id).await, done());
    let review = get_review(&store, &service(now()), seed::REVIEW).await.unwrap();
    assert_eq!((review.status, review.cancellation), (ReviewStatus::Cancelled, Some(CancelState::Done)));
    let report = dispatch(&store, &desk, &policy, after(TimeDelta::days(9))).await;
    assert_eq!((report, desk.asked()), (OutboxReport::default(), 3), "once told is enough");

    // BULI2's reviewer may have decided meanwhile: that is no error, and no effect.
    for decision in ["approved", "rejected", "approved"] {
        let said = serde_json::from_value(json!({"taskId": seed::TASK_ID, "decision": decision})).unwrap();
        let answer = review_callback(&store, &reviewer(now()), None, said).await.unwrap();
        assert_eq!((answer.document_id, answer.applied, answer.decision), (id, false, None));
    }
}

#[tokio::test]
async fn an_open_breaker_holds_cancellations_back_too() {
    let (_database, store) = database().await;
    delete(&store, seed::IN_REVIEW).await;
    let policy = BreakerPolicy { failure_threshold: 1, cooldown: TimeDelta::days(1) };
    store.breaker_record("buli2", &policy, false, now()).await.unwrap();
    let desk = Reviewer::who_cancels([CancelOutcome::Gone]);
    let report = dispatch(&store, &desk, &policy, now()).await;
    assert_eq!((report.cancels_deferred, desk.asked()), (1, 0));
    let report = dispatch(&store, &desk, &policy, after(TimeDelta::days(1))).await;
    assert_eq!((report.cancelled, desk.asked()), (1, 1));
}

/// BULI2 over HTTP: one task per review, however often it is sent.
#[derive(Default)]
struct Desk {
    sent: Vec<Value>,
    tasks: BTreeMap<String, &'static str>,
    /// Takes reviews and answers nothing that could be understood.
    is_garbled: bool,
}

type Shared = Arc<Mutex<Desk>>;

async fn submit(State(desk): State<Shared>, Json(body): Json<Value>) -> (StatusCode, Json<Value>) {
    let mut desk = desk.lock().unwrap();
    let task = format!("task-of-{}", body["reviewId"].as_str().unwrap());
    desk.sent.push(body);
    desk.tasks.entry(task.clone()).or_insert("pending");
    let status = if desk.is_garbled { StatusCode::BAD_GATEWAY } else { StatusCode::CREATED };
    (status, Json(json!({"taskId": task, "status": "pending"})))
}

async fn cancel(State(desk): State<Shared>, Path(task): Path<String>) -> (StatusCode, Json<Value>) {
    match desk.lock().unwrap().tasks.get_mut(&task) {
        Some(status) if *status == "pending" => {
            *status = "cancelled";
            (StatusCode::OK, Json(json!({"status": "cancelled"})))
        }
        Some(_) => (StatusCode::CONFLICT, Json(json!({}))),
        None => (StatusCode::NOT_FOUND, Json(json!({}))),
    }
}

async fn desk() -> (Shared, Buli2) {
    let desk = Shared::default();
    let router = Router::new()
        .route("/internal/reviews", post(submit))
        .route("/internal/reviews/{task}/cancel", post(cancel))
        .with_state(Arc::clone(&desk));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let timeout = Duration::from_secs(10);
    let client = Client::new(ClientConfig { api_url, api_key: "key".to_owned(), timeout });
    (desk, Buli2::new(client, "http://callback"))
}

async fn run(store: &Store, buli2: &Buli2, at: TimeDelta) -> OutboxReport {
    let policy = BreakerPolicy::default();
    let clock = move || after(at);
    review_outbox(store, buli2, "test", &policy, clock).await.unwrap()
}

#[tokio::test]
async fn a_review_acknowledged_after_the_erasure_is_cancelled() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    let (desk, buli2) = desk().await;
    // A dispatcher has sent it and is about to hear so when the owner erases the document.
    let due = store.take_due_dispatches("other", 5, 60, now()).await.unwrap().remove(0);
    let payload = store.load_dispatch(&due.lease, now()).await.unwrap();
    let SubmitOutcome::Accepted { task_id } = buli2.submit(payload, now()).await else { panic!("not taken") };
    delete(&store, seed::READ).await;
    assert!(store.acknowledge_dispatch(&due.lease, &task_id, now()).await.is_err());
    let report = run(&store, &buli2, TimeDelta::zero()).await;
    assert_eq!(report, OutboxReport { cancelled: 1, ..OutboxReport::default() });
    let desk = desk.lock().unwrap();
    assert_eq!((desk.tasks[&task_id], desk.sent.len()), ("cancelled", 1));
}

#[tokio::test]
async fn inv_7_a_lost_task_id_is_asked_for_without_personal_data() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    let (desk, buli2) = desk().await;
    desk.lock().unwrap().is_garbled = true;
    assert_eq!(run(&store, &buli2, TimeDelta::zero()).await.deferred, 1, "BULI2 has it, and we do not know");
    desk.lock().unwrap().is_garbled = false;
    delete(&store, seed::READ).await;
    let found = run(&store, &buli2, TimeDelta::seconds(1)).await;
    assert_eq!(found, OutboxReport { cancels_deferred: 1, ..OutboxReport::default() });
    let cancelled = run(&store, &buli2, TimeDelta::seconds(2)).await;
    assert_eq!(cancelled, OutboxReport { cancelled: 1, ..OutboxReport::default() });
    let desk = desk.lock().unwrap();
    assert_eq!(
        desk.tasks.values().copied().collect::<Vec<_>>(),
        ["cancelled"],
        "one task, and it is cancelled"
    );
    let asked = desk.sent.last().unwrap();
    assert_eq!((&asked["parsedData"], &asked["ocrText"]), (&json!({}), &json!("")));
    assert_eq!(asked["reviewId"], desk.sent[0]["reviewId"]);
    assert!(desk.sent[0]["ocrText"].as_str().is_some_and(|text| !text.is_empty()));
}

#[tokio::test]
async fn a_task_that_buli2_has_finished_or_forgotten_is_cancelled() {
    let (_database, store) = database().await;
    let (desk, buli2) = desk().await;
    desk.lock().unwrap().tasks.insert(seed::TASK_ID.to_owned(), "approved");
    delete(&store, seed::IN_REVIEW).await;
    assert_eq!(run(&store, &buli2, TimeDelta::zero()).await.cancelled, 1, "409: it is decided there");
    let forgotten = filot_store::DueCancel {
        review: seed::REVIEW,
        task_id: Some("of another time".to_owned()),
        document: seed::IN_REVIEW,
        user_id: seed::USER,
        document_type: filot_domain::DocumentType::Ktp,
        score: 60,
        decision: filot_domain::Decision::NeedsReview,
        attempts: 0,
        correlation_id: correlation_id(),
    };
    assert_eq!(buli2.cancel(forgotten, now()).await, CancelOutcome::Gone, "404: it is not there");
}

#[tokio::test]
async fn old_documents_are_erased_unless_a_legal_hold_is_on() {
    let (database, store) = database().await;
    let aws = Aws::start().unwrap();
    let objects = objects(aws.url(), aws.bucket().await.unwrap());
    let queues = queues(&aws, aws.queue().await.unwrap()).await;
    let sweep = async |retention: Retention, days: i64| {
        let at = TimeDelta::days(days);
        run_sweeper_that_keeps(&retention, &store, &objects, &queues, &aws, at).await
    };
    let month = Retention { completed_days: 30, failed_days: 7, legal_hold: false };
    assert_eq!(sweep(month, 7).await.retired, 0, "the last day is a day");
    assert_eq!(sweep(Retention::default(), 999).await.retired, 0, "nothing is configured");
    assert_eq!(sweep(Retention { legal_hold: true, ..month }, 999).await.retired, 0);
    let report = sweep(month, 8).await;
    assert_eq!((report.retired, report.erased), (1, 1), "what failed");
    assert_eq!(erasure(&database, seed::FAILED).await, done());
    let report = sweep(month, 31).await;
    assert_eq!((report.retired, report.erased), (2, 2), "what was decided");
    for id in [seed::COMPLETED, seed::REJECTED] {
        assert_eq!(erasure(&database, id).await, done());
    }
    assert_eq!(sweep(month, 999).await.retired, 0, "what awaits a machine or a human is not old");
    assert!(get_document(&store, &user(now()), seed::IN_REVIEW, Numbers::Shown).await.is_ok());
}
