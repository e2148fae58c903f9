//! An HTTP proxy in front of an AWS service that fails part of the requests: refuses them, loses their answers, or
//! hangs.
//!
//! It forwards requests with their `Host`, so a link that was signed for the proxy stays valid behind it.

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

/// The service whose errors it imitates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// S3: 500, in XML.
    Storage,
    /// SQS: 500, in JSON.
    Queues,
    /// Lambda: 500, or a function that ran out of time.
    Functions,
}

/// The share of requests, 0 to 1, that fails in each way. All others are forwarded.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct FaultRates {
    /// Answered with an error and not forwarded.
    pub refuse: f64,
    /// Forwarded, and answered with an error.
    pub lose: f64,
    /// Answered with an error after this time, and not forwarded.
    pub hang: Option<(f64, Duration)>,
}

/// How many requests ended in each way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RequestCounts {
    /// Forwarded; the answer was passed back.
    pub passed: u64,
    /// Refused with an error.
    pub refused: u64,
    /// Forwarded; the answer was replaced by an error.
    pub lost: u64,
    /// Answered with an error after a wait.
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
    rates: Mutex<FaultRates>,
    rng: Mutex<StdRng>,
    counters: Counters,
}

/// The running proxy.
pub struct FaultProxy {
    port: u16,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

#[derive(Clone, Copy)]
enum Disposition {
    Pass,
    Refuse,
    Lose,
    Hang(Duration),
}

impl FaultProxy {
    /// Starts one in front of a port of this machine; at first it forwards everything.
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
            rates: Mutex::default(),
            rng: Mutex::new(StdRng::seed_from_u64(0)),
            counters: Counters::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&shared));
        let server = tokio::spawn(async move {
            // It ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { port, shared, server })
    }

    /// The port on 127.0.0.1 where it listens.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Its endpoint, `http://127.0.0.1:<port>`.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Sets the seed of its random choices.
    pub fn set_seed(&self, seed: u64) {
        *self.shared.rng.lock().unwrap_or_else(PoisonError::into_inner) = StdRng::seed_from_u64(seed);
    }

    /// Sets which share of the requests fails from now on.
    pub fn set_rates(&self, rates: FaultRates) {
        *self.shared.rates.lock().unwrap_or_else(PoisonError::into_inner) = rates;
    }

    /// How many requests ended in each way since the start.
    pub fn counts(&self) -> RequestCounts {
        let Counters { passed, refused, lost, hung } = &self.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RequestCounts { passed: read(passed), refused: read(refused), lost: read(lost), hung: read(hung) }
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Shared {
    /// Draws how one request ends.
    fn disposition(&self) -> Disposition {
        let rates = *self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        if rates == FaultRates::default() {
            return Disposition::Pass;
        }
        let drawn: f64 = self.rng.lock().unwrap_or_else(PoisonError::into_inner).random();
        let (hangs, time) = rates.hang.unwrap_or_default();
        if drawn < rates.refuse {
            Disposition::Refuse
        } else if drawn < rates.refuse + rates.lose {
            Disposition::Lose
        } else if drawn < rates.refuse + rates.lose + hangs {
            Disposition::Hang(time)
        } else {
            Disposition::Pass
        }
    }

    /// The service's own answer for an internal error.
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
    match shared.disposition() {
        Disposition::Pass => {
            count(&shared.counters.passed);
            shared.forward(request).await
        }
        Disposition::Refuse => {
            count(&shared.counters.refused);
            // Its body is read first, as a server does; else the caller sees a broken connection.
            let _ = to_bytes(request.into_body(), BODY_BYTES_MAX).await;
            shared.failure(is_event)
        }
        Disposition::Lose => {
            count(&shared.counters.lost);
            drop(shared.forward(request).await);
            shared.failure(is_event)
        }
        Disposition::Hang(time) => {
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
    async fn requests_fail_at_the_set_rates() {
        let served = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&served);
        let router = Router::new().fallback(move |headers: HeaderMap| async move {
            counter.fetch_add(1, Ordering::Relaxed);
            headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default().to_owned()
        });
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move { axum::serve(listener, router).await });
        let proxy = FaultProxy::start(Service::Storage, port).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().timeout(FORWARD_TIMEOUT).build().unwrap();
        let status = async || http.get(proxy.url()).send().await.unwrap().status().as_u16();

        let host = http.get(proxy.url()).send().await.unwrap().text().await.unwrap();
        assert_eq!(host, format!("127.0.0.1:{}", proxy.port()), "the host that a signature covers");
        proxy.set_rates(FaultRates { refuse: 1.0, ..FaultRates::default() });
        assert_eq!((status().await, served.load(Ordering::Relaxed)), (500, 1));
        proxy.set_rates(FaultRates { lose: 1.0, ..FaultRates::default() });
        assert_eq!((status().await, served.load(Ordering::Relaxed)), (500, 2));
        proxy.set_rates(FaultRates { hang: Some((1.0, Duration::from_millis(1))), ..FaultRates::default() });
        assert_eq!((status().await, served.load(Ordering::Relaxed)), (500, 2));
        assert_eq!(proxy.counts(), RequestCounts { passed: 1, refused: 1, lost: 1, hung: 1 });
    }
}
