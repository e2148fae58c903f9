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
    validate(path, request(body))
        .map_or_else(|error| error.errors.iter().map(|e| e.field).collect(), |_| Vec::new())
}

#[test]
fn a_review_is_named_by_path_body_or_task() {
    let one = review(1);
    let by_path = validate(Some(one), request(json!({"decision": "approved", "later": true}))).unwrap();
    assert_eq!((by_path.review, by_path.decision), (Some(one), ReviewDecision::Approved));
    let by_body =
        validate(None, request(json!({"decision": "rejected", "reviewId": one.to_string()}))).unwrap();
    assert_eq!(by_body.review, Some(one));
    let by_task = validate(None, request(json!({"decision": "rejected", "taskId": "t-1"}))).unwrap();
    assert_eq!((by_task.review, by_task.task_id.as_deref()), (None, Some("t-1")));
    assert_eq!(fields(None, json!({"decision": "approved"})), ["reviewId"]);
    assert_eq!(
        fields(Some(one), json!({"decision": "approved", "reviewId": review(2).to_string()})),
        ["reviewId"]
    );
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

#[test]
fn inv_6_the_service_key_and_the_signature_are_both_needed() {
    let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
    let body = br#"{"decision":"approved"}"#;
    let keys = [Secret::from("service".to_owned())];
    let signing = [Secret::from("signing".to_owned())];
    let good = filot_buli2::signature::sign(b"signing", None, body);
    let secrets =
        CallbackSecrets { service_keys: &keys, signature_secrets: &signing, require_timestamp: false };
    let check = |secrets: &CallbackSecrets<'_>, service_key, signature| {
        authenticate(secrets, &CallbackProof { service_key, signature, timestamp: None }, body, now).is_ok()
    };
    assert!(check(&secrets, Some("service"), Some(&good)));
    assert!(!check(&secrets, None, Some(&good)));
    assert!(!check(&secrets, Some("other"), Some(&good)));
    assert!(!check(&secrets, Some("service"), None));
    let forged = "0".repeat(64);
    assert!(!check(&secrets, Some("service"), Some(&forged)));
    assert!(!check(&CallbackSecrets { require_timestamp: true, ..secrets }, Some("service"), Some(&good)));
    assert!(!check(&CallbackSecrets { service_keys: &[], ..secrets }, Some("service"), Some(&good)));
    assert!(!check(&CallbackSecrets { signature_secrets: &[], ..secrets }, Some("service"), Some(&good)));
}
