//! `GET /verification/status/{id}`: where a verification stands.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::VERIFICATION_STATUS)
}
