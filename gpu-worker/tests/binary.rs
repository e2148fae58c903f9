//! The binary itself, with real readers, as the container platform sees it.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod support;

use std::io::Cursor;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use filot_domain::retry::QueueKind;
use filot_domain::{CardKind, DocumentStatus, ReasonCode};
use filot_testkit::aws::{CREDENTIAL, REGION};
use filot_testkit::process::{children_of, free_port};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use support::{SEALING_KEY, Stage};

const BINARY: &str = env!("CARGO_BIN_EXE_gpu-worker");

/// A grey picture without a card.
fn picture() -> Vec<u8> {
    let mut png = Cursor::new(Vec::new());
    let image = image::GrayImage::from_pixel(400, 250, image::Luma([200]));
    image.write_to(&mut png, image::ImageFormat::Png).unwrap();
    png.into_inner()
}

/// A worker process; killed with the test.
struct Running {
    child: Child,
    port: u16,
    /// What it wrote to standard output.
    log: tempfile::NamedTempFile,
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    async fn start(stage: &Stage) -> Self {
        Self::start_as(Command::new(BINARY), stage).await
    }

    /// Starts what `command` names, with the worker's environment.
    async fn start_as(mut command: Command, stage: &Stage) -> Self {
        let port = free_port().unwrap();
        let config = &stage.objects_config;
        let log = tempfile::NamedTempFile::new().unwrap();
        let child = command
            .env_clear()
            .env("FILOT_ENV", "local")
            .env("PORT", port.to_string())
            .env("WORKER_QUEUES", "both")
            .env("OCR_READERS", "1")
            .env("OCR_GPU_CONCURRENCY", "2")
            .env("OCR_LEASE_S", "5")
            .env("OCR_READER_DEADLINE_S", "300")
            .env("DATABASE_WORKER_URL", stage.worker_url())
            .env("SEALING_KEY", SEALING_KEY)
            .env("REDIS_URL", stage.redis.url())
            .env("CF_R2_ENDPOINT", &config.endpoint)
            .env("CF_R2_ACCESS_KEY_ID", CREDENTIAL)
            .env("CF_R2_SECRET_ACCESS_KEY", CREDENTIAL)
            .env("CF_R2_BUCKET_NAME", &config.bucket)
            .env("CF_R2_REGION", REGION)
            .env("OCR_GPU_QUEUE_URL", &stage.queue_urls[0])
            .env("OCR_CPU_QUEUE_URL", &stage.queue_urls[1])
            .env("SCORING_FUNCTION", "scoring")
            .env("AWS_REGION", REGION)
            .env("AWS_ACCESS_KEY_ID", CREDENTIAL)
            .env("AWS_SECRET_ACCESS_KEY", CREDENTIAL)
            .env("AWS_ENDPOINT_URL", stage.aws.url())
            .env("AWS_ENDPOINT_URL_LAMBDA", &stage.scoring.url)
            .stdout(Stdio::from(log.reopen().unwrap()))
            .spawn()
            .unwrap();
        let running = Self { child, port, log };
        running.until(|health| health["status"] == "ok").await;
        running
    }

