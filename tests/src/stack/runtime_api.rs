//! A Lambda runtime API for one program at a time, to measure the program alone.
//!
//! The stack uses the stand-in's runtime API. This one measures two times next to the program: from its start to its
//! first request for work, and from an event to its answer.

use std::process::{Command, Stdio};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use filot_testkit::Process;
use serde_json::Value;
use tokio::sync::{Mutex, mpsc, watch};

use crate::Result;

const PATIENCE: Duration = Duration::from_secs(30);

struct Shared {
    polls: watch::Sender<u64>,
    events: Mutex<mpsc::Receiver<String>>,
    answers: mpsc::Sender<(Duration, Bytes)>,
    /// When the current event was handed to the program.
    handed: std::sync::Mutex<Instant>,
}

/// A program that runs as a Lambda function.
pub struct Instance {
    process: Process,
    events: mpsc::Sender<String>,
    answers: mpsc::Receiver<(Duration, Bytes)>,
    /// Time from its start to its first request for work.
    pub started_in: Duration,
    server: tokio::task::JoinHandle<()>,
}

impl Instance {
    /// Starts the program and waits until it asks for work.
    pub async fn start(command: &mut Command) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let (events, receiver) = mpsc::channel(1);
        let (answer, answers) = mpsc::channel(1);
        let (polls, mut polled) = watch::channel(0);
        let handed = std::sync::Mutex::new(Instant::now());
        let shared = Arc::new(Shared { polls, events: Mutex::new(receiver), answers: answer, handed });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(respond))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(respond))
            .with_state(shared);
        let server = tokio::spawn(async move {
            // It ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        command
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_NAME", "measured")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let clock = Instant::now();
        let process = Process::spawn(command)?;
        tokio::time::timeout(PATIENCE, polled.wait_for(|polls| *polls > 0))
            .await
            .map_err(|_| format!("{:?} never asks for work", command.get_program()))??;
        Ok(Self { process, events, answers, started_in: clock.elapsed(), server })
    }

    /// Sends one event; returns the time until its answer, and the answer.
    pub async fn invoke(&mut self, event: &str) -> Result<(Duration, Value)> {
        self.events.send(event.to_owned()).await?;
        let (took, answer) = tokio::time::timeout(PATIENCE, self.answers.recv())
            .await
            .map_err(|_| "no answer in time")?
            .ok_or("the program is gone")?;
        Ok((took, serde_json::from_slice(&answer)?))
    }

    /// Resident memory, in KiB.
    pub fn resident_kib(&self) -> Result<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse()?)
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(shared): State<Arc<Shared>>) -> Response {
    shared.polls.send_modify(|polls| *polls += 1);
    let Some(event) = shared.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let mut headers = HeaderMap::new();
    headers.insert("lambda-runtime-aws-request-id", HeaderValue::from_static("measured"));
    headers.insert("lambda-runtime-deadline-ms", HeaderValue::from_static("4102444800000"));
    headers.insert(
        "lambda-runtime-invoked-function-arn",
        HeaderValue::from_static("arn:aws:lambda:ap-southeast-2:000000000000:function:measured"),
    );
    headers.insert("lambda-runtime-trace-id", HeaderValue::from_static("Root=1-0-0;Sampled=0"));
    let response = (headers, event).into_response();
    *shared.handed.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    response
}

async fn respond(State(shared): State<Arc<Shared>>, Path(_id): Path<String>, body: Bytes) -> StatusCode {
    let took = shared.handed.lock().unwrap_or_else(PoisonError::into_inner).elapsed();
    // The receiver is gone only when nobody waits for the answer any more.
    let _ = shared.answers.send((took, body)).await;
    StatusCode::ACCEPTED
}
