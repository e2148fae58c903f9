//! The pool of readers: hands files to idle readers, bounds their time, and replaces those that died.
//!
//! Each reader has one supervisor task. A reader that dies takes with it the one file it was reading; its neighbours do
//! not notice. The pool must not know queues, leases or retries.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use filot_domain::DocumentType;
use filot_domain::retry::Backoff;
use tokio::sync::{Mutex, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::chain;
use crate::child::{ReadCard, Unreadable};
use crate::process::{Death, FORBIDDEN, ReaderCommand, ReaderInfo, ReaderProcess, Reply, StartError};

/// How the pool behaves.
#[derive(Debug, Clone)]
pub struct PoolConfig {
    /// How to start a reader.
    pub command: ReaderCommand,
    /// Number of readers.
    pub readers: usize,
    /// Files that may wait for a reader.
    pub waiting_max: usize,
    /// How long a reader may take to load its models.
    pub start_limit: Duration,
    /// How long a reader may take for one file.
    pub read_limit: Duration,
    /// How long a file may wait for a reader before it is refused.
    pub wait_limit: Duration,
    /// Pause before a reader that died is replaced.
    pub restart: Backoff,
    /// Files after which a reader is replaced, so that no leak or fragmentation of its heap becomes a failed attempt.
    pub files_per_reader_max: u64,
}

/// Why a file was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    /// The file is at fault.
    #[error("the file cannot be read")]
    Unreadable(Unreadable),
    /// The reader ended on it.
    #[error("the reader ended on the file")]
    Died(Death),
    /// No reader took it: none is alive, or the pool is shutting down. Nothing is known about the file.
    #[error("no reader took the file")]
    Refused,
}

struct Job {
    file: Bytes,
    claimed: Option<DocumentType>,
    started: oneshot::Sender<()>,
    reply: oneshot::Sender<Reply>,
}

/// The jobs that wait, shared by the supervisors.
type Jobs = Arc<Mutex<mpsc::Receiver<Job>>>;

/// State that the supervisors share with the pool.
struct Shared {
    config: PoolConfig,
    alive: AtomicUsize,
    busy: AtomicUsize,
    info: watch::Sender<Option<Result<ReaderInfo, String>>>,
    draining: CancellationToken,
}

/// Handle to the readers.
#[derive(Clone)]
pub struct Pool {
    jobs: mpsc::Sender<Job>,
    shared: Arc<Shared>,
}

/// The tasks that keep the readers running. Dropping them ends every reader at once.
pub struct Supervisors(JoinSet<()>);

impl Pool {
    /// Starts the readers. After `draining` is cancelled, files that wait are refused; those being read go on.
    pub fn start(config: PoolConfig, draining: CancellationToken) -> (Self, Supervisors) {
        let (jobs, waiting) = mpsc::channel(config.waiting_max.max(1));
        let waiting: Jobs = Arc::new(Mutex::new(waiting));
        let readers = config.readers.max(1);
        let shared = Arc::new(Shared {
            config,
            alive: AtomicUsize::new(0),
            busy: AtomicUsize::new(0),
            info: watch::Sender::new(None),
            draining,
        });
        let mut tasks = JoinSet::new();
        for _ in 0..readers {
            tasks.spawn(supervise(Arc::clone(&shared), Arc::clone(&waiting)));
        }
        (Self { jobs, shared }, Supervisors(tasks))
    }

    /// Waits for the first reader: what it said, or why it could not start.
    ///
    /// # Errors
    /// Why no reader can work, for people.
    pub async fn first_reader(&self) -> Result<ReaderInfo, String> {
        let mut info = self.shared.info.subscribe();
        match info.wait_for(Option::is_some).await {
            Ok(said) => said.clone().unwrap_or_else(|| Err("no reader".to_owned())),
            Err(_) => Err("the pool is gone".to_owned()),
        }
    }

    /// Reads one file. If the caller loses interest (drops the future), the reader that is at it is killed and replaced.
    ///
    /// # Errors
    /// The file is at fault, its reader died on it, or no reader took it.
    pub async fn read(&self, file: Bytes, claimed: Option<DocumentType>) -> Result<ReadCard, PoolError> {
        let (started, has_started) = oneshot::channel();
        let (reply, replied) = oneshot::channel();
        let job = Job { file, claimed, started, reply };
        let wait = async {
            tokio::select! {
                sent = self.jobs.send(job) => sent.map_err(|_| PoolError::Refused)?,
                () = self.shared.draining.cancelled() => return Err(PoolError::Refused),
            }
            has_started.await.map_err(|_| PoolError::Refused)
        };
        timeout(self.shared.config.wait_limit, wait).await.map_err(|_| PoolError::Refused)??;
        match replied.await {
            Ok(Ok(Ok(card))) => Ok(card),
            Ok(Ok(Err(unreadable))) => Err(PoolError::Unreadable(unreadable)),
            Ok(Err(death)) => Err(PoolError::Died(death)),
            // The supervisor itself is gone: that is no fault of the file.
            Err(_) => Err(PoolError::Refused),
        }
    }

    /// Engine and models, once a reader was ready.
    pub fn info(&self) -> Option<ReaderInfo> {
        self.shared.info.borrow().as_ref().and_then(|info| info.as_ref().ok().cloned())
    }

