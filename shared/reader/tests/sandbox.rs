//! A reader that was taken over, from the inside: each thing that it would try, in the real confinement (INV-7, INV-8).
//!
//! The double makes the attempts. The same attempts without the confinement succeed, so that a refusal here is the
//! confinement's and not the machine's. Landlock and the filter of system calls are shown one by one as well: each has to hold
//! where the other is missing.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::io::{BufRead, BufReader};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use filot_reader::pool::{Pool, PoolConfig, PoolError, Supervisors};
use filot_reader::process::Death;
use filot_reader::sandbox::Layer;
use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use nix::libc::{EACCES, EMFILE, EPERM};
use nix::unistd::{Uid, geteuid};
use support::{config, double, read, start};
use tokio_util::sync::CancellationToken;

/// A user of nobody's, for a worker that is not root.
const SOMEBODY: u32 = 54_321;

struct Confined {
    pool: Pool,
    _supervisors: Supervisors,
    _draining: CancellationToken,
}

impl Confined {
    /// One reader that is confined as `mode` says; see the double.
    async fn new(mode: &str) -> Self {
        let args: &[&str] = if mode.is_empty() { &[] } else { &[mode] };
        let (pool, supervisors, draining) = start(config(1, args));
        pool.first_reader().await.unwrap();
        Self { pool, _supervisors: supervisors, _draining: draining }
    }

    /// What an attempt got: `Ok`, or the number of the refusal.
    async fn attempt(&self, what: &str) -> Result<String, i32> {
        let said = read(&self.pool, &format!("try {what}")).await.unwrap();
        match said.split_once(' ') {
            Some(("got", got)) => Ok(got.to_owned()),
            Some(("refused", number)) => Err(number.parse().unwrap()),
            _ => panic!("{what}: {said}"),
        }
    }

    async fn is_refused(&self, attempts: &[&str]) {
        for what in attempts {
            let refused = self.attempt(what).await;
            assert!(matches!(refused, Err(EPERM | EACCES | EMFILE)), "{what}: {refused:?}");
        }
    }

    /// The attempt ends the reader, as somebody's who has taken it over; the next one is well.
    async fn is_ended(&self, attempts: &[&str]) {
        for what in attempts {
            let ended = read(&self.pool, &format!("try {what}")).await;
            assert_eq!(ended, Err(PoolError::Died(Death::Forbidden)), "{what}");
            assert!(read(&self.pool, "read").await.unwrap().contains("asked 1 "), "after {what}");
        }
    }
}

/// The attempts on files, with the worker as their victim.
fn on_files(folder: &Path) -> Vec<String> {
    let worker = std::process::id();
    vec![
        "read /etc/passwd".to_owned(),
        format!("read /proc/{worker}/environ"),
        format!("read /proc/{worker}/maps"),
        format!("rewrite /proc/{worker}/mem"),
        format!("list /proc/{worker}/fd"),
        "list /".to_owned(),
        format!("create {}", folder.join("left").display()),
    ]
}

/// The attempts that end a reader, with this process as their victim.
fn on_others() -> Vec<String> {
    let worker = std::process::id();
    vec![
        "socket".to_owned(),
        "connect 127.0.0.1:1".to_owned(),
        "execute".to_owned(),
        format!("trace {worker}"),
        format!("memory-of {worker}"),
        format!("signal {worker}"),
        "root".to_owned(),
        "namespace".to_owned(),
    ]
}

fn texts(attempts: &[String]) -> Vec<&str> {
    attempts.iter().map(String::as_str).collect()
}

#[tokio::test]
async fn inv_7_a_reader_opens_lists_and_writes_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let confined = Confined::new("").await;
    confined.is_refused(&texts(&on_files(folder.path()))).await;
    confined.is_refused(&["memory-file", "duplicate"]).await;
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn inv_7_a_reader_reaches_no_network_program_or_process() {
    Confined::new("").await.is_ended(&texts(&on_others())).await;
}

#[tokio::test]
async fn inv_8_a_reader_makes_no_process_thread_or_code() {
    let confined = Confined::new("").await;
    let limits = format!("limits-of {}", std::process::id());
    confined.is_refused(&["fork", "code", &limits, "limits-of 0"]).await;
    // The library reports a thread that it could not make in its own way.
    assert!(confined.attempt("thread").await.is_err());
}

#[tokio::test]
async fn without_the_confinement_the_attempts_succeed() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = Confined::new("unconfined").await;
    let worker = std::process::id();
    let connect = format!("connect {}", listener.local_addr().unwrap());
    let others = ["socket", "code", "memory-file", "duplicate", &connect, &format!("signal {worker}")];
    let limits = ["limits-of 0".to_owned()];
    for what in texts(&on_files(folder.path())).iter().chain(&others).chain(&texts(&limits)) {
        if what.starts_with("create") {
            // The limit on the size of files ends the reader.
            assert_eq!(read(&free.pool, &format!("try {what}")).await, Err(PoolError::Died(Death::Crashed)));
            continue;
        }
        // Not every machine lets a user's processes read each other.
        let may_fail = what.contains("/proc/") && !geteuid().is_root();
        let got = free.attempt(what).await;
        assert!(got.is_ok() || may_fail, "{what}: {got:?}");
    }
    // The program that it becomes speaks no protocol.
    assert_eq!(read(&free.pool, "try execute").await, Err(PoolError::Died(Death::Crashed)));
}

