//! The mobile app of everybody in a fault run: retries a request until an expected answer comes, and records every
//! answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use reqwest::Method;
use tokio::sync::Semaphore;

use crate::cards::Card;
use crate::client::api::Answer;
use crate::{Api, Result, User};

/// Requests at the same time.
const REQUESTS_MAX: usize = 8;
/// Pause before the next try, where the answer names none.
const PAUSE: Duration = Duration::from_millis(700);

/// A document that was answered 201.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// The document's UUID.
    pub id: String,
    /// Our UUID of its owner.
    pub user: String,
}

/// All answers of a run, and what became of the documents.
#[derive(Debug, Default)]
pub struct Seen {
    /// Answered 201.
    pub accepted: Vec<Accepted>,
    /// Ids of accepted documents that their owners erased.
    pub erased: Vec<String>,
    /// Uploads that were never answered 201.
    pub given_up: u64,
    /// Answers by request, status and code.
    pub answers: BTreeMap<String, u64>,
    /// Answers that the API should not have given.
    pub violations: Vec<String>,
}

/// Sends requests for everybody, a bounded number at once.
pub(super) struct App {
    api: Api,
    requests: Semaphore,
    seen: Mutex<Seen>,
    /// Nobody retries after this.
    pub give_up_at: Instant,
}

impl App {
    pub fn new(api: Api, give_up_at: Instant) -> Self {
        Self { api, requests: Semaphore::new(REQUESTS_MAX), seen: Mutex::default(), give_up_at }
    }

    /// Sends an upload until it is answered 201; its id.
    pub async fn until_accepted(
        &self,
        user: &User,
        card: &Card,
        content: &[u8],
        key: &str,
    ) -> Option<String> {
        while Instant::now() < self.give_up_at {
            let pause = match self.send(user, card, content, key).await {
                Ok(answer) => {
                    self.note(&format!("POST upload: {}", summary(&answer)));
                    match answer.status.as_u16() {
                        201 => return answer.body["document"]["id"].as_str().map(str::to_owned),
                        409 | 429 | 502..=504 => retry_after(&answer),
                        // The gateway's own answer for a function that died.
                        500 if answer.body["code"] != "internal" => PAUSE,
                        _ => {
                            self.violation(format!("an upload was answered {}", summary(&answer)));
                            return None;
                        }
                    }
                }
                Err(_) => {
                    self.note("POST upload: no answer");
                    PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
        None
    }

    /// One try of an upload, whatever the answer is.
    pub async fn send(&self, user: &User, card: &Card, content: &[u8], key: &str) -> Result<Answer> {
        let _slot = self.requests.acquire().await?;
        self.api.upload_with_key(user, &card.document_type, &card.file, content, key).await
    }

    async fn request(&self, user: &User, method: Method, path: &str) -> Result<Answer> {
        let _slot = self.requests.acquire().await?;
        self.api.call(method, path, Some(&user.access_token), None).await
    }

    /// The record, locked; not to be held across an await.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts one answer, or one request without any.
    pub fn note(&self, what: &str) {
        *self.seen().answers.entry(what.to_owned()).or_default() += 1;
    }

    /// Records an answer that the API should not have given.
    pub fn violation(&self, what: String) {
        self.seen().violations.push(what);
    }

    /// Repeats a request until one of the expected statuses comes; none after a violation or too many tries.
    pub async fn ask(&self, user: &User, method: Method, path: &str, expected: &[u16]) -> Option<Answer> {
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

fn retry_after(answer: &Answer) -> Duration {
    let header = answer.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    header.map_or(PAUSE, |seconds: u64| Duration::from_secs(seconds.min(60)))
}

fn summary(answer: &Answer) -> String {
    match answer.body["code"].as_str() {
        Some(code) => format!("{} {code}", answer.status.as_u16()),
        None => answer.status.as_u16().to_string(),
    }
}
