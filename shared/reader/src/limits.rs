//! The bounds a reader process puts on itself before it touches the first byte of an untrusted file.
//!
//! They are set by the process itself, not between fork and exec, because nothing untrusted has run by then and safe
//! code can do it.

use std::fs;

use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};

/// Why the bounds could not be set. A reader without them does not start.
#[derive(Debug, thiserror::Error)]
pub enum LimitsError {
    /// The kernel refused.
    #[error("cannot set {what}")]
    Refused {
        /// The bound.
        what: &'static str,
        /// Its answer.
        #[source]
        source: nix::Error,
    },
    /// The worker was gone before the reader could ask to die with it.
    #[error("the worker is gone")]
    Orphan,
}

/// Binds this process to `memory_mb` MiB of address space and to the life of process `parent`.
///
/// No core dumps: a core would hold the card. No new privileges. First in line for the kernel's out-of-memory killer,
/// so that a reader dies before the worker that holds leases.
///
/// # Errors
/// The kernel refused a bound, or the parent is gone.
pub fn apply(memory_mb: u64, parent: u32) -> Result<(), LimitsError> {
    let refused = |what| move |source| LimitsError::Refused { what, source };
    let bytes = memory_mb.saturating_mul(1024 * 1024);
    setrlimit(Resource::RLIMIT_CORE, 0, 0).map_err(refused("the core size"))?;
    setrlimit(Resource::RLIMIT_AS, bytes, bytes).map_err(refused("the address space"))?;
    prctl::set_no_new_privs().map_err(refused("no new privileges"))?;
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(refused("the parent-death signal"))?;
    // The worker may have died before the line above; then nobody would send that signal.
    if getppid() != Pid::from_raw(i32::try_from(parent).unwrap_or(i32::MAX)) {
        return Err(LimitsError::Orphan);
    }
    // Raising one's own score is always allowed; a kernel without the file is no reason not to read cards.
    let _ = fs::write("/proc/self/oom_score_adj", "800");
    Ok(())
}
