//! `POST /documents/{id}/process`: queues a document again.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::DOCUMENTS_PROCESS)
}
