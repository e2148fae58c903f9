//! What a reader gives up once its models are loaded, so that a file which takes the process over gains nothing.
//!
//! Two walls stand one behind the other. The system-call filter lets through what computing needs and nothing that names a
//! file, an address or another process. Landlock, in kernels that have it, refuses files, connections and signals on its
//! own. In front of both the process leaves the worker's network and, where it can, its user. The order matters: each step
//! needs calls that the next one forbids.
//!
//! A reader without the filter does not start. The other layers depend on the kernel and the container: [`Report`] names
//! those that are missing, and the worker logs them. This module must not know what a reader reads.

use std::collections::{BTreeMap, BTreeSet};

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::resource::Resource;
use nix::unistd::{Gid, Uid, geteuid, getpid, setgroups, setresgid, setresuid};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};
use serde::{Deserialize, Serialize};

use crate::limits::{self, LimitsError};

/// The user of a reader whose worker runs as root: `nobody`, who owns nothing.
const NOBODY: u32 = 65_534;
/// The newest Landlock whose rights were tried: 7 refuses nothing more than 6, but its kernels are those of today.
const LANDLOCK: ABI = ABI::V7;

/// Why a reader is not confined. It does not start then.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// A limit or an attribute of the process was refused.
    #[error(transparent)]
    Limits(#[from] LimitsError),
    /// The filter of system calls cannot be made or set.
    #[error("the filter of system calls cannot be set")]
    Filter(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// A protection that not every platform has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, strum::Display)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Layer {
    /// A network without any interface, and System V objects and a host name of its own. Containers forbid it by default.
    Namespaces,
    /// Another user than the worker's. Only a worker that runs as root can have it.
    User,
    /// Landlock in full: files, TCP, signals and abstract sockets (Linux 6.12 or newer).
    Landlock,
}

/// The protections that this reader lacks.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Report {
    /// Each missing one once.
    pub missing: BTreeSet<Layer>,
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.missing.is_empty() {
            return f.write_str("none");
        }
        for (i, layer) in self.missing.iter().enumerate() {
            write!(f, "{}{layer}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Report {
    fn note(&mut self, layer: Layer, is_there: bool) {
        if !is_there {
            self.missing.insert(layer);
        }
    }
}

/// Leaves the worker's network, before anything is loaded: a process with a second thread can no longer.
pub fn leave_network(report: &mut Report) {
    let apart = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS;
    // Only root may do so as it is; others need a user namespace first. Root does not, and could not change its user there.
    let flags = if geteuid().is_root() { apart } else { apart | CloneFlags::CLONE_NEWUSER };
    report.note(Layer::Namespaces, unshare(flags).is_ok());
}

/// Confines this process for good. Its models are loaded and its pipes open.
///
/// # Errors
/// The kernel refused what every supported kernel has.
pub fn enter(mut report: Report) -> Result<Report, SandboxError> {
    report.note(Layer::User, become_nobody()?);
    prctl::set_dumpable(false).map_err(limits::refused("the process to be undumpable"))?;
    // Its rules are a descriptor, so it comes before there are none.
    report.note(Layer::Landlock, restrict_objects());
    limits::bound("the number of files", Resource::RLIMIT_NOFILE, 0)?;
    filter_calls()?;
    Ok(report)
}

/// Changes from root to a user who owns nothing; whether it did.
///
/// # Errors
/// The kernel refused root.
pub fn become_nobody() -> Result<bool, LimitsError> {
    if !geteuid().is_root() {
        return Ok(false);
    }
    let refused = limits::refused("the user");
    let (user, group) = (Uid::from_raw(NOBODY), Gid::from_raw(NOBODY));
    setgroups(&[]).map_err(&refused)?;
    setresgid(group, group, group).map_err(&refused)?;
    setresuid(user, user, user).map_err(&refused)?;
    limits::die_with_parent()?;
    Ok(true)
}

/// Has Landlock refuse every file, connection, signal and abstract socket; whether the kernel enforces all of it.
pub fn restrict_objects() -> bool {
    let restricted = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))
        .and_then(|rules| rules.handle_access(AccessNet::from_all(LANDLOCK)))
        .and_then(|rules| rules.scope(Scope::from_all(LANDLOCK)))
        .and_then(Ruleset::create)
        .and_then(landlock::RulesetCreated::restrict_self);
    restricted.is_ok_and(|status| status.ruleset == RulesetStatus::FullyEnforced)
}

