//! `GET /documents/{id}`: one document of the caller's.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::DOCUMENTS_GET)
}
