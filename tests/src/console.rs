//! Progress of a command, on standard error, so that standard output holds only results.

use std::io::Write;

/// Prints one step of the command.
pub fn say(step: &str) {
    // Progress that nobody can read is no reason to stop.
    let _ = writeln!(std::io::stderr(), "== {step}");
}
