//! `POST /verification/{id}/escalate`: asks for a human.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::VERIFICATION_ESCALATE)
}
