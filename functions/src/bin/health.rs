//! `GET /health`: whether the parts that are needed answer.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::HEALTH)
}
