//! The process of the AWS stand-in. Its functions inherit its environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use filot_testkit::aws::{CREDENTIAL, REGION};

use crate::stack::daemon::Daemon;
use crate::{Result, paths};

const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Instances stay warm for longer than any stack runs.
const WARM_S: u32 = 86_400;

/// A running stand-in.
#[derive(Debug)]
pub struct Ministack {
    port: u16,
    _daemon: Daemon,
}

impl Ministack {
    /// Starts it on `port` and waits until it is ready.
    pub async fn start(port: u16, environment: &BTreeMap<String, String>, log: &Path) -> Result<Self> {
        let mut command = Command::new(program());
        command
            // The virtual environment may be read-only.
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("GATEWAY_PORT", port.to_string())
            .env("BIND_HOST", "127.0.0.1")
            .env("MINISTACK_REGION", REGION)
            .env("LAMBDA_WARM_TTL_SECONDS", WARM_S.to_string())
            .envs(aws_environment(port))
            .envs(environment);
        let mut daemon = Daemon::spawn(&mut command, log)?;
        let deadline = Instant::now() + START_TIMEOUT;
        let ready = format!("http://127.0.0.1:{port}/_ministack/ready");
        loop {
            if let Ok(answer) = reqwest::get(&ready).await
                && answer.status().is_success()
            {
                return Ok(Self { port, _daemon: daemon });
            }
            if !daemon.is_running() || Instant::now() > deadline {
                return Err(format!("ministack does not start: see {}", log.display()).into());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Endpoint of every service.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// Variables with which an AWS SDK uses the stand-in.
pub fn aws_environment(port: u16) -> BTreeMap<String, String> {
    [
        ("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}")),
        ("AWS_REGION", REGION.to_owned()),
        ("AWS_DEFAULT_REGION", REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", CREDENTIAL.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", CREDENTIAL.to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}

fn program() -> PathBuf {
    if let Some(named) = std::env::var_os("FILOT_MINISTACK") {
        return named.into();
    }
    let installed = paths::root().join(".local/venv/bin/ministack");
    if installed.is_file() { installed } else { "ministack".into() }
}
