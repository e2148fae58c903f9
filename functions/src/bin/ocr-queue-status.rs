//! `POST /internal/ocr/queue`: where the queues stand.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::OCR_QUEUE_STATUS)
}
