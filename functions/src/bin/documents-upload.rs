//! `POST /documents/upload`: takes a document.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::DOCUMENTS_UPLOAD)
}
