//! Pools of readers that are test doubles.

use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use filot_domain::DocumentType;
use filot_domain::retry::Backoff;
use filot_reader::pool::{Pool, PoolConfig, PoolError, Supervisors};
use filot_reader::process::ReaderCommand;
use tokio_util::sync::CancellationToken;

/// Where cargo puts the test double: beside the folder of this test's binary.
pub fn double() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here.parent().unwrap().parent().unwrap().join("examples/reader_double");
    assert!(path.exists(), "{} is not built: cargo build -p filot-reader --examples", path.display());
    path
}

pub fn config(readers: usize, args: &[&str]) -> PoolConfig {
    PoolConfig {
        command: ReaderCommand {
            program: double(),
            args: args.iter().map(Into::into).collect(),
            env: Vec::new(),
        },
        readers,
        waiting_max: 8,
        start_limit: Duration::from_secs(20),
        read_limit: Duration::from_secs(20),
        wait_limit: Duration::from_secs(20),
        restart: Backoff { base: TimeDelta::milliseconds(10), cap: TimeDelta::milliseconds(50) },
        files_per_reader_max: 1000,
    }
}

pub fn start(config: PoolConfig) -> (Pool, Supervisors, CancellationToken) {
    let draining = CancellationToken::new();
    let (pool, supervisors) = Pool::start(config, draining.clone());
    (pool, supervisors, draining)
}

pub async fn read(pool: &Pool, command: &str) -> Result<String, PoolError> {
    pool.read(Bytes::copy_from_slice(command.as_bytes()), Some(DocumentType::Ktp))
        .await
        .map(|card| card.reading.text)
}
