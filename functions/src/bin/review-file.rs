//! `GET /internal/reviews/{reviewId}/file`: shows the reviewer the card.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::REVIEW_FILE)
}
