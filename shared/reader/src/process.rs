//! One reader process as the worker sees it: start it, ask it, end it.
//!
//! Owns the child and its three pipes. It must not know queues, leases or retries.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use filot_domain::{CardReading, DocumentType, ReasonCode};
use nix::sys::signal::Signal;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::task::JoinHandle;
use tokio::time::timeout;

use crate::child::{ReadCard, Unreadable};
use crate::protocol::{Answer, ProtocolError, Question, receive_frame, send_frame};
use crate::sandbox::Report;

/// Longest line of a reader's stderr that is passed on, in bytes.
const LINE_BYTES_MAX: u64 = 512;
/// How long a process that was killed, or closed its pipe, may take to be gone.
const END_WAIT: Duration = Duration::from_secs(2);

/// What the filter of system calls ends a reader with.
pub(crate) const FORBIDDEN: Signal = Signal::SIGSYS;

/// How to start a reader.
#[derive(Debug, Clone)]
pub struct ReaderCommand {
    /// The binary: the worker's own.
    pub program: PathBuf,
    /// The arguments that make it a reader.
    pub args: Vec<OsString>,
    /// All of its environment: it must not inherit secrets.
    pub env: Vec<(OsString, OsString)>,
}

/// A reader's first answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReaderInfo {
    /// The line engine, with its version.
    pub engine: String,
    /// Directory of its models, or `default`.
    pub models: String,
    /// The protections that the platform does not have.
    pub missing: Report,
}

/// Why a reader did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The process says that it cannot work: models missing, for example.
    #[error("the reader cannot work: {0}")]
    Unable(String),
    /// The process could not be started, died or broke the protocol.
    #[error("the reader did not start")]
    Broken(#[source] ProtocolError),
    /// The process was not ready in time.
    #[error("the reader was not ready within {0:?}")]
    Slow(Duration),
}

/// The cause of a reader's end in the middle of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Death {
    /// It ended by itself, or broke the protocol.
    Crashed,
    /// It asked for more memory than it may have.
    OutOfMemory,
    /// It did not answer in time.
    OutOfTime,
    /// It made a system call that only somebody makes who has taken it over.
    Forbidden,
}

impl Death {
    /// The reason that is recorded as the document's failed attempt.
    pub const fn reason(self) -> ReasonCode {
        match self {
            Self::Crashed | Self::Forbidden => ReasonCode::ReaderCrashed,
            Self::OutOfMemory | Self::OutOfTime => ReasonCode::ReaderExhausted,
        }
    }
}

/// The answer to one question, or the death of the process that was asked.
pub type Reply = Result<Result<ReadCard, Unreadable>, Death>;

/// A running reader.
#[derive(Debug)]
pub struct ReaderProcess {
    child: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
    stderr: JoinHandle<()>,
    out_of_memory: Arc<AtomicBool>,
    questions: u64,
}

