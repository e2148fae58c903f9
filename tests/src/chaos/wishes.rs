//! What an owner does with an accepted document: erases it, asks for a human review, or processes it again.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use super::app::App;
use crate::User;

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What an owner does with their document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing: waits for the decision.
    None,
    /// Erases it after this time.
    Erase(Duration),
    /// Escalates it if it is rejected, with two requests at once.
    Human,
    /// Processes it again if it failed.
    Again,
}

/// Does it, with the accepted document `id`.
pub(super) async fn fulfil(app: &App, user: &User, id: &str, wish: Wish) {
    let (document, escalate) = (format!("/documents/{id}"), format!("/verification/{id}/escalate"));
    match wish {
        Wish::None => {}
        Wish::Erase(after) => {
            tokio::time::sleep(after).await;
            if app.ask(user, Method::DELETE, &document, &[204, 404]).await.is_some() {
                app.seen().erased.push(id.to_owned());
                // Its owner cannot see it any more.
                app.ask(user, Method::GET, &document, &[404]).await;
            }
        }
        Wish::Human => {
            if final_state(app, user, id).await.as_deref() == Some("auto_rejected") {
                let ask = || app.ask(user, Method::POST, &escalate, &[200]);
                tokio::join!(ask(), ask());
            }
        }
        Wish::Again => {
            if final_state(app, user, id).await.as_deref() == Some("failed") {
                let process = format!("{document}/process");
                app.ask(user, Method::POST, &process, &[202, 409]).await;
            }
        }
    }
}

/// Polls until a document is final; returns `failed` or its verification status.
async fn final_state(app: &App, user: &User, id: &str) -> Option<String> {
    let path = format!("/verification/status/{id}");
    while Instant::now() < app.give_up_at {
        let body = app.ask(user, Method::GET, &path, &[200]).await?.body;
        let text = |name: &str| {
            let found = body.get(name).or_else(|| body["verification"].get(name));
            found.and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        match text("status").as_str() {
            "failed" => return Some("failed".to_owned()),
            "completed" => return Some(text("verificationStatus")),
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    None
}
