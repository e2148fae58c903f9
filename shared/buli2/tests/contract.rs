//! The client against a server on loopback that speaks BULI2's contract, and breaks it.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use axum::extract::{Path, Request};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::{DateTime, TimeDelta, Utc};
use filot_buli2::{Client, ClientConfig, ReviewRequest, SubmitError, Submitted};
use filot_domain::{Decision, DocumentType, FieldName, ReasonCode};
use serde_json::{Value, json};

fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_790_000_000, 0).unwrap()
}

async fn serve(router: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("http://{address}")
}

fn client(api_url: String) -> Client {
    impatient(api_url, Duration::from_secs(10))
}

fn impatient(api_url: String, timeout: Duration) -> Client {
    Client::new(ClientConfig { api_url, api_key: "key-of-a-test".to_owned(), timeout })
}

fn request() -> ReviewRequest {
    ReviewRequest {
        review_id: "00000000-0000-7000-8000-000000000201".parse().unwrap(),
        document_id: "00000000-0000-7000-8000-000000000103".parse().unwrap(),
        user_id: "00000000-0000-7000-8000-000000000001".parse().unwrap(),
        document_type: DocumentType::Ktp,
        parsed_data: [(FieldName::Name, "SITI RAHAYU".to_owned())].into(),
        ocr_text: "NIK : 3273011234567890".to_owned(),
        score: 61,
        decision: Decision::NeedsReview,
        reasons: vec![ReasonCode::Blurred],
        callback_url: "https://callback.example/00000000-0000-7000-8000-000000000201".to_owned(),
        correlation_id: "correlation-1".parse().unwrap(),
    }
}

#[tokio::test]
async fn a_review_is_sent_as_the_contract_says() {
    let router = Router::new().route(
        "/internal/reviews",
        post(|headers: HeaderMap, Json(body): Json<Value>| async move {
            assert_eq!(headers["authorization"], "Bearer key-of-a-test");
            assert_eq!(headers["x-correlation-id"], "correlation-1");
            let mut keys: Vec<_> = body.as_object().unwrap().keys().map(String::as_str).collect();
            keys.sort_unstable();
            let expected = [
                "callbackUrl",
                "correlationId",
                "decision",
                "documentId",
                "documentType",
                "ocrText",
                "parsedData",
                "reasons",
                "reviewId",
                "score",
                "userId",
            ];
            assert_eq!(keys, expected);
            assert_eq!(body["parsedData"], json!({"name": "SITI RAHAYU"}));
            assert_eq!(body["decision"], "needs_review");
            (StatusCode::ACCEPTED, Json(json!({"taskId": "T-1", "status": "queued", "more": true})))
        }),
    );
    let submitted = client(serve(router).await).submit(&request(), now()).await.unwrap();
    assert_eq!(submitted, Submitted { task_id: "T-1".to_owned(), status: "queued".to_owned() });
}

/// What the client makes of one answer.
async fn outcome_of(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> SubmitError {
    let router = Router::new().fallback(move |_: Request| {
        let answer = answer.clone();
        async move { answer.into_response() }
    });
    client(serve(router).await).submit(&request(), now()).await.unwrap_err()
}

#[tokio::test]
async fn answers_are_sorted_into_later_and_never() {
    for status in [429_u16, 500, 502, 503, 504] {
        let error = outcome_of(StatusCode::from_u16(status).unwrap()).await;
        assert!(error.is_retryable(), "{status}: {error:?}");
        assert_eq!(error.code(), format!("http_{status}"));
    }
    for status in [400_u16, 401, 403, 404, 408, 409, 413, 422] {
        let error = outcome_of(StatusCode::from_u16(status).unwrap()).await;
        assert_eq!(error, SubmitError::Refused { status });
        assert!(!error.is_retryable());
    }
    let slow_down = outcome_of((StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")])).await;
    assert_eq!(slow_down.retry_after(), Some(TimeDelta::seconds(7)));
    // Redirects are not followed: the key would go with them.
    let moved = outcome_of((StatusCode::FOUND, [("location", "http://127.0.0.1:1/elsewhere")])).await;
    assert_eq!(moved, SubmitError::Refused { status: 302 });
    assert_eq!(outcome_of("not json").await, SubmitError::Garbled);
    assert_eq!(outcome_of(Json(json!({"taskId": ""}))).await, SubmitError::Garbled);
    assert_eq!(outcome_of(Json(json!({"taskId": "x".repeat(201)}))).await, SubmitError::Garbled);
    assert_eq!(outcome_of("x".repeat(100_000)).await, SubmitError::Garbled);
    assert!(SubmitError::Garbled.is_retryable());
}

#[tokio::test]
async fn no_answer_is_retryable() {
    let router = Router::new().fallback(|| async {
        tokio::time::sleep(Duration::from_secs(30)).await;
        StatusCode::OK
    });
    let hung = impatient(serve(router).await, Duration::from_millis(500))
        .submit(&request(), now())
        .await
        .unwrap_err();
    assert_eq!(hung, SubmitError::Network("timeout"));
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap();
    drop(listener);
    let refused = client(format!("http://{free}")).submit(&request(), now()).await.unwrap_err();
    assert_eq!(refused, SubmitError::Network("connect"));
    assert!(hung.is_retryable() && refused.is_retryable());
}

#[tokio::test]
async fn status_and_cancel_name_the_task_as_one_path_segment() {
    let answer = |Path(task): Path<String>| async move {
        let response: Response = match task.as_str() {
            "T/1" => Json(json!({"status": "in_review"})).into_response(),
            "broken" => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
            _ => StatusCode::NOT_FOUND.into_response(),
        };
        response
    };
    let router = Router::new()
        .route("/internal/reviews/{task}/status", get(answer))
        .route("/internal/reviews/{task}/cancel", post(answer));
    let client = client(serve(router).await);
    assert_eq!(client.status("T/1", now()).await.unwrap().status, "in_review");
    assert_eq!(client.status("gone", now()).await.unwrap_err(), SubmitError::Refused { status: 404 });
    client.cancel("T/1", now()).await.unwrap();
    client.cancel("gone", now()).await.unwrap();
    assert!(client.cancel("broken", now()).await.unwrap_err().is_retryable());
}

#[test]
fn inv_7_debug_forms_show_no_identity_data() {
    let shown = format!("{:?}", request());
    assert!(!shown.contains("SITI") && !shown.contains("3273011234567890"), "{shown}");
    let client = client("http://127.0.0.1:1".to_owned());
    assert!(!format!("{client:?}").contains("key-of-a-test"));
}
