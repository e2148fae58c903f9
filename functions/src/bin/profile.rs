//! `GET /profile` and `PUT /profile`: what the caller says about themselves.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::PROFILE)
}
