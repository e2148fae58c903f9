//! Every minute: repairs what was lost or is stuck.

use std::process::ExitCode;

use filot_edge::{invoke, tasks};

fn main() -> ExitCode {
    invoke::main(&tasks::SWEEPER)
}
