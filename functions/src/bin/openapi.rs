//! `GET /openapi.json`: what this API takes and gives.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::OPENAPI)
}
