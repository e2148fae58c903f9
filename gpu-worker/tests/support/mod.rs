//! A worker in this process, on real servers, with readers that are test doubles and a scoring function that keeps
//! Lambda's Invoke contract.

#![expect(dead_code, reason = "each test binary uses a part of it")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use filot_cache::{Cache, CacheConfig, Timeouts};
use filot_cloud::{Functions, Objects, ObjectsConfig, OcrQueues, Queue};
use filot_domain::retry::{Backoff, QueueKind, RetryPolicy};
use filot_domain::{CorrelationId, DocumentId, DocumentStatus, DocumentType, SessionId, UserId};
use filot_platform::Secret;
use filot_reader::pool::{Pool, PoolConfig, Supervisors};
use filot_reader::process::ReaderCommand;
use filot_store::{
    Actor, BeginUpload, Caller, DocumentView, FraudPolicy, IdentityHashKey, NewDocument, NewSession, NewUser,
    Origin, SealingKeys, Store, StoreConfig, UserLimits,
};
use filot_testkit::process::children_of;
use filot_testkit::{Aws, Postgres, Redis, TestDb};
use gpu_worker::clock::Clock;
use gpu_worker::poller;
use gpu_worker::status::Status;
use gpu_worker::worker::{Connections, Outages, Rules, Stop, Worker};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// The key of the sealed fields, as `SEALING_KEY` has it: 32 times the byte 7.
pub const SEALING_KEY: &str = "k1:BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
use filot_platform::local::IDENTITY_HASH_KEY;

/// Where cargo puts the reader double: beside the folder of this test's binary.
pub fn double() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here.parent().unwrap().parent().unwrap().join("examples/reader_double");
    assert!(path.exists(), "{} is not built: cargo build -p filot-reader --examples", path.display());
    path
}

/// The servers, and a user with a session.
pub struct Stage {
    pub store: Store,
    pub objects: Objects,
    pub objects_config: ObjectsConfig,
    pub queues: OcrQueues,
    pub queue_urls: [String; 2],
    pub scoring: Scoring,
    pub redis: Redis,
    pub aws: Aws,
    db: TestDb,
    caller: Caller,
}

/// How a worker of a test differs from the usual one.
#[derive(Clone)]
pub struct How {
    pub lease_s: u32,
    pub readers: usize,
    pub concurrency: usize,
    pub read_limit: Duration,
    pub serves: Vec<QueueKind>,
    pub storage: Option<String>,
    pub redis: Option<String>,
}

impl Default for How {
    fn default() -> Self {
        Self {
            lease_s: 30,
            readers: 2,
            concurrency: 4,
            read_limit: Duration::from_secs(20),
            serves: vec![QueueKind::Gpu, QueueKind::Cpu],
            storage: None,
            redis: None,
        }
    }
}

/// A running worker.
pub struct Running {
    pub worker: Arc<Worker>,
    pub pollers: Vec<JoinHandle<()>>,
    _supervisors: Supervisors,
}

impl Stage {
    pub async fn new() -> Self {
        let db = Postgres::shared().await.unwrap().database().await.unwrap();
        Store::migrate(&db.owner_url()).await.unwrap();
        let store = Store::connect(StoreConfig {
            url: db.app_url(),
            max_connections: 8,
            sealing: SealingKeys::new("k1", [("k1".to_owned(), [7; 32])]).unwrap(),
            identity_hash: IdentityHashKey::new(IDENTITY_HASH_KEY.as_bytes()).unwrap(),
            fraud: FraudPolicy::default(),
        })
        .unwrap();
        let aws = Aws::start().unwrap();
        let objects_config = ObjectsConfig {
            endpoint: aws.url().to_owned(),
            access_key_id: "test".to_owned(),
            secret_access_key: Secret::from("test".to_owned()),
            bucket: aws.bucket().await.unwrap(),
            region: filot_testkit::aws::REGION.to_owned(),
        };
        let queue_urls = [aws.queue().await.unwrap(), aws.queue().await.unwrap()];
        let sdk = aws.sdk_config().await;
        let [gpu, cpu] = queue_urls.clone().map(|url| Queue::new(&sdk, url));
        let now = Utc::now();
        let user = UserId::from_uuid(Uuid::now_v7());
        let caller = Caller { user_id: user, session_id: SessionId::from_uuid(Uuid::now_v7()) };
        let new = NewUser {
            id: user,
            stack_user_id: user.to_string(),
            email: format!("{user}@filot.test"),
            full_name: None,
            phone: None,
        };
        store.register_user(&new, now).await.unwrap();
        let session = NewSession {
            id: caller.session_id,
            user_id: user,
            expires_at: now + TimeDelta::days(1),
            refresh_token_hash: [1; 32],
            refresh_expires_at: now + TimeDelta::days(1),
        };
        store.create_session(&session, now).await.unwrap();
        Self {
            store,
            objects: Objects::new(objects_config.clone()),
            objects_config,
            queues: OcrQueues { gpu, cpu, gpu_enabled: false },
            queue_urls,
            scoring: Scoring::start().await,
            redis: Redis::start().unwrap(),
            aws,
            db,
            caller,
        }
    }

