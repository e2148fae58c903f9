//! A simulator of BULI2: takes reviews, lets a reviewer look at the card, and sends the signed decision back.
//!
//! It keeps the real contract: bearer key, one task per review however often it is sent, the file through our own route,
//! HMAC over timestamp and body. What the reviewer decides, and whether BULI2 is in trouble, is set from outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use chrono::Utc;
use filot_buli2::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::Result;

pub mod erratic;

/// A callback is tried this often; then the reviewer's decision waits for somebody to ask.
const CALLBACK_TRIES: u32 = 20;
const CALLBACK_PAUSE: Duration = Duration::from_millis(500);
/// Longer than our client waits.
const HANG: Duration = Duration::from_secs(60);

/// Who decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reviewer {
    /// Looks at what was read: a card whose own numbers contradict what is printed on it is rejected, so is one that
    /// cannot be opened; everything else is approved.
    #[default]
    Rule,
    /// Approves everything.
    Approves,
    /// Rejects everything.
    Rejects,
    /// Never decides.
    Asleep,
    /// Decides early, late, twice, both ways, by the task alone, and lets others try with a forged signature.
    Erratic,
}

/// How BULI2 itself is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Health {
    /// Works.
    #[default]
    Well,
    /// Answers everything with this status, and this `Retry-After` in seconds.
    Answers(u16, Option<u32>),
    /// Takes requests and never answers.
    Hangs,
    /// Answers a review with this status, and repeats what it was sent.
    Echoes(u16),
    /// Does what it is asked, and answers 500.
    LosesAnswers,
}

/// A review that BULI2 has taken.
#[derive(Debug, Clone)]
pub struct Task {
    /// BULI2's id of it.
    pub task_id: String,
    /// `pending`, `approved`, `rejected` or `cancelled`.
    pub status: String,
    /// What was sent.
    pub request: Value,
    /// How often it was sent.
    pub times_sent: u32,
    /// HTTP status of the callback, once one was answered.
    pub callback_status: Option<u16>,
    /// Whether the reviewer could open the card.
    pub saw_card: bool,
    /// Whether we took it back.
    pub is_cancelled: bool,
    /// Every decision that was sent, and the HTTP status of its answer.
    pub said: Vec<Said>,
}

/// A decision on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// `approved` or `rejected`.
    pub decision: String,
    /// Whether its signature was BULI2's.
    pub is_signed: bool,
    /// HTTP status of the answer.
    pub status: u16,
}

/// What the simulator has to know to be believed, and to believe.
#[derive(Clone)]
pub struct Keys {
    /// What we send to BULI2.
    pub api_key: String,
    /// What BULI2 sends to us.
    pub service_key: String,
    /// What BULI2 signs with.
    pub signature_secret: String,
}

