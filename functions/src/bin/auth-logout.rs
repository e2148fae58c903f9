//! `POST /auth/logout`: ends the session.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::AUTH_LOGOUT)
}
