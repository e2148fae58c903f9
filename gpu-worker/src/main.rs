//! `gpu-worker run` (the default) and, started by it, `gpu-worker reader`.
//!
//! Exit status: 0 after a signal, 70 when no reader can work, 71 when the health port cannot be had, 78 when the
//! configuration is unusable.

use std::io::Write;
use std::process::ExitCode;
use std::sync::{Arc, RwLock};

use chrono::Utc;
use clap::{Parser, Subcommand};
use filot_cloud::{Functions, OcrQueues};
use filot_ocr::device;
use filot_platform::config::Queues;
use filot_platform::{Config, ConfigErrors, Role as BinaryRole, telemetry};
use filot_reader::entry::{self, ReaderArguments};
use filot_reader::limits::hide_process;
use filot_reader::pool::Pool;
use gpu_worker::clock::Clock;
use gpu_worker::connect::{self, Unusable, section};
use gpu_worker::role::Role;
use gpu_worker::run;
use gpu_worker::settings::Settings;
use gpu_worker::status::Status;
use gpu_worker::worker::{Connections, Outages, Rules, Stop, Worker};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use uuid::Uuid;

const CANNOT_READ: u8 = 70;
const NO_PORT: u8 = 71;
const BAD_CONFIGURATION: u8 = 78;

/// Reads identity cards from the queue.
#[derive(Parser)]
#[command(
    name = "gpu-worker",
    version,
    after_help = "Configured by environment variables and Secrets Manager: docs/configuration.md. Of its own it reads \
                  WORKER_QUEUES, OCR_GPU_CONCURRENCY, OCR_GPU_MAX_RETRIES, OCR_GPU_AUTOFALLBACK, OCR_ENGINE_LINES, \
                  TESSDATA_PREFIX, OCR_LEASE_S, OCR_READERS, OCR_READER_MEMORY_MB, OCR_READER_DEADLINE_S and PORT.\n\n\
                  SIGTERM or SIGINT: stops receiving, finishes or gives back what it holds, ends within 30 s.\n\n\
                  Exit status: 0 after a signal, 70 no reader can work, 71 no health port, 78 unusable configuration."
)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Work until a signal comes (the default).
    Run,
    /// Read files from stdin; started by the worker.
    #[command(hide = true)]
    Reader(ReaderArguments),
}

fn main() -> ExitCode {
    match Arguments::parse().command.unwrap_or(Command::Run) {
        Command::Reader(arguments) => entry::main(arguments),
        Command::Run => match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
            Ok(runtime) => runtime.block_on(work()),
            Err(error) => refuse(CANNOT_READ, &[format!("the runtime does not start: {error}")]),
        },
    }
}

/// Says why the worker does not start.
fn refuse(status: u8, problems: &[String]) -> ExitCode {
    for problem in problems {
        tracing::error!(problem, "the worker does not start");
        let _ = writeln!(std::io::stderr(), "gpu-worker: {problem}");
    }
    ExitCode::from(status)
}

async fn work() -> ExitCode {
    telemetry::init("gpu-worker");
    if let Err(error) = hide_process() {
        return refuse(CANNOT_READ, &[error.to_string()]);
    }
    let config = match Config::load(BinaryRole::GpuWorker).await {
        Ok(config) => config,
        Err(ConfigErrors::Problems(problems)) => return refuse(BAD_CONFIGURATION, &problems),
        Err(away @ ConfigErrors::Away(_)) => return refuse(BAD_CONFIGURATION, &[away.to_string()]),
    };
    let parts = match Parts::new(&config) {
        Ok(parts) => parts,
        Err(problems) => {
            let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
            return refuse(BAD_CONFIGURATION, &problems);
        }
    };
    let (mut terminate, mut interrupt) =
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
            _ => return refuse(CANNOT_READ, &["signals cannot be received".to_owned()]),
        };
    let listener = match TcpListener::bind(("0.0.0.0", parts.settings.port)).await {
        Ok(listener) => listener,
        Err(error) => return refuse(NO_PORT, &[format!("PORT {}: {error}", parts.settings.port)]),
    };
    let Ok(program) = std::env::current_exe() else {
        return refuse(CANNOT_READ, &["the worker's own binary cannot be found".to_owned()]);
    };
    let device = device::detect();
    let role = Role::new(
        parts.settings.queues,
        parts.settings.readers,
        parts.settings.concurrency,
        run::machine(&device),
    );
    tracing::info!(device = %device, role = %role, "starting");
    let stop = Stop::default();
    let (pool, supervisors) = Pool::start(parts.settings.pool(&role, program), stop.draining.clone());
    let worker = Arc::new(parts.worker(&role, pool, stop, &filot_cloud::sdk_config().await));
    let asked_to_stop = async move {
        tokio::select! {
            _ = terminate.recv() => "SIGTERM",
            _ = interrupt.recv() => "SIGINT",
        }
    };
    let fingerprint = connect::fingerprint(&config);
    match run::run(worker, role, device, supervisors, listener, fingerprint, asked_to_stop).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => refuse(CANNOT_READ, &[error.to_string()]),
    }
}

/// The parts that are made from the configuration alone.
struct Parts {
    settings: Settings,
    connections: Connections,
    queues: Queues,
    scoring_function: String,
}

impl Parts {
    /// All of it, or every problem.
    fn new(config: &Config) -> Result<Self, Vec<Unusable>> {
        let mut problems = Vec::new();
        let connections = connect::connections(config).map_err(|found| problems.extend(found)).ok();
        let settings = section("worker", config.worker.as_ref())
            .and_then(|worker| {
                Settings::new(worker).map_err(|error| Unusable(format!("WORKER_QUEUES {error}")))
            })
            .map_err(|problem| problems.push(problem))
            .ok();
        let queues = section("queues", config.queues.as_ref()).map_err(|problem| problems.push(problem)).ok();
        let scoring = section("scoring function", config.scoring_function.as_ref())
            .map_err(|problem| problems.push(problem))
            .ok();
        match (connections, settings, queues, scoring) {
            (Some(connections), Some(settings), Some(queues), Some(scoring)) => {
                Ok(Self { settings, connections, queues: queues.clone(), scoring_function: scoring.clone() })
            }
            _ => Err(problems),
        }
    }

    fn worker(self, role: &Role, pool: Pool, stop: Stop, sdk: &filot_cloud::SdkConfig) -> Worker {
        #[expect(clippy::disallowed_methods, reason = "the machine's name is no setting")]
        let host = std::env::var("HOSTNAME").unwrap_or_else(|_| "worker".to_owned());
        let host: String = host.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
        let unique = Uuid::new_v4().simple().to_string();
        Worker {
            rules: Rules {
                worker_id: format!("{host}-{}", unique.get(..8).unwrap_or(&unique)),
                lease_s: self.settings.lease_s,
                retry: self.settings.retry,
                scoring_function: self.scoring_function,
            },
            connections: RwLock::new(self.connections),
            queues: OcrQueues::new(sdk, &self.queues),
            functions: Functions::new(sdk),
            pool,
            clock: Clock::new(Utc::now),
            status: Arc::new(Status::new(&role.queues, Utc::now())),
            capacity: Arc::new(Semaphore::new(role.concurrency)),
            outages: Outages::default(),
            stop,
        }
    }
}
