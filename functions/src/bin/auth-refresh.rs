//! `POST /auth/refresh`: the next pair of tokens.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::AUTH_REFRESH)
}