struct Shared {
    keys: Keys,
    http: reqwest::Client,
    reviewer: Mutex<Reviewer>,
    health: Mutex<Health>,
    api_url: Mutex<String>,
    tasks: Mutex<BTreeMap<String, Task>>,
    calls: watch::Sender<u64>,
    dice: Mutex<StdRng>,
}

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
            // The presigned address is followed by hand: the service key is not for it.
            http: reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(Duration::from_secs(20))
                .build()?,
            reviewer: Mutex::default(),
            health: Mutex::default(),
            api_url: Mutex::default(),
            tasks: Mutex::default(),
            calls: watch::Sender::new(0),
            dice: Mutex::new(StdRng::seed_from_u64(0)),
        });
        let router = Router::new()
            .route("/internal/reviews", post(submit))
            .route("/internal/reviews/{task}/status", get(status))
            .route("/internal/reviews/{task}/cancel", post(cancel))
            .with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // Ends with the task; there is nobody to tell.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, shared, server })
    }

    /// Where it is: `BULI2_API_URL`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Tells it where our API is, to fetch cards from.
    pub fn knows_api(&self, url: &str) {
        url.clone_into(&mut lock(&self.shared.api_url));
    }

    /// Sets who decides from now on.
    pub fn set_reviewer(&self, reviewer: Reviewer) {
        *lock(&self.shared.reviewer) = reviewer;
    }

    /// Sets how it is doing.
    pub fn set_health(&self, health: Health) {
        *lock(&self.shared.health) = health;
    }

    /// How often it was called, whatever it answered.
    pub fn calls(&self) -> watch::Receiver<u64> {
        self.shared.calls.subscribe()
    }

    /// The task of a document, if it was sent.
    pub fn task_of(&self, document_id: &str) -> Option<Task> {
        lock(&self.shared.tasks).values().find(|task| task.request["documentId"] == document_id).cloned()
    }

    /// Everything it has taken, by review.
    pub fn tasks(&self) -> BTreeMap<String, Task> {
        lock(&self.shared.tasks).clone()
    }

    /// What the erratic reviewer's moods come from.
    pub fn set_seed(&self, seed: u64) {
        *lock(&self.shared.dice) = StdRng::seed_from_u64(seed);
    }

    /// Sends a decision for a document's review, signed as ever; the HTTP status of the answer.
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

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Refuses strangers, then does whatever trouble asks for.
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
    let (task, is_new) = {
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
        (task.clone(), is_new)
    };
    let answer = json!({"taskId": task.task_id, "status": task.status});
    let (reviewer, health) = (*lock(&shared.reviewer), *lock(&shared.health));
    if is_new && reviewer == Reviewer::Erratic {
        erratic::take(&shared, task).await;
    } else if is_new {
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

/// The reviewer's work on one task.
async fn review(shared: &Shared, task: Task) {
    let reviewer = *lock(&shared.reviewer);
    if reviewer == Reviewer::Asleep {
        return;
    }
    let review_id = task.request["reviewId"].as_str().unwrap_or_default().to_owned();
    let saw_card = fetch_card(shared, &review_id).await.unwrap_or(false);
    if let Some(task) = lock(&shared.tasks).get_mut(&review_id) {
        task.saw_card = saw_card;
    }
    let contradicts = task.request["reasons"].as_array().is_some_and(|reasons| {
        reasons.iter().any(|reason| reason.as_str().is_some_and(|code| code.ends_with("_mismatch")))
    });
    let (decision, notes) = match reviewer {
        Reviewer::Approves => ("approved", "the reviewer approves everything"),
        Reviewer::Rejects => ("rejected", "the reviewer rejects everything"),
        _ if !saw_card => ("rejected", "the card cannot be opened"),
        _ if contradicts => ("rejected", "the card contradicts itself"),
        _ => ("approved", "the card looks genuine"),
    };
    for _ in 0..CALLBACK_TRIES {
        let answered = call_back(shared, &task, decision, notes).await;
        if matches!(answered, Ok(status) if status < 500 && status != 429) {
            return;
        }
        tokio::time::sleep(CALLBACK_PAUSE).await;
    }
}

/// Whether our route leads to a file that is a picture or a PDF.
async fn fetch_card(shared: &Shared, review_id: &str) -> Result<bool> {
    let url = format!("{}/internal/reviews/{review_id}/file", lock(&shared.api_url));
    let answer = shared.http.get(url).bearer_auth(&shared.keys.service_key).send().await?;
    let location = answer.headers().get(header::LOCATION).ok_or("no redirect")?.to_str()?.to_owned();
    let file = shared.http.get(location).send().await?.error_for_status()?.bytes().await?;
    Ok([b"\xff\xd8\xff".as_slice(), b"\x89PNG", b"%PDF-"].iter().any(|magic| file.starts_with(magic)))
}

async fn call_back(shared: &Shared, task: &Task, decision: &str, notes: &str) -> Result<u16> {
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

/// Sends a signed body and keeps what was answered.
async fn send_decision(shared: &Shared, task: &Task, url: &str, body: &Value, secret: &str) -> Result<u16> {
    let bytes = serde_json::to_vec(body)?;
    let timestamp = Utc::now().timestamp().to_string();
    let signature = sign(secret.as_bytes(), Some(&timestamp), &bytes);
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
