//! The main of every function's program: logs, an asynchronous runtime, and one future that runs until Lambda ends the
//! process. It must not know routes or tasks.

use std::process::ExitCode;

use filot_platform::{Role, telemetry};

/// Runs a function's program on this thread: Lambda gives an instance one event at a time.
pub(crate) fn run(role: Role, work: impl Future<Output = Result<(), lambda_runtime::Error>>) -> ExitCode {
    telemetry::init(role.name());
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "there is no asynchronous runtime");
            return ExitCode::FAILURE;
        }
    };
    match runtime.block_on(work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(%error, "the function cannot start");
            ExitCode::FAILURE
        }
    }
}