impl ReaderProcess {
    /// Starts a reader and waits until its models are loaded.
    ///
    /// The kernel kills the reader when the *thread* that started it ends; the threads of the runtime live as long as
    /// the worker does.
    ///
    /// # Errors
    /// The reader says that it cannot work, or does not speak the protocol, or is not ready in time.
    pub async fn start(command: &ReaderCommand, limit: Duration) -> Result<(Self, ReaderInfo), StartError> {
        let broken = |error: std::io::Error| StartError::Broken(error.into());
        let mut child = Command::new(&command.program)
            .args(&command.args)
            .env_clear()
            .envs(command.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Ctrl-C in a terminal must reach the worker alone: a reader it killed would cost its document an attempt.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(broken)?;
        let missing = || broken(std::io::ErrorKind::BrokenPipe.into());
        let stdin = child.stdin.take().ok_or_else(missing)?;
        let stdout = BufReader::new(child.stdout.take().ok_or_else(missing)?);
        let out_of_memory = Arc::new(AtomicBool::new(false));
        let stderr = child.stderr.take().ok_or_else(missing)?;
        let stderr = tokio::spawn(pass_on(stderr, child.id(), Arc::clone(&out_of_memory)));
        let mut reader = Self { child, stdin, stdout, stderr, out_of_memory, questions: 0 };
        match timeout(limit, receive_frame::<_, Answer>(&mut reader.stdout)).await {
            Ok(Ok((Answer::Ready { engine, models, missing }, _))) => {
                Ok((reader, ReaderInfo { engine, models, missing }))
            }
            Ok(Ok((Answer::Unable { message }, _))) => Err(StartError::Unable(message)),
            Ok(Ok(_)) => Err(StartError::Broken(ProtocolError::OutOfTurn)),
            Ok(Err(error)) => Err(StartError::Broken(error)),
            Err(_) => Err(StartError::Slow(limit)),
        }
    }

    /// Its process id while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// How many questions it was asked.
    pub const fn questions(&self) -> u64 {
        self.questions
    }

    /// Waits until the process ends by itself; the signal that ended it, if one did.
    pub async fn ended(&mut self) -> Option<Signal> {
        signal_of(self.child.wait().await.ok()?)
    }

    /// Asks it to read one file. After a `Death` the process is of no more use.
    ///
    /// # Errors
    /// How the process ended on this file.
    pub async fn ask(&mut self, file: &[u8], claimed: Option<DocumentType>, deadline: Duration) -> Reply {
        match timeout(deadline, self.converse(file, claimed)).await {
            Ok(Ok(reply)) => Ok(reply),
            Ok(Err(error)) => {
                tracing::debug!(error = %error, "the conversation with a reader ended");
                Err(self.cause_of_death().await)
            }
            Err(_) => Err(Death::OutOfTime),
        }
    }

    async fn converse(
        &mut self,
        file: &[u8],
        claimed: Option<DocumentType>,
    ) -> Result<Result<ReadCard, Unreadable>, ProtocolError> {
        self.questions += 1;
        let asked = self.questions;
        send_frame(&mut self.stdin, &Question { job: asked, claimed }, file).await?;
        match receive_frame::<_, Answer>(&mut self.stdout).await? {
            (Answer::Read { job, stage_ms }, body) if job == asked => {
                let reading: CardReading = serde_json::from_slice(&body).map_err(ProtocolError::Header)?;
                Ok(Ok(ReadCard { reading, stage_ms: BTreeMap::from_iter(stage_ms) }))
            }
            (Answer::Unreadable { job, reason, message }, _) if job == asked => {
                Ok(Err(Unreadable { reason, message }))
            }
            _ => Err(ProtocolError::OutOfTurn),
        }
    }

    /// Why a process that broke off died. What it last said tells memory from other causes.
    async fn cause_of_death(&mut self) -> Death {
        let _ = self.child.start_kill();
        let ended = timeout(END_WAIT, self.child.wait()).await;
        let _ = timeout(END_WAIT, &mut self.stderr).await;
        match ended.ok().and_then(Result::ok).and_then(signal_of) {
            Some(FORBIDDEN) => Death::Forbidden,
            Some(Signal::SIGXCPU) => Death::OutOfTime,
            _ if self.out_of_memory.load(Ordering::Relaxed) => Death::OutOfMemory,
            _ => Death::Crashed,
        }
    }

    /// Kills the process and collects it.
    pub async fn kill(mut self) {
        let _ = self.child.start_kill();
        if timeout(END_WAIT, self.child.wait()).await.is_err() {
            tracing::warn!("a killed reader does not end");
        }
    }

    /// Lets the process end by itself: its input closes.
    pub async fn retire(self) {
        let Self { mut child, stdin, stdout, .. } = self;
        drop((stdin, stdout));
        if timeout(END_WAIT, child.wait()).await.is_err() {
            let _ = child.start_kill();
            let _ = timeout(END_WAIT, child.wait()).await;
        }
    }
}

/// The signal that ended a process, if one did.
fn signal_of(status: ExitStatus) -> Option<Signal> {
    status.signal().and_then(|number| Signal::try_from(number).ok())
}

/// Passes a reader's stderr on as log lines, each bounded, masked by the log like any other line.
async fn pass_on(stderr: ChildStderr, pid: Option<u32>, out_of_memory: Arc<AtomicBool>) {
    let mut stderr = BufReader::new(stderr);
    let mut line = Vec::new();
    loop {
        line.clear();
        match (&mut stderr).take(LINE_BYTES_MAX).read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if tells_of_memory(text) {
            out_of_memory.store(true, Ordering::Relaxed);
        }
        if !text.is_empty() {
            tracing::warn!(reader_pid = pid, line = %text, "a reader says");
        }
    }
}

/// Whether a line is the last word of Rust's allocator or of C++'s when memory is refused.
fn tells_of_memory(line: &str) -> bool {
    line.contains("memory allocation of") || line.contains("std::bad_alloc")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refused_memory_counts_as_memory() {
        assert!(tells_of_memory("memory allocation of 1073741824 bytes failed"));
        assert!(tells_of_memory("  what():  std::bad_alloc"));
        assert!(!tells_of_memory("the reader panicked at src/lib.rs:1:1"));
    }
}