    /// Its log lines with this message.
    fn lines(&self, message: &str) -> Vec<Value> {
        let log = std::fs::read_to_string(self.log.path()).unwrap();
        let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["message"] == message).collect()
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }

    async fn health(&self) -> Option<(u16, Value)> {
        let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        let url = format!("http://127.0.0.1:{}/health", self.port);
        let answer = client.get(url).send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.ok()?))
    }

    /// Waits until health says something.
    async fn until(&self, says: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        let mut last = None;
        while began.elapsed() < Duration::from_secs(60) {
            last = self.health().await;
            if let Some((_, health)) = &last
                && says(health)
            {
                return health.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("{last:?}")
    }

    /// Waits until the process ended; its exit status.
    async fn ended(&mut self, limit: Duration) -> Option<i32> {
        let began = Instant::now();
        while began.elapsed() < limit {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("still there after {limit:?}")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_reader_reads_and_sigterm_ends_with_zero() {
    let stage = Stage::new().await;
    let mut worker = Running::start(&stage).await;
    let (status, health) = worker.health().await.unwrap();
    assert_eq!(status, 200);
    assert_eq!(health["engine"], "tesseract");
    assert_eq!(health["readers"]["alive"], 1);
    assert_eq!(health["concurrency"], 2);
    assert!(health["device"]["explanation"].is_string(), "{health}");
    let id = stage.upload_silently(&picture(), QueueKind::Cpu).await;
    stage.send(id, QueueKind::Cpu).await;
    let view = stage.until(id, DocumentStatus::OcrCompleted).await;
    assert_eq!((view.card, view.attempts), (Some(CardKind::Unknown), 0));
    let damaged = stage.upload_silently(b"no picture", QueueKind::Cpu).await;
    stage.send(damaged, QueueKind::Cpu).await;
    stage.until(damaged, DocumentStatus::Failed).await;
    stage.until_empty(QueueKind::Cpu).await;
    worker.until(|health| health["queues"]["cpu"]["reachable"] == true).await;
    let lines = worker.lines("the file cannot be read");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(lines[0]["documentId"], damaged.to_string());
    assert_eq!(lines[0]["reason"], ReasonCode::FileUnreadable.to_string());
    assert!(lines[0]["detail"].as_str().is_some_and(|text| !text.is_empty()), "{lines:?}");
    let readers = children_of(worker.child.id(), "gpu-worker");
    assert_eq!(readers.len(), 1);
    kill(worker.pid(), Signal::SIGTERM).unwrap();
    assert_eq!(worker.ended(Duration::from_secs(30)).await, Some(0));
    assert!(!std::path::Path::new(&format!("/proc/{}", readers[0])).exists(), "a reader is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn inv_1_a_worker_killed_in_the_middle_is_followed_by_another() {
    let stage = Stage::new().await;
    let mut first = Running::start(&stage).await;
    let reader = children_of(first.child.id(), "gpu-worker")[0];
    // The reader stands still, so the document is certainly not finished when the worker dies.
    kill(Pid::from_raw(reader), Signal::SIGSTOP).unwrap();
    let id = stage.upload_silently(&picture(), QueueKind::Cpu).await;
    stage.send(id, QueueKind::Cpu).await;
    first.until(|health| health["readers"]["busy"] == 1).await;
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let began = Instant::now();
    while std::fs::read_to_string(format!("/proc/{reader}/stat")).is_ok_and(|stat| !stat.contains(") Z ")) {
        assert!(began.elapsed() < Duration::from_secs(5), "the reader outlives its worker");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _second = Running::start(&stage).await;
    let view = stage.until(id, DocumentStatus::OcrCompleted).await;
    let read = view.timeline.iter().filter(|entry| entry.event == "read").count();
    let lost = view.timeline.iter().any(|entry| entry.reason == Some(ReasonCode::WorkerLost));
    assert_eq!((read, view.attempts, lost), (1, 1, true));
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_gives_unfinished_work_back_within_thirty_seconds() {
    let stage = Stage::new().await;
    let mut worker = Running::start(&stage).await;
    let reader = children_of(worker.child.id(), "gpu-worker")[0];
    kill(Pid::from_raw(reader), Signal::SIGSTOP).unwrap();
    let id = stage.upload_silently(&picture(), QueueKind::Cpu).await;
    stage.send(id, QueueKind::Cpu).await;
    worker.until(|health| health["readers"]["busy"] == 1).await;
    kill(worker.pid(), Signal::SIGTERM).unwrap();
    worker.until(|health| health["status"] == "draining").await;
    assert_eq!(worker.health().await.unwrap().0, 503);
    assert_eq!(worker.ended(Duration::from_secs(30)).await, Some(0));
    let view = stage.view(id).await;
    assert_eq!((view.attempts, view.timeline.last().unwrap().event.as_str()), (0, "given_back"));
    let there = stage.queues.get(QueueKind::Cpu).attributes().await.unwrap();
    assert_eq!((there.visible, there.in_flight), (1, 0));
    assert!(!std::path::Path::new(&format!("/proc/{reader}")).exists(), "a reader is left over");
}

#[tokio::test(flavor = "multi_thread")]
async fn inv_7_a_real_reader_is_confined() {
    let stage = Stage::new().await;
    let worker = Running::start(&stage).await;
    let reader = children_of(worker.child.id(), "gpu-worker")[0];
    let about = |file: &str| std::fs::read_to_string(format!("/proc/{reader}/{file}")).unwrap();
    let status = about("status");
    for line in ["Seccomp:\t2", "NoNewPrivs:\t1", "Threads:\t1"] {
        assert!(status.contains(line), "{line} is not in {status}");
    }
    let limits = about("limits");
    for name in ["Max processes", "Max open files", "Max file size", "Max core file size"] {
        let line = limits.lines().find(|line| line.starts_with(name)).unwrap();
        let bounds: Vec<_> = line[name.len()..].split_whitespace().take(2).collect();
        assert_eq!(bounds, ["0", "0"], "{line}");
    }
    if nix::unistd::geteuid().is_root() {
        assert!(
            status.contains("Uid:\t65534\t65534") && status.contains("CapEff:\t0000000000000000"),
            "{status}"
        );
    }
    // It reads cards all the same: `a_real_reader_reads_and_sigterm_ends_with_zero`.
}

#[tokio::test(flavor = "multi_thread")]
async fn inv_7_a_real_worker_hides_from_its_user() {
    let stage = Stage::new().await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("gpu-worker");
    std::fs::copy(BINARY, &program).unwrap();
    let mut command = Command::new(&program);
    let is_root = nix::unistd::geteuid().is_root();
    if is_root {
        // As in the image, where the worker is no root: nothing but its own wish hides it.
        command.uid(10_001).gid(10_001);
    }
    let worker = Running::start_as(command, &stage).await;
    let folder = format!("/proc/{}", worker.child.id());
    let status = std::fs::read_to_string(format!("{folder}/status")).unwrap();
    assert!(!is_root || status.contains("Uid:\t10001"), "{status}");
    // The kernel gives the folder of a hidden process to root.
    assert_eq!(std::fs::metadata(format!("{folder}/environ")).unwrap().uid(), 0);
    let id = stage.upload_silently(&picture(), QueueKind::Cpu).await;
    stage.send(id, QueueKind::Cpu).await;
    stage.until(id, DocumentStatus::OcrCompleted).await;
}

fn run(env: &[(&str, &str)], args: &[&str]) -> Output {
    Command::new(BINARY).env_clear().envs(env.iter().copied()).args(args).output().unwrap()
}

#[test]
fn an_unusable_configuration_names_every_problem() {
    let output = run(&[("FILOT_ENV", "local"), ("PORT", "x"), ("WORKER_QUEUES", "tpu")], &["run"]);
    assert_eq!(output.status.code(), Some(78));
    let said = String::from_utf8(output.stderr).unwrap();
    for name in [
        "DATABASE_WORKER_URL",
        "REDIS_URL",
        "CF_R2_BUCKET_NAME",
        "OCR_GPU_QUEUE_URL",
        "PORT",
        "WORKER_QUEUES",
    ] {
        assert!(said.contains(name), "{name} is not in {said}");
    }
}

#[test]
fn help_names_the_settings_and_hides_the_reader() {
    let output = run(&[], &["--help"]);
    assert!(output.status.success());
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(said.contains("WORKER_QUEUES") && said.contains("SIGTERM"));
    assert!(!said.contains("Read files from stdin"), "{said}");
}

#[test]
fn a_reader_without_its_worker_does_not_start() {
    let bounds = ["--memory-mb", "1024", "--file-s", "20", "--files", "10"];
    let args = [&["reader", "--engine", "tesseract", "--parent", "1"], &bounds[..]].concat();
    let output = run(&[], &args);
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8(output.stderr).unwrap().contains("the worker is gone"));
}
