//! At deployment: applies migrations.

use std::process::ExitCode;

use filot_edge::{invoke, tasks};

fn main() -> ExitCode {
    invoke::main(&tasks::MIGRATE)
}
