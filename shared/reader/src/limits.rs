//! The bounds a reader process puts on itself before it touches the first byte of an untrusted file.
//!
//! They are set by the process itself, not between fork and exec, because nothing untrusted has run by then and safe
//! code can do it. What a reader no longer needs once its models are loaded, [`crate::sandbox`] takes away.

use std::fs;
use std::os::fd::RawFd;

use nix::sys::prctl;
use nix::sys::resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit};
use nix::sys::signal::Signal;
use nix::unistd::{Pid, close, getppid};

/// Open descriptors while the models load.
const FILES_WHILE_LOADING: u64 = 64;

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

/// What a reader process may use.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Address space, in MiB.
    pub memory_mb: u64,
    /// Processor time for all of its files, in seconds.
    pub cpu_s: u64,
    /// The worker's process id.
    pub parent: u32,
}

impl Limits {
    /// Binds this process to its limits and to the life of its parent.
    ///
    /// No core dumps: a core would hold the card. No new processes, no files but a few to read, no new privileges. First
    /// in line for the kernel's out-of-memory killer, so that a reader dies before the worker that holds leases.
    ///
    /// # Errors
    /// The kernel refused a bound, or the parent is gone.
    pub fn apply(self) -> Result<(), LimitsError> {
        close_inherited();
        bound("the core size", Resource::RLIMIT_CORE, 0)?;
        bound("the address space", Resource::RLIMIT_AS, self.memory_mb.saturating_mul(1024 * 1024))?;
        bound("the processor time", Resource::RLIMIT_CPU, self.cpu_s)?;
        bound("the size of files", Resource::RLIMIT_FSIZE, 0)?;
        bound("the number of files", Resource::RLIMIT_NOFILE, FILES_WHILE_LOADING)?;
        bound("the number of processes", Resource::RLIMIT_NPROC, 0)?;
        prctl::set_no_new_privs().map_err(refused("no new privileges"))?;
        die_with_parent()?;
        // The worker may have died before the line above; then nobody would send that signal.
        if getppid() != Pid::from_raw(i32::try_from(self.parent).unwrap_or(i32::MAX)) {
            return Err(LimitsError::Orphan);
        }
        // Raising one's own score is always allowed; a kernel without the file is no reason not to read cards.
        let _ = fs::write("/proc/self/oom_score_adj", "800");
        Ok(())
    }
}

/// Lets this process use `seconds` more of processor time: the share of one file. Beyond it the kernel ends the process.
///
/// The worker's deadline ends a slow reader as well; this holds when the worker itself is stopped.
///
/// # Errors
/// The kernel refused.
pub fn allow_processor_time(seconds: u64) -> Result<(), LimitsError> {
    let what = "the processor time of a file";
    let usage = getrusage(UsageWho::RUSAGE_SELF).map_err(refused(what))?;
    let used = usage.user_time().tv_sec() + usage.system_time().tv_sec();
    let (_, most) = getrlimit(Resource::RLIMIT_CPU).map_err(refused(what))?;
    // The kernel counts whole seconds: one for each of the two fractions dropped above, and one of its own.
    let until = used.unsigned_abs().saturating_add(seconds).saturating_add(3);
    setrlimit(Resource::RLIMIT_CPU, until.min(most), most).map_err(refused(what))
}

/// Hides this process's memory, environment and descriptors from the other processes of its user, which readers are.
///
/// A worker calls this before it starts readers: its environment and memory hold secrets. It writes no core dump either.
///
/// # Errors
/// The kernel refused.
pub fn hide_process() -> Result<(), LimitsError> {
    prctl::set_dumpable(false).map_err(refused("the process to be undumpable"))
}

/// Has the kernel kill this process when the thread that started it ends. A change of user clears it.
pub(crate) fn die_with_parent() -> Result<(), LimitsError> {
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(refused("the parent-death signal"))
}

pub(crate) fn bound(what: &'static str, resource: Resource, most: u64) -> Result<(), LimitsError> {
    setrlimit(resource, most, most).map_err(refused(what))
}

pub(crate) fn refused(what: &'static str) -> impl Fn(nix::Error) -> LimitsError {
    move |source| LimitsError::Refused { what, source }
}

/// Closes every descriptor but the three pipes. The worker's own are closed by `exec`; a library of its, or whoever started
/// it, may have opened one that is not.
fn close_inherited() {
    let Ok(entries) = fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<RawFd> = entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter(|descriptor| *descriptor > 2)
        .collect();
    for descriptor in open {
        // One of them was the directory's own, and is closed already.
        let _ = close(descriptor);
    }
}
