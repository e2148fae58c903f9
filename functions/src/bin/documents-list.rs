//! `GET /documents`: the caller's documents.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::DOCUMENTS_LIST)
}
