//! A service of AWS that is not well: an HTTP proxy that refuses requests, loses answers, or lets its caller wait.
//!
//! What it forwards keeps its `Host`, so a link that was signed for the proxy stays valid behind it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinHandle;

use crate::Result;

/// More than the largest upload.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Longer than a long poll.
const FORWARD_TIMEOUT: Duration = Duration::from_secs(60);

/// Whose failures it imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// S3: 500, in XML.
    Storage,
    /// SQS: 500, in JSON.
    Queues,
    /// Lambda: 500, or a function that ran out of time.
    Functions,
}

/// How it is doing: parts of all requests, 0 to 1, that end in each way. The rest is forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Mood {
    /// Answered with an error; nothing was done.
    pub refuses: f64,
    /// Done, and answered with an error.
    pub loses: f64,
    /// Kept waiting this long, then answered with an error; nothing was done.
    pub hangs: Option<(f64, Duration)>,
}

/// How many requests ended in which way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Seen {
    /// Forwarded, with the answer.
    pub passed: u64,
    /// Refused.
    pub refused: u64,
    /// Done, the answer lost.
    pub lost: u64,
    /// Kept waiting.
    pub hung: u64,
}

#[derive(Default)]
struct Counters {
    passed: AtomicU64,
    refused: AtomicU64,
    lost: AtomicU64,
    hung: AtomicU64,
}

struct Shared {
    service: Service,
    target: String,
    http: reqwest::Client,
    mood: Mutex<Mood>,
    dice: Mutex<StdRng>,
    counters: Counters,
}

/// The running proxy.
pub struct Faulty {
    port: u16,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Clone, Copy)]
enum Fate {
    Pass,
    Refuse,
    Lose,
    Hang(Duration),
}

impl Faulty {
    /// Starts one before a port of this machine; well at first.
    pub async fn start(service: Service, to_port: u16) -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            service,
            target: format!("http://127.0.0.1:{to_port}"),
            http: reqwest::Client::builder()
                .no_proxy()
                .redirect(reqwest::redirect::Policy::none())
                .timeout(FORWARD_TIMEOUT)
                .build()?,
            mood: Mutex::default(),
            dice: Mutex::new(StdRng::seed_from_u64(0)),
            counters: Counters::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // Ends with the task; there is nobody to tell.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { port, shared, server })
    }

    /// Its port.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it is.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What its choices come from.
    pub fn set_seed(&self, seed: u64) {
        *self.shared.dice.lock().unwrap_or_else(PoisonError::into_inner) = StdRng::seed_from_u64(seed);
    }

    /// Sets how it is doing from now on.
    pub fn set_mood(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap_or_else(PoisonError::into_inner) = mood;
    }

    /// What it did so far.
    pub fn seen(&self) -> Seen {
        let Counters { passed, refused, lost, hung } = &self.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Seen { passed: read(passed), refused: read(refused), lost: read(lost), hung: read(hung) }
    }
}

impl Drop for Faulty {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    fn fate(&self) -> Fate {
        let mood = *self.mood.lock().unwrap_or_else(PoisonError::into_inner);
        if mood == Mood::default() {
            return Fate::Pass;
        }
        let drawn: f64 = self.dice.lock().unwrap_or_else(PoisonError::into_inner).random();
        let (hangs, time) = mood.hangs.unwrap_or_default();
        if drawn < mood.refuses {
            Fate::Refuse
        } else if drawn < mood.refuses + mood.loses {
            Fate::Lose
        } else if drawn < mood.refuses + mood.loses + hangs {
            Fate::Hang(time)
        } else {
            Fate::Pass
        }
    }

