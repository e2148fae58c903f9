//! The whole product on this machine: starts the parts in order and owns them until the stack ends.

pub mod account;
pub mod api_page;
mod daemon;
pub mod deploy;
pub mod emulator;
mod ministack;
pub mod redis_wire;
pub mod runtime_api;
mod settings;
pub mod snapshot;
pub mod template;
pub mod worker;
pub mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_config::SdkConfig;
use aws_sdk_lambda::primitives::Blob;
use filot_platform::local;
use filot_store::{FraudPolicy, IdentityHashKey, SealingKeys, Store, StoreConfig};
use filot_testkit::process::free_port;
use filot_testkit::{Postgres, Redis, TestDb};
use serde_json::{Value, json};
use tempfile::TempDir;

use self::api_page::{ApiPage, ApiPageOrigin};
use self::deploy::Deployment;
use self::ministack::{Ministack, aws_environment};
use self::settings::{all_secrets, path_text, sdk_config, settings};
use self::worker::Worker;
use crate::client::api::Api;
use crate::faults::fault_proxy::{FaultProxy, Service};
use crate::faults::queue_proxy::QueueProxy;
use crate::simulators::buli2::{Buli2, Keys};
use crate::simulators::stack_auth::StackAuth;
use crate::{Result, paths};

/// How long GET /health may say something other than ok after the start.
const HEALTH_PATIENCE: Duration = Duration::from_secs(30);
/// Parameters of the template, and the variables that they set, for limits of users.
const USER_LIMITS: [(&str, &str); 3] = [
    ("UserDocumentsInFlightMax", "USER_DOCUMENTS_IN_FLIGHT_MAX"),
    ("UserDocumentsPerDayMax", "USER_DOCUMENTS_PER_DAY_MAX"),
    ("UserStorageMbMax", "USER_STORAGE_MB_MAX"),
];
/// A limit that nobody reaches.
const NO_LIMIT: &str = "1000000";

/// Options of a stack; the default is a quiet one with one worker.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Whether to print progress on standard error.
    pub prints_progress: bool,
    /// Whether to keep logs in `.local/run` (else in a temporary folder that is removed with the stack).
    pub keeps_logs: bool,
    /// Whether to start without a worker.
    pub without_worker: bool,
    /// Additional variables of the worker.
    pub worker_environment: Vec<(String, String)>,
    /// Whether tests inject faults: gives the stack a Postgres of its own, and proxies before storage, queues and
    /// functions.
    pub can_fail: bool,
    /// Secrets that differ from the local ones, by their path below `filot/`.
    pub secrets: Vec<(String, String)>,
    /// Settings of functions and workers that differ from those of a local stack.
    pub settings: Vec<(String, String)>,
    /// `LOG_LEVEL` of the functions; `info` by default.
    pub log_level: Option<String>,
    /// Whether users have the product's limits. Without, they have none that anybody reaches: most runs upload many documents
    /// as few users.
    pub limits_users: bool,
    /// Whether to insert the demo data that `events/` refers to.
    pub demo_data: bool,
    /// The port of the AWS stand-in, if that port is free.
    pub prefers_port: Option<u16>,
}

/// The proxies of a stack into which faults are injected.
pub struct Proxies {
    /// In front of S3.
    pub storage: FaultProxy,
    /// In front of SQS, behind the queue proxy.
    pub queues: FaultProxy,
    /// In front of Lambda, for invocations by functions and workers.
    pub functions: FaultProxy,
}

/// A running stack. Everything in it ends with it, in the order of the fields.
pub struct Stack {
    /// Workers, by the order they were started in.
    pub workers: Vec<Worker>,
    /// Simulator of BULI2.
    pub buli2: Buli2,
    /// Simulator of Stack Auth.
    pub stack_auth: StackAuth,
    /// In front of the queues, in every stack.
    pub queue_proxy: QueueProxy,
    /// Set only with [`Options::can_fail`].
    pub proxies: Option<Proxies>,
    /// Addresses of what was deployed.
    pub deployment: Deployment,
    /// Client of the deployed API.
    pub api: Api,
    /// Page with the OpenAPI document of the API.
    pub api_page: ApiPage,
    ministack: Ministack,
    /// The real Redis server.
    pub redis: Redis,
    /// Database of this stack.
    pub database: TestDb,
    /// Connection to the database as its owner, to read what the API does not show.
    pub sql: tokio_postgres::Client,
    /// Server of the database.
    pub postgres: Arc<Postgres>,
    sdk: SdkConfig,
    environment: BTreeMap<String, String>,
    logs: PathBuf,
    options: Options,
    _log_folder: Option<TempDir>,
}