    /// Readers whose models are loaded.
    pub fn alive(&self) -> usize {
        self.shared.alive.load(Ordering::Relaxed)
    }

    /// Readers that are reading.
    pub fn busy(&self) -> usize {
        self.shared.busy.load(Ordering::Relaxed)
    }

    /// Readers there should be.
    pub fn wanted(&self) -> usize {
        self.shared.config.readers.max(1)
    }
}

impl Supervisors {
    /// Waits until every reader is gone, which they are soon after draining began and the last file was answered.
    pub async fn ended(mut self) {
        while self.0.join_next().await.is_some() {}
    }
}

/// Counts up while it lives.
struct Count<'a>(&'a AtomicUsize);

impl<'a> Count<'a> {
    fn up(counter: &'a AtomicUsize) -> Self {
        counter.fetch_add(1, Ordering::Relaxed);
        Self(counter)
    }
}

impl Drop for Count<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Keeps one reader running until the pool drains.
async fn supervise(shared: Arc<Shared>, jobs: Jobs) {
    let mut failures: u32 = 0;
    while !shared.draining.is_cancelled() {
        if failures > 0 {
            // Readers that died together should not load their models together.
            let random = rand::random();
            let pause = shared.config.restart.delay(failures, random, None).to_std().unwrap_or_default();
            tokio::select! {
                () = sleep(pause) => {}
                () = shared.draining.cancelled() => break,
            }
        }
        let start = ReaderProcess::start(&shared.config.command, shared.config.start_limit);
        let started = tokio::select! {
            started = start => started,
            () = shared.draining.cancelled() => break,
        };
        match started {
            Ok((reader, info)) => {
                tracing::info!(reader_pid = reader.pid(), engine = %info.engine, "a reader is ready");
                let missing = info.missing.clone();
                let before = shared.info.send_replace(Some(Ok(info)));
                // Once, not for every reader: a platform does not change.
                if !missing.missing.is_empty() && before.and_then(Result::ok).is_none() {
                    tracing::warn!(%missing, "this platform lacks protections of a reader");
                }
                let _alive = Count::up(&shared.alive);
                match serve(&shared, &jobs, reader).await {
                    End::Retired => failures = 0,
                    End::Died { read_some: true } => failures = 1,
                    End::Died { read_some: false } => failures = failures.saturating_add(1),
                    End::PoolGone => return,
                }
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                tracing::error!(error = %chain(&error), failures, "a reader did not start");
                // A reader that says it cannot work speaks for all of them; other failures get a few tries first.
                if matches!(error, StartError::Unable(_)) || failures >= 3 {
                    let text = chain(&error);
                    shared.info.send_if_modified(|info| {
                        let first = info.is_none();
                        if first {
                            *info = Some(Err(text));
                        }
                        first
                    });
                }
            }
        }
    }
    // Refuse what waits; the others' jobs are theirs.
    let mut jobs = jobs.lock().await;
    jobs.close();
    while jobs.recv().await.is_some() {}
}

/// How a reader's service ended.
enum End {
    /// It had read its number of files.
    Retired,
    /// It died or was killed.
    Died { read_some: bool },
    /// No file can come any more, or the pool drains.
    PoolGone,
}

/// Lets one reader answer until it ends.
async fn serve(shared: &Shared, jobs: &Jobs, mut reader: ReaderProcess) -> End {
    let mut read_some = false;
    // A process that has ended has none any more.
    let pid = reader.pid();
    loop {
        let job = tokio::select! {
            biased;
            () = shared.draining.cancelled() => None,
            signal = reader.ended() => {
                if signal == Some(FORBIDDEN) {
                    tell_of_breakout(pid);
                }
                tracing::warn!(reader_pid = pid, ?signal, "an idle reader ended");
                return End::Died { read_some };
            }
            job = async { jobs.lock().await.recv().await } => job,
        };
        let Some(Job { file, claimed, started, mut reply }) = job else {
            reader.retire().await;
            // Draining goes through `supervise` once more, which refuses what waits.
            return if shared.draining.is_cancelled() { End::Retired } else { End::PoolGone };
        };
        if started.send(()).is_err() {
            // Whoever asked has stopped waiting.
            continue;
        }
        let _busy = Count::up(&shared.busy);
        let answer = tokio::select! {
            answer = reader.ask(&file, claimed, shared.config.read_limit) => Some(answer),
            () = reply.closed() => None,
        };
        match answer {
            Some(Ok(answer)) => {
                read_some = true;
                let _ = reply.send(Ok(answer));
                if reader.questions() >= shared.config.files_per_reader_max {
                    reader.retire().await;
                    return End::Retired;
                }
            }
            Some(Err(death)) => {
                if death == Death::Forbidden {
                    tell_of_breakout(pid);
                }
                tracing::warn!(reader_pid = pid, ?death, "a reader ended on a document");
                reader.kill().await;
                let _ = reply.send(Err(death));
                return End::Died { read_some };
            }
            None => {
                reader.kill().await;
                return End::Died { read_some };
            }
        }
    }
}

/// Whoever is on call should look at the file: the reader did what no code of ours does.
fn tell_of_breakout(reader_pid: Option<u32>) {
    tracing::error!(reader_pid, "a reader broke out of its program: a hostile file");
}
