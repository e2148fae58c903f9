//! Every minute and after scoring: sends due reviews to BULI2.

use std::process::ExitCode;

use filot_edge::{invoke, tasks};

fn main() -> ExitCode {
    invoke::main(&tasks::REVIEW_DISPATCH)
}
