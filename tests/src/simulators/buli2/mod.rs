//! A simulator of BULI2: takes reviews, lets a reviewer look at the card, and sends the signed decision back.
//!
//! It keeps the real contract: a bearer key, one task per review however often it is sent, the reasons as they were sent
//! last, the card through our own route, and an HMAC over timestamp and body. Tests set how the reviewer decides and how well BULI2 works.

mod callback;
mod erratic;
mod reviewer;
mod state;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use self::callback::call_back;
use self::reviewer::review;
pub use self::state::{Health, Keys, Reviewer, Said, Task};
use self::state::{Shared, lock};
use crate::Result;

/// Longer than our client waits for an answer.
const HANG: Duration = Duration::from_secs(60);

/// The running simulator.
pub struct Buli2 {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Buli2 {
    /// Starts it on a free port.
    pub async fn start(keys: Keys) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared {
            keys,
            // A redirect is followed by hand, because the service key must not be sent to the storage.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(Duration::from_secs(20))
                .build()?,
            reviewer: Mutex::default(),
            health: Mutex::default(),
            api_url: Mutex::default(),
            tasks: Mutex::default(),
            calls: watch::Sender::new(0),
            rng: Mutex::new(StdRng::seed_from_u64(0)),
        });
        let router = Router::new()
            .route("/internal/reviews", post(submit))
            .route("/internal/reviews/{task}/status", get(status))
            .route("/internal/reviews/{task}/cancel", post(cancel))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // It ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, shared, server })
    }

    /// Its base URL: `BULI2_API_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sets the base URL of our API, from which it fetches cards.
    pub fn knows_api(&self, url: &str) {
        url.clone_into(&mut lock(&self.shared.api_url));
    }

    /// Sets how reviews are decided from now on.
    pub fn set_reviewer(&self, reviewer: Reviewer) {
        *lock(&self.shared.reviewer) = reviewer;
    }

    /// Sets how it answers requests from now on.
    pub fn set_health(&self, health: Health) {
        *lock(&self.shared.health) = health;
    }

    /// Number of requests so far, whatever the answer.
    pub fn calls(&self) -> watch::Receiver<u64> {
        self.shared.calls.subscribe()
    }

    /// The task of a document, if BULI2 received its review.
    pub fn task_of(&self, document_id: &str) -> Option<Task> {
        lock(&self.shared.tasks).values().find(|task| task.request["documentId"] == document_id).cloned()
    }

    /// All tasks by review id.
    pub fn tasks(&self) -> BTreeMap<String, Task> {
        lock(&self.shared.tasks).clone()
    }

    /// Sets the seed of the erratic reviewer's choices.
    pub fn set_seed(&self, seed: u64) {
        *lock(&self.shared.rng) = StdRng::seed_from_u64(seed);
    }

    /// Sends a signed decision for a document's review; returns the HTTP status of the answer.
    pub async fn decide(&self, document_id: &str, decision: &str) -> Result<u16> {
        let task = self.task_of(document_id).ok_or("BULI2 has no review of this document")?;
        call_back(&self.shared, &task, decision, "decided by hand").await
    }
}

impl Drop for Buli2 {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// The answer of a failing BULI2, or the refusal of a wrong key; none if the request is to be served.
async fn trouble(shared: &Shared, headers: &HeaderMap) -> Option<Response> {
    shared.calls.send_modify(|calls| *calls += 1);
    let health = *lock(&shared.health);
    match health {
        Health::Answers(status, retry_after) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let mut answer = (status, "BULI2 is in trouble").into_response();
            if let Some(seconds) = retry_after {
                answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            }
            return Some(answer);
        }
        Health::Hangs => {
            tokio::time::sleep(HANG).await;
            return Some(StatusCode::GATEWAY_TIMEOUT.into_response());
        }
        Health::Well | Health::LosesAnswers | Health::Echoes(_) => {}
    }
    let expected = format!("Bearer {}", shared.keys.api_key);
    let presented = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    (presented != Some(expected.as_str())).then(|| StatusCode::UNAUTHORIZED.into_response())
}

async fn submit(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Json(request): Json<Value>,
) -> Response {
    if let Some(answer) = trouble(&shared, &headers).await {
        return answer;
    }
    if let Health::Echoes(status) = *lock(&shared.health) {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return (status, format!("This cannot be taken: {request}")).into_response();
    }
    let required = ["reviewId", "documentId", "userId", "documentType", "callbackUrl", "correlationId"];
    if required.iter().any(|field| !request[*field].is_string()) || !request["parsedData"].is_object() {
        return (StatusCode::UNPROCESSABLE_ENTITY, "fields are missing").into_response();
    }
    let review_id = request["reviewId"].as_str().unwrap_or_default().to_owned();
    let reasons = request["reasons"].clone();
    let (task, is_new, has_news) = {
        let mut tasks = lock(&shared.tasks);
        let next = tasks.len() + 1;
        let is_new = !tasks.contains_key(&review_id);
        let task = tasks.entry(review_id).or_insert_with(|| Task {
            task_id: format!("task-{next:05}"),
            status: "pending".to_owned(),
            request,
            times_sent: 0,
            callback_status: None,
            saw_card: false,
            is_cancelled: false,
            said: Vec::new(),
        });
        task.times_sent += 1;
        // Sent again with other reasons: there is news, and the reviewer looks again. A cancellation sends none.
        let has_news = !is_new
            && task.status == "pending"
            && reasons != task.request["reasons"]
            && reasons.as_array().is_some_and(|reasons| !reasons.is_empty());
        if has_news {
            task.request["reasons"] = reasons;
        }
        (task.clone(), is_new, has_news)
    };
    let answer = json!({"taskId": task.task_id, "status": task.status});
    let (reviewer, health) = (*lock(&shared.reviewer), *lock(&shared.health));
    if is_new && reviewer == Reviewer::Erratic {
        erratic::take(&shared, task).await;
    } else if is_new || has_news && reviewer != Reviewer::Erratic {
        tokio::spawn(async move { review(&shared, task).await });
    }
    if health == Health::LosesAnswers {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    }
    (StatusCode::CREATED, Json(answer)).into_response()
}

async fn status(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(task_id): Path<String>,
) -> Response {
    if let Some(answer) = trouble(&shared, &headers).await {
        return answer;
    }
    let found = lock(&shared.tasks).values().find(|task| task.task_id == task_id).cloned();
    found.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |task| Json(json!({"taskId": task.task_id, "status": task.status})).into_response(),
    )
}

async fn cancel(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    Path(task_id): Path<String>,
) -> Response {
    if let Some(answer) = trouble(&shared, &headers).await {
        return answer;
    }
    let mut tasks = lock(&shared.tasks);
    match tasks.values_mut().find(|task| task.task_id == task_id) {
        Some(task) => {
            "cancelled".clone_into(&mut task.status);
            task.is_cancelled = true;
            Json(json!({"taskId": task.task_id, "status": task.status})).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    }
}
