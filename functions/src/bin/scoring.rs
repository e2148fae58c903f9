//! Scores a document that was read, and decides.

use std::process::ExitCode;

use filot_edge::{invoke, tasks};

fn main() -> ExitCode {
    invoke::main(&tasks::SCORING)
}