#[tokio::test]
async fn the_filter_alone_holds_where_landlock_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let confined = Confined::new("filter").await;
    confined.is_refused(&texts(&on_files(folder.path()))).await;
    confined.is_refused(&["memory-file", "fork", "code"]).await;
    confined.is_ended(&texts(&on_others())).await;
}

#[tokio::test]
async fn landlock_alone_holds_where_the_filter_is_missing() {
    let worker = std::process::id();
    let (pool, _supervisors, _draining) =
        start(PoolConfig { start_limit: Duration::from_secs(5), ..config(1, &["landlock"]) });
    if pool.first_reader().await.is_err() {
        eprintln!("this kernel has no Landlock: nothing to show");
        return;
    }
    let confined = Confined { pool, _supervisors, _draining };
    let folder = tempfile::tempdir().unwrap();
    // It hides what is in `/proc/<pid>` of processes outside as `ptrace` would, and does not hide their names.
    confined.is_refused(&texts(&on_files(folder.path()))).await;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let connect = format!("connect {}", listener.local_addr().unwrap());
    confined.is_refused(&[&connect, &format!("signal {worker}"), &format!("trace {worker}")]).await;
    confined.is_refused(&[&format!("memory-of {worker}")]).await;
}

#[tokio::test]
async fn inv_7_a_reader_inherits_no_variable_and_no_descriptor() {
    // As a library of the worker might open one: `exec` does not close it.
    let secret = std::fs::File::open("/etc/passwd").unwrap();
    fcntl(&secret, FcntlArg::F_SETFD(FdFlag::empty())).unwrap();
    let mut config = config(1, &[]);
    config.command.env = vec![("LANG".into(), "C".into())];
    let (pool, supervisors, draining) = start(config);
    let confined = Confined { pool, _supervisors: supervisors, _draining: draining };
    assert_eq!(confined.attempt("environment").await.unwrap(), "LANG");
    let open = confined.attempt("descriptors").await.unwrap();
    // stdin, stdout (which is stderr now), stderr, and the pipe that was stdout with the double's own copy of it.
    assert_eq!(open, "0 1 2 3 4", "{}", secret.as_raw_fd());
}

#[tokio::test]
async fn a_reader_beyond_its_processor_time_is_ended() {
    let (pool, _supervisors, _draining) =
        start(PoolConfig { read_limit: Duration::from_secs(600), ..config(1, &[]) });
    assert_eq!(read(&pool, "spin").await, Err(PoolError::Died(Death::OutOfTime)));
}

#[tokio::test]
async fn a_reader_says_which_protections_are_missing() {
    let (pool, _supervisors, _draining) = start(config(1, &[]));
    let missing = pool.first_reader().await.unwrap().missing.missing;
    // Root can have a user of its own, and nobody else.
    assert_eq!(missing.contains(&Layer::User), !geteuid().is_root());
    // A double with Landlock alone starts where the kernel has it.
    let (alone, _supervisors, _draining) = start(config(1, &["landlock"]));
    assert_eq!(missing.contains(&Layer::Landlock), alone.first_reader().await.is_err());
}

/// A process that waits until it is dropped.
struct Waiting(Child);

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Waiting {
    /// The double as a worker of a user that is not root.
    fn start(program: &Path, mode: &str) -> Self {
        let mut command = Command::new(program);
        command.arg(mode).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut waiting = Self(as_somebody(&mut command).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(waiting.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "here\n");
        waiting
    }

    /// Whether another process of the same user reads a file of its folder in `/proc`.
    fn is_open(&self, file: &str) -> bool {
        let mut command = Command::new("cat");
        command.arg(format!("/proc/{}/{file}", self.0.id())).stdout(Stdio::null()).stderr(Stdio::null());
        as_somebody(&mut command).status().unwrap().success()
    }
}

fn as_somebody(command: &mut Command) -> &mut Command {
    if geteuid().is_root() {
        command.uid(SOMEBODY).gid(SOMEBODY)
    } else {
        command.uid(Uid::current().as_raw())
    }
}

#[test]
fn inv_7_a_worker_hides_from_the_processes_of_its_user() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("worker");
    std::fs::copy(double(), &program).unwrap();
    for (mode, open) in [("plain", true), ("hidden", false)] {
        let worker = Waiting::start(&program, mode);
        for file in ["environ", "maps", "auxv"] {
            assert_eq!(worker.is_open(file), open, "{mode} {file}");
        }
    }
}
