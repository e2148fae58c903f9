//! The AWS stand-in for tests: `ministack` on a free port, or the server that `FILOT_TEST_AWS_URL` names.
//!
//! Every test makes buckets and queues with names of its own, so that one server serves all.

use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use aws_sdk_s3::types::{BucketLocationConstraint, CreateBucketConfiguration};

use crate::process::{Process, free_port};

/// Why a server cannot be started or reached.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Names a server to use instead of starting one.
pub const URL_VARIABLE: &str = "FILOT_TEST_AWS_URL";
/// Names the stand-in's program.
pub const PROGRAM_VARIABLE: &str = "FILOT_MINISTACK";
/// The region and credentials that the stand-in takes.
pub const REGION: &str = "ap-southeast-2";
/// Access key id and secret access key alike.
pub const CREDENTIAL: &str = "test";

const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running stand-in.
#[derive(Debug)]
pub struct Aws {
    url: String,
    _process: Option<Process>,
}

impl Aws {
    /// The server that the environment names, or a new one.
    ///
    /// # Errors
    /// The program is not installed or does not start.
    pub fn start() -> Result<Self, Error> {
        if let Ok(url) = std::env::var(URL_VARIABLE) {
            return Ok(Self { url, _process: None });
        }
        let port = free_port()?;
        let mut command = Command::new(program()?);
        command
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_REGION", REGION);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::spawn(&mut command)?;
        let deadline = Instant::now() + START_TIMEOUT;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if Instant::now() > deadline {
                return Err(format!("ministack on port {port} does not answer").into());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(Self { url: format!("http://127.0.0.1:{port}"), _process: Some(process) })
    }

    /// Endpoint of every service.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A configuration for SDK clients.
    pub async fn sdk_config(&self) -> aws_config::SdkConfig {
        let credentials =
            aws_sdk_s3::config::Credentials::new(CREDENTIAL, CREDENTIAL, None, None, "filot-testkit");
        aws_config::defaults(aws_config::BehaviorVersion::latest())
            .endpoint_url(&self.url)
            .region(aws_config::Region::new(REGION))
            .credentials_provider(credentials)
            .load()
            .await
    }

    /// A new bucket with a name of its own.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn bucket(&self) -> Result<String, Error> {
        let config =
            aws_sdk_s3::config::Builder::from(&self.sdk_config().await).force_path_style(true).build();
        let name = format!("filot-{}", uuid::Uuid::now_v7().simple());
        let place = CreateBucketConfiguration::builder()
            .location_constraint(BucketLocationConstraint::from(REGION))
            .build();
        let client = aws_sdk_s3::Client::from_conf(config);
        client.create_bucket().bucket(&name).create_bucket_configuration(place).send().await?;
        Ok(name)
    }

    /// A new queue with a name of its own; its URL.
    ///
    /// # Errors
    /// The server refuses.
    pub async fn queue(&self) -> Result<String, Error> {
        let name = format!("filot-{}", uuid::Uuid::now_v7().simple());
        let made = aws_sdk_sqs::Client::new(&self.sdk_config().await)
            .create_queue()
            .queue_name(&name)
            .send()
            .await?;
        Ok(made.queue_url.ok_or("the queue has no URL")?)
    }
}

/// The program that the environment names, the one on PATH, or the one that `./dev` installed.
fn program() -> Result<PathBuf, Error> {
    if let Ok(path) = std::env::var(PROGRAM_VARIABLE) {
        return Ok(path.into());
    }
    let on_path = std::env::var_os("PATH").and_then(|path| {
        std::env::split_paths(&path).map(|dir| dir.join("ministack")).find(|file| file.is_file())
    });
    let installed = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.local/venv/bin/ministack"));
    on_path
        .or_else(|| installed.is_file().then_some(installed))
        .ok_or_else(|| "ministack is not installed: run ./dev doctor, or pip install ministack".into())
}
