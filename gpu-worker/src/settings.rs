//! The worker's settings, from the typed configuration.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use chrono::TimeDelta;
use filot_domain::retry::{Backoff, RetryPolicy};

use crate::role::{QueueChoice, QueueChoiceError, Role};
use filot_reader::pool::PoolConfig;
use filot_reader::process::ReaderCommand;

/// How long a reader may take to load its models.
const START_LIMIT: Duration = Duration::from_secs(60);
/// Pause before a reader that died is replaced.
const RESTART: Backoff = Backoff { base: TimeDelta::milliseconds(200), cap: TimeDelta::seconds(30) };
/// Files after which a reader is replaced.
const FILES_PER_READER_MAX: u64 = 1000;
/// Pause between the attempts of a document.
const ATTEMPTS: Backoff = Backoff { base: TimeDelta::seconds(4), cap: TimeDelta::minutes(2) };
/// The variables of its environment that a worker passes on to a reader: no secret.
const READER_ENV: [&str; 8] = [
    "LD_LIBRARY_PATH",
    "LANG",
    "TZ",
    "TESSDATA_PREFIX",
    "CUDA_VISIBLE_DEVICES",
    "NVIDIA_VISIBLE_DEVICES",
    "NVIDIA_DRIVER_CAPABILITIES",
    "RUST_BACKTRACE",
];

/// The worker's section of the configuration, parsed.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The queues to serve.
    pub queues: QueueChoice,
    /// Reader processes; `None`: one per core.
    pub readers: Option<usize>,
    /// Documents in flight; `None`: 64 on a GPU, else one per core.
    pub concurrency: Option<usize>,
    /// Length of a lease.
    pub lease_s: u32,
    /// When failed attempts are repeated.
    pub retry: RetryPolicy,
    /// The line engine.
    pub engine: String,
    /// Directory of the models; `None`: `TESSDATA_PREFIX`, then the library's default.
    pub tessdata_dir: Option<PathBuf>,
    /// Address space of one reader.
    pub reader_memory_mb: u64,
    /// Time of one reader for one file.
    pub read_limit: Duration,
    /// Port of `/health`.
    pub port: u16,
}

impl Settings {
    /// The worker's section of the configuration.
    ///
    /// # Errors
    /// `WORKER_QUEUES` means nothing.
    pub fn new(worker: &filot_platform::config::Worker) -> Result<Self, QueueChoiceError> {
        Ok(Self {
            queues: worker.queues.parse()?,
            readers: worker.readers,
            concurrency: worker.concurrency,
            lease_s: worker.lease_s,
            retry: retry_policy(worker.max_retries, worker.cpu_fallback),
            engine: worker.engine.clone(),
            tessdata_dir: worker.tessdata.as_ref().map(PathBuf::from),
            reader_memory_mb: worker.reader_memory_mb,
            read_limit: Duration::from_secs(worker.reader_deadline_s),
            port: worker.port,
        })
    }

    /// The readers' processes are this very binary, started as `reader`.
    pub fn pool(&self, role: &Role, program: PathBuf) -> PoolConfig {
        PoolConfig {
            command: self.reader_command(program),
            readers: role.readers,
            waiting_max: role.concurrency,
            start_limit: START_LIMIT,
            read_limit: self.read_limit,
            // Everybody before it in the queue may take its whole time, readers may be restarted meanwhile.
            wait_limit: self.read_limit * 4,
            restart: RESTART,
            files_per_reader_max: FILES_PER_READER_MAX,
        }
    }

    fn reader_command(&self, program: PathBuf) -> ReaderCommand {
        let mut args: Vec<OsString> = vec![
            "reader".into(),
            "--engine".into(),
            (&self.engine).into(),
            "--memory-mb".into(),
            self.reader_memory_mb.to_string().into(),
            "--file-s".into(),
            self.read_limit.as_secs().to_string().into(),
            "--files".into(),
            FILES_PER_READER_MAX.to_string().into(),
            "--parent".into(),
            std::process::id().to_string().into(),
        ];
        if let Some(dir) = &self.tessdata_dir {
            args.extend(["--tessdata".into(), dir.into()]);
        }
        #[expect(clippy::disallowed_methods, reason = "passed on unread, not settings of ours")]
        let inherited = READER_ENV.iter().filter_map(|name| Some((name.into(), std::env::var_os(name)?)));
        // One reader per core: OpenMP threads of its own would only fight the neighbours.
        let env = inherited.chain([("OMP_THREAD_LIMIT".into(), "1".into())]).collect();
        ReaderCommand { program, args, env }
    }
}

/// The rules for repeating attempts.
pub const fn retry_policy(max_attempts: u32, cpu_fallback: bool) -> RetryPolicy {
    RetryPolicy { max_attempts, cpu_fallback, backoff: ATTEMPTS }
}
