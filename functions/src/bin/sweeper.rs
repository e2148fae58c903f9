//! Every minute: repairs lost and stuck documents.

use std::process::ExitCode;

use filot_edge::{invoke, tasks};

fn main() -> ExitCode {
    invoke::main(&tasks::SWEEPER)
}
