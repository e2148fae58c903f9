//! Starts the parts of a worker, waits for the signal to stop, and ends the parts in order.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chrono::{TimeDelta, Utc};
use filot_ocr::device::{DeviceKind, DeviceReport};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::health::{self, HealthContext};
use crate::role::{Machine, Role};
use crate::worker::Worker;
use crate::{connect, heartbeat, poller};
use filot_reader::pool::Supervisors;

/// After the signal: how long documents in flight, and the polls, may go on before documents are given back.
const FINISH: Duration = Duration::from_secs(20);
/// How long giving back may take.
const GIVE_BACK: Duration = Duration::from_secs(5);
/// Time between two comparisons of the machine's clock with the database's.
const CLOCK_INTERVAL: Duration = Duration::from_secs(60);
/// From this on somebody should look after the machine's clock.
const CLOCK_WARN_FROM: TimeDelta = TimeDelta::seconds(2);
/// How long the readers may take to end.
const READERS_END: Duration = Duration::from_secs(3);

/// Why a worker did not start or had to stop.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No reader can work on this machine.
    #[error("no reader can work: {0}")]
    Readers(String),
}

/// The machine, as the role sees it.
pub fn machine(device: &DeviceReport) -> Machine {
    Machine { has_gpu: device.kind == DeviceKind::Gpu, cores: device.cpu.cores }
}

/// Compares the machine's clock with the database's, and says so if it is far off.
async fn measure_clock(worker: &Worker) {
    match worker.clock.measure(&worker.store()).await {
        Ok(offset) if offset.abs() >= CLOCK_WARN_FROM => {
            tracing::warn!(offset_ms = offset.num_milliseconds(), "the machine's clock is off");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "the clock was not compared with the database's"),
    }
}

async fn watch_clock(worker: Arc<Worker>) {
    loop {
        sleep(CLOCK_INTERVAL).await;
        measure_clock(&worker).await;
    }
}

/// Works until `signal`, then finishes or gives back the documents in flight, within 30 s.
///
/// # Errors
/// No reader can work on this machine.
pub async fn run(
    worker: Arc<Worker>,
    role: Role,
    device: DeviceReport,
    supervisors: Supervisors,
    health: TcpListener,
    fingerprint: u64,
    signal: impl Future<Output = &'static str>,
) -> Result<(), RunError> {
    let mut signal = std::pin::pin!(signal);
    let health_end = CancellationToken::new();
    let context = HealthContext {
        worker_id: worker.rules.worker_id.clone(),
        device,
        role: role.clone(),
        status: Arc::clone(&worker.status),
        pool: worker.pool.clone(),
        draining: worker.stop.draining.clone(),
    };
    // Health answers while the models load: the platform should see a starting worker, not a dead one.
    let health = tokio::spawn(health::serve(health, context, health_end.clone()));
    let ready = tokio::select! {
        ready = worker.pool.first_reader() => Some(ready.map_err(RunError::Readers)?),
        name = &mut signal => {
            tracing::info!(signal = name, "stopped before the first reader was ready");
            None
        }
    };
    if let Some(reader) = ready {
        tracing::info!(
            worker = %worker.rules.worker_id,
            engine = %reader.engine,
            model = %reader.models,
            role = %role,
            "the worker is ready"
        );
        measure_clock(&worker).await;
        let clock = tokio::spawn(watch_clock(Arc::clone(&worker)));
        let heartbeat = tokio::spawn(heartbeat::run(Arc::clone(&worker), role.clone()));
        let watch = tokio::spawn(connect::watch(Arc::clone(&worker), fingerprint));
        let mut pollers = JoinSet::new();
        for queue in &role.queues {
            pollers.spawn(poller::run(Arc::clone(&worker), *queue));
        }
        let name = signal.await;
        tracing::info!(signal = name, in_flight = worker.status.in_flight(), "stopping");
        drain(&worker, &mut pollers).await;
        heartbeat.abort();
        watch.abort();
        clock.abort();
    }
    worker.stop.draining.cancel();
    if timeout(READERS_END, supervisors.ended()).await.is_err() {
        tracing::warn!("readers were ended in the middle of a file");
    }
    health_end.cancel();
    health.abort();
    tracing::info!(uptime_s = (Utc::now() - worker.status.started_at()).num_seconds(), "stopped");
    Ok(())
}

/// Stops receiving, lets the documents in flight finish, then gives the rest back.
async fn drain(worker: &Worker, pollers: &mut JoinSet<()>) {
    worker.stop.draining.cancel();
    let mut finished = async || while pollers.join_next().await.is_some() {};
    if timeout(FINISH, finished()).await.is_ok() {
        return;
    }
    tracing::warn!(in_flight = worker.status.in_flight(), "giving back what is not finished");
    worker.stop.give_back.cancel();
    if timeout(GIVE_BACK, finished()).await.is_err() {
        tracing::error!(in_flight = worker.status.in_flight(), "leases are left to run out");
    }
}
