//! The workers of the stack: start, health, signals.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::Pid;
use serde_json::Value;

use crate::stack::daemon::Daemon;
use crate::{Result, paths};

const READY_TIMEOUT: Duration = Duration::from_secs(90);
/// A worker must end within 30 s after SIGTERM; one second is for this test.
const GONE_TIMEOUT: Duration = Duration::from_secs(31);

/// A running worker.
#[derive(Debug)]
pub struct Worker {
    daemon: Daemon,
    port: u16,
    log: PathBuf,
}

impl Worker {
    /// Starts one and waits until it is ready to receive.
    pub async fn start(
        environment: &BTreeMap<String, String>,
        extra: &[(&str, &str)],
        log: PathBuf,
    ) -> Result<Self> {
        let mut worker = Self::spawn(environment, extra, log)?;
        let deadline = Instant::now() + READY_TIMEOUT;
        loop {
            if worker.health().await.is_ok() {
                return Ok(worker);
            }
            if !worker.daemon.is_running() || Instant::now() > deadline {
                return Err(format!("the worker does not become ready: see {}", worker.log.display()).into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Starts one; it becomes ready by itself.
    pub fn spawn(
        environment: &BTreeMap<String, String>,
        extra: &[(&str, &str)],
        log: PathBuf,
    ) -> Result<Self> {
        let port = filot_testkit::process::free_port()?;
        let mut command = Command::new(paths::program("gpu-worker")?);
        command.arg("run").envs(environment).env("PORT", port.to_string()).envs(extra.iter().copied());
        let daemon = Daemon::spawn(&mut command, &log)?;
        Ok(Self { daemon, port, log })
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.daemon.id()
    }

    /// The answer of `GET /health`.
    ///
    /// # Errors
    ///
    /// No answer, or an error status.
    pub async fn health(&self) -> Result<Value> {
        let answer = reqwest::get(format!("http://127.0.0.1:{}/health", self.port)).await?;
        Ok(serde_json::from_str(&answer.error_for_status()?.text().await?)?)
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.daemon.is_running()
    }

    /// Sends a signal to its own process, not to its readers.
    pub fn signal(&self, signal: Signal) -> Result<()> {
        Ok(nix::sys::signal::kill(Pid::from_raw(i32::try_from(self.id())?), signal)?)
    }

    /// SIGKILL to it and to its readers.
    pub fn kill(&mut self) {
        self.daemon.kill();
    }

    /// SIGTERM; false if it was not gone in time.
    pub fn terminate(&mut self) -> bool {
        self.daemon.terminate(GONE_TIMEOUT)
    }
}
