//! `GET /documents/{id}/download`: a link to the file.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::DOCUMENTS_DOWNLOAD)
}