    /// The database, as the worker's role.
    pub fn worker_url(&self) -> String {
        self.db.group_url("filot_worker")
    }

    /// An uploaded document that was not enqueued; what is in it tells the reader double what to do.
    pub async fn upload_silently(&self, content: &[u8], queue: QueueKind) -> DocumentId {
        self.upload_row(content, Some(content), queue).await
    }

    /// A row and, unless `stored` is `None`, an object, which may differ from what the row says.
    pub async fn upload_row(&self, content: &[u8], stored: Option<&[u8]>, queue: QueueKind) -> DocumentId {
        let id = DocumentId::from_uuid(Uuid::now_v7());
        let new = NewDocument {
            id,
            document_type: DocumentType::Ktp,
            object_key: format!("documents/{}/{id}", self.caller.user_id),
            content_sha256: Sha256::digest(content).into(),
            mime: "image/png".to_owned(),
            bytes: content.len() as u64,
            idempotency: None,
        };
        let origin = Origin { actor: Actor::User, correlation_id: correlation() };
        let begun = self
            .store
            .begin_upload(&self.caller, &new, &UserLimits::NONE, &origin, Utc::now())
            .await
            .unwrap();
        let BeginUpload::Fresh { document, object_key, .. } = begun else { panic!("not fresh") };
        if let Some(stored) = stored {
            self.objects.put(&object_key, Bytes::copy_from_slice(stored), "image/png").await.unwrap();
        }
        self.store.finish_upload(document, queue, &origin, Utc::now()).await.unwrap();
        id
    }

    /// An uploaded document with its message.
    pub async fn upload(&self, content: &str, queue: QueueKind) -> DocumentId {
        let id = self.upload_silently(content.as_bytes(), queue).await;
        self.send(id, queue).await;
        id
    }

    /// Sends a document's message.
    pub async fn send(&self, document_id: DocumentId, queue: QueueKind) {
        self.queues.send(queue, document_id, &correlation(), Utc::now()).await.unwrap();
    }

    pub async fn view(&self, id: DocumentId) -> DocumentView {
        self.store.get_document(&self.caller, id, Utc::now()).await.unwrap()
    }