/// Lets through the system calls of [`allowed`] alone. Those of [`NEVER`] end the process, any other fails with `EPERM`.
///
/// # Errors
/// The kernel has no filters, or this processor is none that they are written for.
pub fn filter_calls() -> Result<(), SandboxError> {
    let never = NEVER.iter().map(|call| (*call, Vec::new())).collect();
    let eperm = SeccompAction::Errno(u32::try_from(libc::EPERM).unwrap_or(1));
    // The kernel takes the severest answer of all filters.
    let filters = [
        (never, SeccompAction::Allow, SeccompAction::KillProcess),
        (allowed().map_err(filter_error)?, eperm, SeccompAction::Allow),
    ];
    for (rules, otherwise, matched) in filters {
        let architecture = TargetArch::try_from(std::env::consts::ARCH).map_err(filter_error)?;
        let program: BpfProgram = SeccompFilter::new(rules, otherwise, matched, architecture)
            .and_then(TryInto::try_into)
            .map_err(filter_error)?;
        seccompiler::apply_filter(&program).map_err(filter_error)?;
    }
    Ok(())
}

fn filter_error(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> SandboxError {
    SandboxError::Filter(error.into())
}

/// Calls that no library makes by the way: whoever makes one has taken the process over. The worker sees the signal.
const NEVER: &[i64] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_kill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_send_signal,
    libc::SYS_pidfd_getfd,
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_setuid,
    libc::SYS_setresuid,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
];

/// The system calls of a process that computes, and talks through pipes that are open. No call in here takes a path.
fn allowed() -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
    let any: [i64; 29] = [
        libc::SYS_read,
        libc::SYS_readv,
        libc::SYS_write,
        libc::SYS_writev,
        libc::SYS_close,
        libc::SYS_fstat,
        libc::SYS_lseek,
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        libc::SYS_futex,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_clock_gettime,
        libc::SYS_clock_getres,
        libc::SYS_clock_nanosleep,
        libc::SYS_nanosleep,
        libc::SYS_gettimeofday,
        libc::SYS_getrandom,
        libc::SYS_getrusage,
        libc::SYS_sched_yield,
        libc::SYS_sched_getaffinity,
        libc::SYS_getpid,
    ];
    let mut calls: BTreeMap<i64, Vec<SeccompRule>> = any.map(|call| (call, Vec::new())).into();
    calls.insert(libc::SYS_gettid, Vec::new());
    // Memory that can run is not to be had.
    let no_code =
        |argument| only([(argument, SeccompCmpOp::MaskedEq(libc::PROT_EXEC.unsigned_abs().into()), 0)]);
    calls.insert(libc::SYS_mmap, no_code(2)?);
    calls.insert(libc::SYS_mprotect, no_code(2)?);
    // `abort` signals itself.
    let itself = u64::try_from(getpid().as_raw()).unwrap_or_default();
    calls.insert(libc::SYS_tgkill, only([(0, SeccompCmpOp::Eq, itself)])?);
    // The processor time of each file (`limits::allow_processor_time`), of this process alone.
    let processor_time = u64::from(libc::RLIMIT_CPU);
    calls.insert(
        libc::SYS_prlimit64,
        only([(0, SeccompCmpOp::Eq, 0), (1, SeccompCmpOp::Eq, processor_time)])?,
    );
    Ok(calls)
}

/// A call with these arguments: position, comparison, value. All of those compared here are of 32 bits.
fn only<const N: usize>(
    conditions: [(u8, SeccompCmpOp, u64); N],
) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    let conditions = conditions
        .into_iter()
        .map(|(argument, compare, value)| {
            SeccompCondition::new(argument, SeccompCmpArgLen::Dword, compare, value)
        })
        .collect::<Result<Vec<_>, _>>()?;
    Ok(vec![SeccompRule::new(conditions)?])
}
