//! What people want with a document once it is there: to have it erased, seen by a human, or tried again.

use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::Value;

use super::crowd::{PAUSE, Shared, retry_after, summary};
use crate::User;
use crate::client::Answer;

const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Nothing more than a decision.
    None,
    /// To have it erased, after this time.
    Erase(Duration),
    /// A human, if it is rejected; asked for twice at once.
    Human,
    /// Another try, if it failed.
    Again,
}

impl Shared {
    pub(super) async fn follow(&self, user: &User, id: &str, wish: Wish) {
        let (document, escalate) = (format!("/documents/{id}"), format!("/verification/{id}/escalate"));
        match wish {
            Wish::None => {}
            Wish::Erase(after) => {
                tokio::time::sleep(after).await;
                if self.ask(user, Method::DELETE, &document, &[204, 404]).await.is_some() {
                    self.seen().erased.push(id.to_owned());
                    // It is gone for its owner too.
                    self.ask(user, Method::GET, &document, &[404]).await;
                }
            }
            Wish::Human => {
                if self.settled(user, id).await.as_deref() == Some("auto_rejected") {
                    let ask = || self.ask(user, Method::POST, &escalate, &[200]);
                    tokio::join!(ask(), ask());
                }
            }
            Wish::Again => {
                if self.settled(user, id).await.as_deref() == Some("failed") {
                    let process = format!("{document}/process");
                    self.ask(user, Method::POST, &process, &[202, 409]).await;
                }
            }
        }
    }

    /// Looks until a document is final, as the app does; `failed`, or what it was decided to be.
    async fn settled(&self, user: &User, id: &str) -> Option<String> {
        let path = format!("/verification/status/{id}");
        while Instant::now() < self.give_up_at {
            let body = self.ask(user, Method::GET, &path, &[200]).await?.body;
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

    /// Asks until one of the expected answers comes.
    async fn ask(&self, user: &User, method: Method, path: &str, expected: &[u16]) -> Option<Answer> {
        let shape = path.split('/').filter(|part| part.len() < 30).collect::<Vec<_>>().join("/");
        while Instant::now() < self.give_up_at {
            let pause = match self.request(user, method.clone(), path).await {
                Ok(answer) => {
                    self.note(&format!("{method} {shape}: {}", summary(&answer)));
                    match answer.status.as_u16() {
                        status if expected.contains(&status) => return Some(answer),
                        429 | 502..=504 => retry_after(&answer),
                        500 if answer.body["code"] != "internal" => PAUSE,
                        _ => {
                            self.violation(format!("{method} {path} was answered {}", summary(&answer)));
                            return None;
                        }
                    }
                }
                Err(_) => {
                    self.note(&format!("{method} {shape}: no answer"));
                    PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
        None
    }
}
