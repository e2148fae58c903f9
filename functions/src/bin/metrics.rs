//! `GET /metrics`: counts, as JSON or for Prometheus.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::METRICS)
}
