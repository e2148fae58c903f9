//! The reviewer's decision, through the API or the function's own URL.

use std::process::ExitCode;

use filot_edge::{routes, serve};

fn main() -> ExitCode {
    serve::main(routes::REVIEW_CALLBACK)
}