    /// What the service says when it fails.
    fn failure(&self, is_event: bool) -> Response {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        match self.service {
            Service::Storage => {
                let body = "<Error><Code>InternalError</Code><Message>We encountered an internal error.</Message></Error>";
                (status, [(header::CONTENT_TYPE, "application/xml")], body).into_response()
            }
            Service::Queues => {
                let body = r#"{"__type":"com.amazonaws.sqs#InternalFailure","message":"internal"}"#;
                (status, [(header::CONTENT_TYPE, "application/x-amz-json-1.0")], body).into_response()
            }
            // A function that runs out of time is no error of Lambda's.
            Service::Functions if !is_event => {
                let body =
                    r#"{"errorType":"Sandbox.Timedout","errorMessage":"Task timed out after 15.00 seconds"}"#;
                let headers = [("x-amz-function-error", "Unhandled"), ("content-type", "application/json")];
                (StatusCode::OK, headers, body).into_response()
            }
            Service::Functions => {
                let headers =
                    [("x-amzn-errortype", "ServiceException"), ("content-type", "application/json")];
                (status, headers, r#"{"Type":"Service","Message":"internal"}"#).into_response()
            }
        }
    }

    async fn forward(&self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let Ok(body) = to_bytes(body, BODY_BYTES_MAX).await else {
            return StatusCode::BAD_REQUEST.into_response();
        };
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let sent = self
            .http
            .request(parts.method, format!("{}{path}", self.target))
            .headers(end_to_end(&parts.headers))
            .body(body)
            .send()
            .await;
        let Ok(answer) = sent else { return StatusCode::BAD_GATEWAY.into_response() };
        let (status, headers) = (answer.status(), end_to_end(answer.headers()));
        let Ok(body) = answer.bytes().await else { return StatusCode::BAD_GATEWAY.into_response() };
        respond(status, headers, body)
    }
}

async fn pass(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
    let is_event =
        request.headers().get("x-amz-invocation-type").is_some_and(|kind| kind.as_bytes() == b"Event");
    match shared.fate() {
        Fate::Pass => {
            count(&shared.counters.passed);
            shared.forward(request).await
        }
        Fate::Refuse => {
            count(&shared.counters.refused);
            // Its body is read first, as a server does; else the caller sees a broken connection.
            let _ = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
            shared.failure(is_event)
        }
        Fate::Lose => {
            count(&shared.counters.lost);
            drop(shared.forward(request).await);
            shared.failure(is_event)
        }
        Fate::Hang(time) => {
            count(&shared.counters.hung);
            tokio::time::sleep(time).await;
            shared.failure(is_event)
        }
    }
}

fn respond(status: StatusCode, headers: HeaderMap, body: Bytes) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// Headers without those that belong to one connection.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    let mut kept = headers.clone();
    for name in [header::CONNECTION, header::TRANSFER_ENCODING, header::UPGRADE, header::TE, header::EXPECT] {
        kept.remove(name);
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_does_what_its_mood_says() {
        let served = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&served);
        let router = Router::new().fallback(move |headers: HeaderMap| async move {
            counter.fetch_add(1, Ordering::Relaxed);
            headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned()
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let faulty = Faulty::start(Service::Storage, port).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(FORWARD_TIMEOUT).build().unwrap();
        let status = async || http.get(faulty.url()).send().await.unwrap().status().as_u16();

        let host = http.get(faulty.url()).send().await.unwrap().text().await.unwrap();
        assert_eq!(host, format!("127.0.0.1:{}", faulty.port()), "the host that a signature covers");
        faulty.set_mood(Mood { refuses: 1.0, ..Mood::default() });
        assert_eq!((status().await, served.load(Ordering::Relaxed)), (500, 1));
        faulty.set_mood(Mood { loses: 1.0, ..Mood::default() });
        assert_eq!((status().await, served.load(Ordering::Relaxed)), (500, 2));
        faulty.set_mood(Mood { hangs: Some((1.0, Duration::from_millis(1))), ..Mood::default() });
        assert_eq!((status().await, served.load(Ordering::Relaxed)), (500, 2));
        assert_eq!(faulty.seen(), Seen { passed: 1, refused: 1, lost: 1, hung: 1 });
    }
}
