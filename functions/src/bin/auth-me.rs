//! `GET /auth/me`: the caller.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::AUTH_ME)
}
