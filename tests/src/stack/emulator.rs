//! A function under AWS's own runtime interface emulator, which the Lambda images and `sam local` use too. It is part
//! of the `aws-sam-cli` package, which `./dev test` installs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use filot_testkit::process::free_port;
use serde_json::Value;

use crate::stack::daemon::Daemon;
use crate::{Result, paths};

const PATIENCE: Duration = Duration::from_secs(60);

/// A program behind the emulator.
#[derive(Debug)]
pub struct Emulator {
    _daemon: Daemon,
    url: String,
    http: reqwest::Client,
}

impl Emulator {
    /// Starts the emulator with a function's program, and waits until it takes events.
    pub async fn start(function: &str, environment: &BTreeMap<String, String>, log: &Path) -> Result<Self> {
        let (port, runtime) = (free_port()?, free_port()?);
        let mut command = Command::new(program()?);
        command
            .args(["--runtime-interface-emulator-address", &format!("127.0.0.1:{port}")])
            .args(["--runtime-api-address", &format!("127.0.0.1:{runtime}")])
            .arg(paths::program(function)?)
            .envs(environment)
            .env("AWS_LAMBDA_FUNCTION_NAME", function)
            .env("AWS_LAMBDA_FUNCTION_TIMEOUT", "60");
        let mut daemon = Daemon::spawn(&mut command, log)?;
        let deadline = Instant::now() + PATIENCE;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if !daemon.is_running() || Instant::now() > deadline {
                return Err(
                    format!("the emulator of {function} does not start: see {}", log.display()).into()
                );
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        let url = format!("http://127.0.0.1:{port}/2015-03-31/functions/function/invocations");
        Ok(Self {
            _daemon: daemon,
            url,
            http: reqwest::Client::builder().no_proxy().timeout(PATIENCE).build()?,
        })
    }

    /// Sends one event and returns the answer. A function that fails answers with an `errorType`.
    pub async fn invoke(&self, event: &Value) -> Result<Value> {
        let answer = self.http.post(&self.url).body(event.to_string()).send().await?;
        let text = answer.text().await?;
        serde_json::from_str(&text).map_err(|error| format!("{error}: {text}").into())
    }
}

/// Where the emulator is: in the virtual environment that `./dev` made.
fn program() -> Result<PathBuf> {
    let arch = if cfg!(target_arch = "aarch64") { "arm64" } else { "x86_64" };
    let library = paths::root().join(".local/aws/lib");
    let versions =
        std::fs::read_dir(&library).map_err(|_| "no .local/aws: run ./dev test once, or ./dev doctor")?;
    for version in versions {
        let inside = format!("site-packages/samcli/local/rapid/aws-lambda-rie-{arch}");
        let found = version?.path().join(inside);
        if found.is_file() {
            return Ok(found);
        }
    }
    Err(format!("no runtime interface emulator below {}", library.display()).into())
}