impl Stack {
    /// Starts all parts in order and returns when `GET /health` answers ok.
    ///
    /// # Errors
    ///
    /// A part that does not start; the text names its log.
    pub async fn start(options: Options) -> Result<Self> {
        let clock = Instant::now();
        let prints_progress = options.prints_progress;
        let say = move |what: &str| {
            if prints_progress {
                let line = format!("  {:5.1} s  {what}\n", clock.elapsed().as_secs_f64());
                let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
            }
        };
        let (logs, log_folder) = if options.keeps_logs {
            (paths::run_dir()?, None)
        } else {
            let folder = tempfile::Builder::new().prefix("filot-stack-").tempdir()?;
            (folder.path().to_owned(), Some(folder))
        };

        say("Postgres");
        let postgres =
            if options.can_fail { Postgres::start_own().await? } else { Postgres::start().await? };
        let database = postgres.database().await?;
        let sql = database.owner().await?;
        say("Redis");
        let redis = Redis::start()?;
        say("BULI2 and Stack Auth (simulators)");
        let stack_auth = StackAuth::start().await?;
        let buli2 = Buli2::start(Keys {
            api_key: local::BULI2_API_KEY.to_owned(),
            service_key: local::SERVICE_INTERNAL_KEY.to_owned(),
            signature_secret: local::BULI2_SIGNATURE_SECRET.to_owned(),
        })
        .await?;

        say("the AWS stand-in");
        let is_free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
        let port = options.prefers_port.filter(is_free).map_or_else(free_port, Ok)?;
        let proxies = if options.can_fail {
            Some(Proxies {
                storage: FaultProxy::start(Service::Storage, port).await?,
                queues: FaultProxy::start(Service::Queues, port).await?,
                functions: FaultProxy::start(Service::Functions, port).await?,
            })
        } else {
            None
        };
        let queue_proxy =
            QueueProxy::new(proxies.as_ref().map_or(port, |proxies| proxies.queues.port())).await?;
        let mut settings = settings(&stack_auth, &queue_proxy);
        settings.extend(options.settings.iter().cloned());
        if let Some(proxies) = &proxies {
            settings.insert("AWS_ENDPOINT_URL_LAMBDA".to_owned(), proxies.functions.url());
        }
        let mut function_environment = settings.clone();
        function_environment.extend([
            ("FILOT_STACK_PROGRAMS".to_owned(), path_text(&paths::programs()?)?),
            ("FILOT_STACK_LOGS".to_owned(), path_text(&logs)?),
        ]);
        let ministack = Ministack::start(port, &function_environment, &logs.join("ministack.log")).await?;
        let sdk = sdk_config(&ministack.url()).await;

        say("template.yaml: queues, functions, routes, schedules");
        let log_level = options.log_level.as_deref().unwrap_or("info");
        let page_origin = ApiPageOrigin::new().await?;
        let mut parameters = vec![("LogLevel", log_level), ("FrontendOrigin", page_origin.as_str())];
        if !options.limits_users {
            parameters.extend(USER_LIMITS.map(|(parameter, _)| (parameter, NO_LIMIT)));
        }
        let deployment = deploy::deploy(&ministack.url(), &sdk, &parameters).await?;
        let storage_url = proxies.as_ref().map_or_else(|| ministack.url(), |proxies| proxies.storage.url());
        let mut all_secrets = all_secrets(&database, &redis, &buli2, storage_url, &deployment);
        let others = options.secrets.iter().map(|(name, value)| (format!("filot/{name}"), value.clone()));
        all_secrets.extend(others);
        deploy::put_secrets(&sdk, &all_secrets).await?;
        buli2.knows_api(&deployment.api_url);

        let mut environment = aws_environment(port);
        environment.extend(settings);
        environment.extend([
            ("FILOT_ENV".to_owned(), deploy::ENVIRONMENT.to_owned()),
            ("OCR_GPU_QUEUE_URL".to_owned(), deployment.gpu_queue_url.clone()),
            ("OCR_CPU_QUEUE_URL".to_owned(), deployment.cpu_queue_url.clone()),
            ("SCORING_FUNCTION".to_owned(), Deployment::function("scoring")),
        ]);
        let api = Api::new(&deployment.api_url)?;
        let api_page = page_origin.serve(&deployment.api_url)?;
        let mut stack = Self {
            workers: Vec::new(),
            buli2,
            stack_auth,
            queue_proxy,
            proxies,
            deployment,
            api,
            api_page,
            ministack,
            redis,
            database,
            sql,
            postgres,
            sdk,
            environment,
            logs,
            options,
            _log_folder: log_folder,
        };
        say("migrations, through the function that deployments invoke");
        stack.invoke("migrate", &json!({})).await?;
        if stack.options.demo_data {
            stack.seed().await?;
        }
        if !stack.options.without_worker {
            say("a worker, with its models");
            stack.start_worker(&[]).await?;
        }
        say("GET /health");
        // The first answers come from cold functions over new connections: they may say "degraded" only because of that.
        let deadline = Instant::now() + HEALTH_PATIENCE;
        loop {
            let health = stack.api.call(reqwest::Method::GET, "/health", None, None).await?;
            if health.body["status"] == "ok" {
                break;
            }
            if Instant::now() > deadline {
                return Err(format!("GET /health says {}", health.body).into());
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        say("ready");
        Ok(stack)
    }

    /// Inserts the demo data.
    async fn seed(&self) -> Result<()> {
        let sealing_key = *b"filot-local-sealing-key-32-bytes";
        let store = Store::connect(StoreConfig {
            url: self.database.app_url(),
            max_connections: 1,
            sealing: SealingKeys::new("local", [("local".to_owned(), sealing_key)])?,
            identity_hash: IdentityHashKey::new(local::IDENTITY_HASH_KEY.as_bytes())?,
            fraud: FraudPolicy::default(),
        })?;
        Ok(filot_store::seed::seed(&store, deploy::ENVIRONMENT, chrono::Utc::now()).await?)
    }

    /// The variables with which a function's program runs outside this stack's Lambda: settings and addresses, no secrets.
    pub fn function_environment(&self) -> BTreeMap<String, String> {
        let mut environment = self.environment.clone();
        environment.extend([
            ("OCR_GPU_DLQ_URL".to_owned(), self.deployment.gpu_dead_letters_url.clone()),
            ("OCR_CPU_DLQ_URL".to_owned(), self.deployment.cpu_dead_letters_url.clone()),
            ("REVIEW_DISPATCH_FUNCTION".to_owned(), Deployment::function("review-dispatch")),
        ]);
        if !self.options.limits_users {
            environment.extend(USER_LIMITS.map(|(_, variable)| (variable.to_owned(), NO_LIMIT.to_owned())));
        }
        environment
    }

    /// Starts one more worker and waits until it is ready.
    pub async fn start_worker(&mut self, extra: &[(&str, &str)]) -> Result<()> {
        let (all, log) = self.next_worker(extra);
        self.workers.push(Worker::start(&self.environment, &all, log).await?);
        Ok(())
    }

    /// Starts one more worker, which becomes ready by itself.
    pub fn spawn_worker(&mut self) -> Result<()> {
        let (all, log) = self.next_worker(&[]);
        let worker = Worker::spawn(&self.environment, &all, log)?;
        self.workers.push(worker);
        Ok(())
    }

    fn next_worker<'a>(&'a self, extra: &[(&'a str, &'a str)]) -> (Vec<(&'a str, &'a str)>, PathBuf) {
        let configured = self.options.worker_environment.iter();
        let mut all: Vec<_> = configured.map(|(name, value)| (name.as_str(), value.as_str())).collect();
        all.extend(extra);
        (all, self.logs.join(format!("worker-{}.log", self.workers.len() + 1)))
    }

    /// Invokes a function and waits for its answer.
    ///
    /// # Errors
    ///
    /// The function failed; the text has the end of its log.
    pub async fn invoke(&self, function: &str, payload: &Value) -> Result<Value> {
        let answer = aws_sdk_lambda::Client::new(&self.sdk)
            .invoke()
            .function_name(Deployment::function(function))
            .payload(Blob::new(payload.to_string()))
            .send()
            .await
            .map_err(|error| format!("invoking {function}: {error:?}"))?;
        let body = answer.payload.map(Blob::into_inner).unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        if answer.function_error.is_some() {
            let log = std::fs::read_to_string(self.logs.join(format!("{function}.log"))).unwrap_or_default();
            let tail: Vec<_> = log.lines().rev().take(5).collect();
            return Err(format!("{function} failed: {text} {}", tail.join("\n")).into());
        }
        Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// A client of the queues that bypasses all proxies.
    pub fn sqs(&self) -> aws_sdk_sqs::Client {
        aws_sdk_sqs::Client::new(&self.sdk)
    }

    /// A client of the storage that bypasses its proxy.
    pub fn s3(&self) -> aws_sdk_s3::Client {
        let config = aws_sdk_s3::config::Builder::from(&self.sdk).force_path_style(true);
        aws_sdk_s3::Client::from_conf(config.build())
    }

    /// A client of the functions that bypasses their proxy.
    pub fn lambda(&self) -> aws_sdk_lambda::Client {
        aws_sdk_lambda::Client::new(&self.sdk)
    }

    /// Settings of the functions and workers that are neither secret nor in the template.
    pub const fn environment(&self) -> &BTreeMap<String, String> {
        &self.environment
    }

    /// Folder of the logs.
    pub const fn logs(&self) -> &PathBuf {
        &self.logs
    }

    /// The AWS stand-in's endpoint.
    pub fn aws_url(&self) -> String {
        self.ministack.url()
    }

    /// Status and verification status of a document, read from the database.
    pub async fn state(&self, document_id: &str) -> Result<(String, String)> {
        let id: uuid::Uuid = document_id.parse()?;
        let row = self
            .sql
            .query_one("SELECT status, verification_status FROM documents WHERE id = $1", &[&id])
            .await?;
        Ok((row.get(0), row.get(1)))
    }

    /// Waits until a document's state is one of `wanted` (`status` or `status/verification_status`).
    pub async fn wait_for(
        &self,
        document_id: &str,
        wanted: &[&str],
        patience: Duration,
    ) -> Result<(String, String)> {
        let deadline = Instant::now() + patience;
        loop {
            let (status, verification) = self.state(document_id).await?;
            let both = format!("{status}/{verification}");
            if wanted.iter().any(|state| *state == status || *state == both) {
                return Ok((status, verification));
            }
            if Instant::now() > deadline {
                return Err(format!("document is {both} after {patience:?}, not {wanted:?}").into());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
