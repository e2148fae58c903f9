//! `GET /internal/reviews/{reviewId}`: where a review stands.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::REVIEW_GET)
}
