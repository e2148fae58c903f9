use http::StatusCode;

use super::*;
use crate::reply::Answer;

fn request() -> Request {
    let mut request = Request::new(Body::Empty);
    request.headers_mut().insert("x-correlation-id", HeaderValue::from_static("test-correlation"));
    request.headers_mut().insert("origin", HeaderValue::from_static("https://app.filot.me"));
    request
}

async fn answer(answer: Answer) -> (StatusCode, HeaderMap, String) {
    let answered = Answered { limit_headers: HeaderMap::new(), answer };
    let origins = ["https://app.filot.me".to_owned()];
    let response = respond(request(), &origins, |_| Box::pin(async { answered })).await;
    let (parts, body) = response.into_parts();
    (parts.status, parts.headers, String::from_utf8(body.as_ref().to_vec()).unwrap())
}

#[tokio::test]
async fn an_answer_carries_what_every_answer_carries() {
    let (status, headers, body) = answer(Reply::created(&serde_json::json!({"a": 1}))).await;
    assert_eq!((status, body.as_str()), (StatusCode::CREATED, r#"{"a":1}"#));
    assert_eq!(headers["content-type"], "application/json");
    assert_eq!(headers["x-correlation-id"], "test-correlation");
    assert_eq!(headers["access-control-allow-origin"], "https://app.filot.me");
    assert_eq!(headers["x-content-type-options"], "nosniff");
}

#[tokio::test]
async fn an_error_is_a_problem() {
    let (status, headers, body) = answer(Err(AppError::unauthenticated("somebody guessed"))).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(headers["content-type"], "application/problem+json");
    assert_eq!(headers["www-authenticate"], "Bearer");
    assert_eq!(headers["x-correlation-id"], "test-correlation");
    assert!(headers.contains_key("content-security-policy"));
    assert!(body.contains(r#""code":"unauthenticated""#) && !body.contains("guessed"));

    let (status, headers, _) = answer(Err(AppError::unavailable("the database is away"))).await;
    assert_eq!((status, headers["retry-after"].to_str().unwrap()), (StatusCode::SERVICE_UNAVAILABLE, "5"));
}

#[tokio::test]
async fn inv_8_a_panic_is_an_answer() {
    let response = respond(request(), &[], |_| Box::pin(async { panic!("nik 3174095203900001") })).await;
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let body = String::from_utf8(response.body().as_ref().to_vec()).unwrap();
    assert!(body.contains(r#""code":"internal""#) && !body.contains("3174"));
}
