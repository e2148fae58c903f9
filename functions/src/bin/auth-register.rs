//! `POST /auth/register`: a user of ours for a Stack Auth account.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::AUTH_REGISTER)
}
