//! `POST /auth/login`: a Stack Auth token against a session of ours.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::AUTH_LOGIN)
}