    /// Waits until a document has a status.
    pub async fn until(&self, id: DocumentId, status: DocumentStatus) -> DocumentView {
        let wait = async {
            loop {
                let view = self.view(id).await;
                if view.summary.status == status {
                    return view;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        match tokio::time::timeout(Duration::from_secs(40), wait).await {
            Ok(view) => view,
            Err(_) => panic!("{id} is not {status} but {:?}", self.view(id).await.summary),
        }
    }

    /// Waits until a queue has neither waiting nor hidden messages.
    pub async fn until_empty(&self, queue: QueueKind) {
        let wait = async {
            loop {
                let there = self.queues.get(queue).attributes().await.unwrap();
                if there.visible + there.in_flight == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(30), wait).await;
        assert!(waited.is_ok(), "{:?}", self.queues.get(queue).attributes().await);
    }

    /// A bare client, for what the worker's own cannot send.
    pub async fn raw_sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.aws.sdk_config().await)
    }

    /// Sends any text to the CPU's queue.
    pub async fn raw_send(&self, sqs: &aws_sdk_sqs::Client, body: &str) {
        sqs.send_message().queue_url(&self.queue_urls[1]).message_body(body).send().await.unwrap();
    }

    /// Receives from the CPU's queue until there is a message, and says how often it was delivered.
    pub async fn raw_deliveries(&self, sqs: &aws_sdk_sqs::Client) -> u32 {
        use aws_sdk_sqs::types::MessageSystemAttributeName::ApproximateReceiveCount;
        for _ in 0..60 {
            let received = sqs
                .receive_message()
                .queue_url(&self.queue_urls[1])
                .visibility_timeout(0)
                .wait_time_seconds(1)
                .message_system_attribute_names(ApproximateReceiveCount)
                .send()
                .await
                .unwrap();
            let message = received.messages().first().and_then(|message| message.attributes());
            if let Some(count) = message.and_then(|attributes| attributes.get(&ApproximateReceiveCount)) {
                return count.parse().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("no message came");
    }

    /// Starts a worker in this process.
    pub async fn worker(&self, name: &str, how: How) -> Running {
        let stop = Stop::default();
        let backoff = Backoff { base: TimeDelta::milliseconds(20), cap: TimeDelta::milliseconds(50) };
        let config = PoolConfig {
            // Markers are files, which a confined reader cannot make.
            command: ReaderCommand { program: double(), args: vec!["unconfined".into()], env: Vec::new() },
            readers: how.readers,
            waiting_max: how.concurrency,
            start_limit: Duration::from_secs(20),
            read_limit: how.read_limit,
            wait_limit: Duration::from_secs(20),
            restart: backoff,
            files_per_reader_max: 1000,
        };
        let (pool, supervisors) = Pool::start(config, stop.draining.clone());
        let sdk = self.aws.sdk_config().await;
        let lambda = sdk.into_builder().endpoint_url(&self.scoring.url).build();
        let endpoint = how.storage.unwrap_or_else(|| self.objects_config.endpoint.clone());
        let cache = CacheConfig {
            url: how.redis.unwrap_or_else(|| self.redis.url()),
            password: None,
            prefix: "filot".to_owned(),
            timeouts: Timeouts::default(),
        };
        let worker = Arc::new(Worker {
            rules: Rules {
                worker_id: name.to_owned(),
                lease_s: how.lease_s,
                retry: RetryPolicy { max_attempts: 3, cpu_fallback: true, backoff },
                scoring_function: "scoring".to_owned(),
            },
            connections: RwLock::new(Connections {
                store: self.store.clone(),
                objects: Objects::new(ObjectsConfig { endpoint, ..self.objects_config.clone() }),
                cache: Cache::new(cache).unwrap(),
            }),
            queues: self.queues.clone(),
            functions: Functions::new(&lambda),
            pool,
            clock: Clock::new(Utc::now),
            status: Arc::new(Status::new(&how.serves, Utc::now())),
            capacity: Arc::new(Semaphore::new(how.concurrency)),
            outages: Outages::default(),
            stop,
        });
        worker.pool.first_reader().await.unwrap();
        let pollers =
            how.serves.iter().map(|queue| tokio::spawn(poller::run(Arc::clone(&worker), *queue))).collect();
        Running { worker, pollers, _supervisors: supervisors }
    }
}

impl Running {
    /// Stops receiving and waits until the last message is resolved.
    pub async fn leave(self) {
        self.worker.stop.draining.cancel();
        for poller in self.pollers {
            tokio::time::timeout(Duration::from_secs(60), poller).await.unwrap().unwrap();
        }
    }

    /// Waits until a reader is at work.
    pub async fn until_busy(&self, readers: usize) {
        let wait = async {
            while self.worker.pool.busy() < readers {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
    }
}

pub fn correlation() -> CorrelationId {
    "corr-worker-tests".parse().unwrap()
}

/// A function behind Lambda's Invoke call.
#[derive(Clone)]
pub struct Scoring {
    pub url: String,
    state: Arc<ScoringState>,
}

#[derive(Default)]
struct ScoringState {
    asked: Mutex<Vec<Value>>,
    failures: AtomicUsize,
}

impl Scoring {
    async fn start() -> Self {
        let state = Arc::new(ScoringState::default());
        let router = Router::new()
            .route("/2015-03-31/functions/{name}/invocations", post(invoke))
            .with_state(Arc::clone(&state));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { url, state }
    }

    /// The next `times` invocations end with a function error.
    pub fn fail(&self, times: usize) {
        self.state.failures.store(times, Ordering::SeqCst);
    }

    /// The documents it was asked to score and answered, in order.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().map(|payload| payload["documentId"].as_str().unwrap().to_owned()).collect()
    }
}

async fn invoke(Path(name): Path<String>, State(state): State<Arc<ScoringState>>, body: Bytes) -> Response {
    assert_eq!(name, "scoring");
    let fails = state.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
    if fails {
        let error = json!({"errorType": "Error", "errorMessage": "as told"});
        return (StatusCode::OK, [("x-amz-function-error", "Unhandled")], Json(error)).into_response();
    }
    let payload: Value = serde_json::from_slice(&body).unwrap();
    let answer = json!({"documentId": payload["documentId"], "decision": "needs_review", "score": 50});
    state.asked.lock().unwrap().push(payload);
    Json(answer).into_response()
}

/// The readers that this process started.
pub fn children() -> Vec<i32> {
    children_of(std::process::id(), "reader_double")
}
