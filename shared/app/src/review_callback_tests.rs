use serde_json::{Value, json};
use uuid::Uuid;

use super::*;

fn review(n: u128) -> ReviewId {
    ReviewId::from_uuid(Uuid::from_u128(n))
}

fn request(body: Value) -> CallbackRequest {
    serde_json::from_value(body).unwrap()
}

fn fields(path: Option<ReviewId>, body: Value) -> Vec<&'static str> {
    validate(path, true, request(body))
        .map_or_else(|error| error.errors.iter().map(|e| e.field).collect(), |_| Vec::new())
}

#[test]
fn a_review_is_named_by_path_body_or_task() {
    let one = review(1);
    let by_path = validate(Some(one), true, request(json!({"decision": "approved", "later": true}))).unwrap();
    assert_eq!((by_path.review, by_path.decision), (Some(one), ReviewDecision::Approved));
    let by_body =
        validate(None, false, request(json!({"decision": "rejected", "reviewId": one.to_string()}))).unwrap();
    assert_eq!(by_body.review, Some(one));
    let by_task = validate(None, false, request(json!({"decision": "rejected", "taskId": "t-1"}))).unwrap();
    assert_eq!((by_task.review, by_task.task_id.as_deref()), (None, Some("t-1")));
    assert_eq!(fields(None, json!({"decision": "approved"})), ["reviewId"]);
    assert_eq!(
        fields(Some(one), json!({"decision": "approved", "reviewId": review(2).to_string()})),
        ["reviewId"]
    );
}

#[test]
fn inv_6_a_path_that_is_not_signed_names_no_review() {
    let one = review(1);
    let unsigned = |body: Value| validate(Some(one), false, request(body));
    for body in [json!({"decision": "approved"}), json!({"decision": "approved", "taskId": "t-1"})] {
        let error = unsigned(body).unwrap_err();
        assert_eq!(error.errors.iter().map(|error| error.field).collect::<Vec<_>>(), ["reviewId"]);
    }
    let named = unsigned(json!({"decision": "approved", "reviewId": one.to_string()})).unwrap();
    assert_eq!(named.review, Some(one));
    let other = unsigned(json!({"decision": "approved", "reviewId": review(2).to_string()}));
    assert_eq!(other.unwrap_err().errors.len(), 1);
}

#[test]
fn every_wrong_value_is_named() {
    let body = json!({
        "decision": "maybe", "reviewId": "1", "documentId": "2", "userId": "3",
        "taskId": "", "notes": "x".repeat(1001),
    });
    assert_eq!(fields(None, body), ["reviewId", "documentId", "userId", "decision", "notes", "taskId"]);
    let longest = json!({"decision": "approved", "taskId": "t", "notes": "é".repeat(1000)});
    assert!(fields(None, longest).is_empty());
    assert_eq!(fields(None, json!({"decision": "approved", "taskId": "t", "notes": "a\0"})), ["notes"]);
}
