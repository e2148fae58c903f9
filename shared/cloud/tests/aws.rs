//! Against the AWS stand-in: objects, queues, and a Lambda service that answers as the Invoke API does.

#![expect(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use axum::extract::Path;
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use filot_cloud::{CloudError, Functions, Objects, ObjectsConfig, OcrMessage, Queue};
use filot_platform::Secret;
use filot_testkit::Aws;
use filot_testkit::aws::REGION;
use serde_json::{Value, json};

fn objects(aws: &Aws, bucket: String) -> Objects {
    Objects::new(ObjectsConfig {
        endpoint: aws.url().to_owned(),
        access_key_id: "test".to_owned(),
        secret_access_key: Secret::from("test".to_owned()),
        bucket,
        region: REGION.to_owned(),
    })
}

#[tokio::test]
async fn an_object_is_stored_fetched_linked_and_removed() {
    let aws = Aws::start().unwrap();
    let objects = objects(&aws, aws.bucket().await.unwrap());
    let content = Bytes::from(vec![7_u8; 100_000]);
    objects.put("documents/a/b", content.clone(), "image/jpeg").await.unwrap();
    assert_eq!(objects.head("documents/a/b").await.unwrap().bytes, 100_000);
    assert_eq!(objects.get("documents/a/b", 100_000).await.unwrap(), content);
    let refused = objects.get("documents/a/b", 99_999).await.unwrap_err();
    assert!(matches!(refused, CloudError::TooLarge { .. }), "{refused:?}");

    let link = objects.presign_get("documents/a/b", Duration::from_secs(60)).await.unwrap();
    let answer = reqwest::get(link.expose()).await.unwrap();
    assert_eq!(answer.bytes().await.unwrap(), content);
    let forged = link.expose().replace("/b?", "/c?");
    assert_eq!(reqwest::get(forged).await.unwrap().status(), 403);

    objects.delete("documents/a/b").await.unwrap();
    objects.delete("documents/a/b").await.unwrap();
    assert!(objects.get("documents/a/b", 10).await.unwrap_err().is_missing());
    assert!(objects.head("documents/a/b").await.unwrap_err().is_missing());
}

#[tokio::test]
async fn an_outage_or_a_missing_bucket_is_no_missing_file() {
    let aws = Aws::start().unwrap();
    let no_bucket = objects(&aws, "filot-never-made".to_owned());
    let error = no_bucket.get("x", 10).await.unwrap_err();
    assert!(!error.is_retryable() || !error.is_missing(), "{error:?}");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    let away = Objects::new(ObjectsConfig {
        endpoint: format!("http://{free}"),
        access_key_id: "test".to_owned(),
        secret_access_key: Secret::from("test".to_owned()),
        bucket: "b".to_owned(),
        region: REGION.to_owned(),
    });
    let error = away.get("x", 10).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert!(!error.to_string().contains(&free.to_string()), "INV-7: the error names the endpoint");
}

fn message() -> OcrMessage {
    OcrMessage {
        document_id: "00000000-0000-7000-8000-000000000101".parse().unwrap(),
        correlation_id: "correlation-1".parse().unwrap(),
        enqueued_at: "2026-11-20T12:00:00Z".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_message_is_hidden_shown_again_and_deleted() {
    let aws = Aws::start().unwrap();
    let queue = Queue::new(&aws.sdk_config().await, aws.queue().await.unwrap());
    queue.send(&message()).await.unwrap();
    assert_eq!(queue.attributes().await.unwrap().visible, 1);

    let held = queue.receive(10, 1, 60).await.unwrap().remove(0);
    assert_eq!(held.hint.as_ref(), Some(&message()));
    assert_eq!(held.deliveries, 1);
    assert!(queue.receive(10, 0, 60).await.unwrap().is_empty());
    assert_eq!(queue.attributes().await.unwrap().in_flight, 1);

    queue.change_visibility(&held.receipt, 0).await.unwrap();
    let again = queue.receive(10, 5, 60).await.unwrap().remove(0);
    assert_eq!(again.deliveries, 2);
    queue.delete(&again.receipt).await.unwrap();
    let left = queue.attributes().await.unwrap();
    assert_eq!((left.visible, left.in_flight), (0, 0));
}

#[tokio::test]
async fn a_message_that_nobody_can_parse_is_still_delivered() {
    let aws = Aws::start().unwrap();
    let url = aws.queue().await.unwrap();
    let sdk = aws.sdk_config().await;
    let raw = aws_sdk_sqs::Client::new(&sdk);
    raw.send_message().queue_url(&url).message_body("{\"documentId\": \"no\"}").send().await.unwrap();
    let received = Queue::new(&sdk, url).receive(1, 5, 60).await.unwrap().remove(0);
    assert_eq!(received.hint, None);
    assert!(!received.receipt.is_empty());
}

#[test]
fn the_message_has_the_agreed_form_and_no_identity_data() {
    let form = serde_json::to_value(message()).unwrap();
    assert_eq!(
        form,
        json!({
            "documentId": "00000000-0000-7000-8000-000000000101",
            "correlationId": "correlation-1",
            "enqueuedAt": "2026-11-20T12:00:00Z",
        })
    );
}

/// The Invoke API, as AWS documents it.
async fn invoke_api(Path(function): Path<String>, headers: HeaderMap, body: Bytes) -> impl IntoResponse {
    let kind = headers.get("x-amz-invocation-type").map_or("", |kind| kind.to_str().unwrap());
    match (function.as_str(), kind) {
        ("scoring", "Event") => (axum::http::StatusCode::ACCEPTED, "").into_response(),
        ("scoring", _) => {
            // The SDK sends the payload as bytes, whatever is in it.
            let payload: Value = serde_json::from_slice(&body).unwrap();
            Json(json!({"echo": payload})).into_response()
        }
        ("broken", _) => ([("x-amz-function-error", "Unhandled")], "{}").into_response(),
        ("garbled", _) => "not json".into_response(),
        _ => {
            let kind = [("x-amzn-errortype", "ResourceNotFoundException")];
            (axum::http::StatusCode::NOT_FOUND, kind, "{}").into_response()
        }
    }
}

#[tokio::test]
async fn functions_are_invoked_and_their_failures_are_not_answers() {
    let router = Router::new().route("/2015-03-31/functions/{name}/invocations", post(invoke_api));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    let aws = Aws::start().unwrap();
    let sdk = aws.sdk_config().await.into_builder().endpoint_url(format!("http://{address}")).build();
    let functions = Functions::new(&sdk);

    let answer: Value = functions.invoke("scoring", &json!({"documentId": "d"})).await.unwrap();
    assert_eq!(answer, json!({"echo": {"documentId": "d"}}));
    functions.invoke_event("scoring", &json!({})).await.unwrap();
    let failed = functions.invoke::<Value>("broken", &json!({})).await.unwrap_err();
    assert_eq!(failed, CloudError::Function { kind: "Unhandled".to_owned() });
    assert!(failed.is_retryable());
    let garbled = functions.invoke::<Value>("garbled", &json!({})).await.unwrap_err();
    assert!(matches!(garbled, CloudError::Form { .. }), "{garbled:?}");
    let unknown = functions.invoke::<Value>("unknown", &json!({})).await.unwrap_err();
    assert!(!unknown.is_retryable(), "{unknown:?}");
}
