//! The signed callback: sends a decision to the product and records the answer.
//!
//! Both of its contracts are used: a body that names the review is signed alone, for any other the review of the path is
//! signed as well.

use axum::http::header;
use chrono::Utc;
use filot_buli2::Signed;
use filot_buli2::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign_all};
use serde_json::{Value, json};

use super::state::{Said, Shared, Task, lock};
use crate::Result;

/// Sends one decision with BULI2's own signature; the HTTP status of the answer.
pub(super) async fn call_back(shared: &Shared, task: &Task, decision: &str, notes: &str) -> Result<u16> {
    let request = &task.request;
    let body = json!({
        "reviewId": request["reviewId"],
        "taskId": task.task_id,
        "decision": decision,
        "notes": notes,
        "documentId": request["documentId"],
        "userId": request["userId"],
    });
    let url = request["callbackUrl"].as_str().ok_or("no callbackUrl")?;
    send_decision(shared, task, url, &body, &shared.keys.signature_secret).await
}

/// Sends a signed body and records the status of the answer with the task.
pub(super) async fn send_decision(
    shared: &Shared,
    task: &Task,
    url: &str,
    body: &Value,
    secret: &str,
) -> Result<u16> {
    let bytes = serde_json::to_vec(body)?;
    let timestamp = Utc::now().timestamp().to_string();
    let path = task.request["reviewId"].as_str().filter(|review| url.ends_with(review));
    let review = if body["reviewId"].is_string() { None } else { path };
    let signed = Signed { body: &bytes, timestamp: Some(&timestamp), review };
    let signature = sign_all(secret.as_bytes(), signed);
    let answer = shared
        .http
        .post(url)
        .bearer_auth(&shared.keys.service_key)
        .header(header::CONTENT_TYPE, "application/json")
        .header(TIMESTAMP_HEADER, timestamp)
        .header(SIGNATURE_HEADER, signature)
        .body(bytes)
        .send()
        .await?;
    let status = answer.status().as_u16();
    let decision = body["decision"].as_str().unwrap_or_default();
    let review_id = task.request["reviewId"].as_str().unwrap_or_default();
    if let Some(task) = lock(&shared.tasks).get_mut(review_id) {
        let is_signed = secret == shared.keys.signature_secret;
        task.said.push(Said { decision: decision.to_owned(), is_signed, status });
        task.callback_status = Some(status);
        if status < 300 {
            decision.clone_into(&mut task.status);
        }
    }
    Ok(status)
}
