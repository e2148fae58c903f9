//! The compromised reader, on the running stack: makes the system calls of an attacker inside the real reader process.
//!
//! A debugger stops the idle reader where it waits for its next file, has it make one system call with our arguments, and
//! reads the kernel's answer. So the process that is tried is the product's, in the confinement that it has put on itself.
//! That needs root, because readers hide from the debuggers of their own user; and it is written for x86_64.

#![cfg(target_arch = "x86_64")]

use std::time::{Duration, Instant};

use filot_e2e::cards::Cards;
use filot_e2e::{Options, Result, Stack};
use filot_testkit::process::children_of;
use nix::errno::Errno;
use nix::sys::ptrace;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// The sum of all waits on a slow machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// What the kernel made of a call.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    /// It returned this.
    Returned(i64),
    /// It ended the process with this signal.
    Ended(Signal),
}

/// A reader that does what it is told.
struct Taken {
    pid: Pid,
    regs: libc::user_regs_struct,
}

impl Taken {
    /// Stops a reader in its `read` of the next file.
    fn new(pid: Pid) -> Result<Self> {
        ptrace::attach(pid)?;
        waitpid(pid, None)?;
        let regs = ptrace::getregs(pid)?;
        // `syscall` has two bytes, and the process stands behind it.
        let there = ptrace::read(pid, (regs.rip - 2) as ptrace::AddressType)?;
        assert_eq!(there & 0xffff, 0x050f, "the reader does not stand behind a system call");
        Ok(Self { pid, regs })
    }

    /// Writes text where the stack is not used, and returns its address.
    fn text(&self, text: &str) -> Result<u64> {
        let start = (self.regs.rsp - 4096) & !7;
        let mut bytes = text.as_bytes().to_vec();
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        for (at, word) in (start..).step_by(8).zip(bytes.chunks_exact(8)) {
            let word = i64::from_le_bytes(word.try_into()?);
            ptrace::write(self.pid, at as ptrace::AddressType, word)?;
        }
        Ok(start)
    }

    /// Has it make a system call.
    fn call(&self, number: i64, arguments: [u64; 6]) -> Result<Fate> {
        let [rdi, rsi, rdx, r10, r8, r9] = arguments;
        let rip = self.regs.rip - 2;
        // Without a call of its own to repeat, the kernel leaves the registers as they are.
        let orig_rax = u64::MAX;
        let rax = u64::try_from(number)?;
        ptrace::setregs(
            self.pid,
            libc::user_regs_struct { rax, orig_rax, rip, rdi, rsi, rdx, r10, r8, r9, ..self.regs },
        )?;
        ptrace::step(self.pid, None)?;
        match waitpid(self.pid, None)? {
            WaitStatus::Stopped(_, Signal::SIGTRAP) => {
                Ok(Fate::Returned(ptrace::getregs(self.pid)?.rax.cast_signed()))
            }
            WaitStatus::Signaled(_, signal, _) => Ok(Fate::Ended(signal)),
            other => Err(format!("the reader is {other:?}").into()),
        }
    }

    /// Lets it wait for its next file again.
    fn leave(self) -> Result<()> {
        let regs = libc::user_regs_struct { rip: self.regs.rip - 2, rax: self.regs.orig_rax, ..self.regs };
        ptrace::setregs(self.pid, libc::user_regs_struct { orig_rax: u64::MAX, ..regs })?;
        Ok(ptrace::detach(self.pid, None)?)
    }
}

/// The reader of the stack's worker, once there is one that waits.
async fn reader(stack: &Stack) -> Result<Pid> {
    let until = Instant::now() + PATIENCE;
    loop {
        let health = stack.workers[0].health().await;
        let is_ready = health.is_ok_and(|health| health["readers"]["alive"] == 1);
        if let (true, [reader]) = (is_ready, children_of(stack.workers[0].id(), "gpu-worker").as_slice()) {
            return Ok(Pid::from_raw(*reader));
        }
        assert!(Instant::now() < until, "no reader comes back");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// INV-7, INV-8: nothing that a taken-over reader asks the kernel for is given to it, and cards are read afterwards.
///
/// The parts of the stack that run in this process need threads of their own. This function stays on one, as a debugger must.
#[tokio::test(flavor = "multi_thread")]
async fn inv_7_the_real_reader_gets_nothing_from_the_kernel() -> Result<()> {
    if !nix::unistd::geteuid().is_root() {
        eprintln!("adversary: compromised reader: only root can play it");
        return Ok(());
    }
    let environment = vec![("OCR_READERS".to_owned(), "1".to_owned())];
    let stack = Stack::start(Options { worker_environment: environment, ..Options::default() }).await?;
    let worker = u64::from(stack.workers[0].id());
    let here = libc::AT_FDCWD.cast_unsigned().into();
    let (read, write) = (u64::try_from(libc::O_RDONLY)?, u64::try_from(libc::O_RDWR | libc::O_CREAT)?);
    let mut attempts = 0;

    let taken = Taken::new(reader(&stack).await?)?;
    let environ = format!("/proc/{worker}/environ");
    let memory = format!("/proc/{worker}/mem");
    let left = stack.logs().join("left").display().to_string();
    for (path, flags) in
        [("/etc/passwd", read), ("/", read), (&environ, read), (&memory, write), (&left, write)]
    {
        let fate = taken.call(libc::SYS_openat, [here, taken.text(path)?, flags, 0o600, 0, 0])?;
        assert_eq!(fate, Fate::Returned(-i64::from(libc::EPERM)), "open {path}");
        attempts += 1;
    }
    let code = u64::try_from(libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC)?;
    let anonymous = u64::try_from(libc::MAP_PRIVATE | libc::MAP_ANONYMOUS)?;
    for (what, number, arguments) in [
        ("fork", libc::SYS_fork, [0; 6]),
        ("clone", libc::SYS_clone, [0; 6]),
        ("memory that runs", libc::SYS_mmap, [0, 4096, code, anonymous, u64::MAX, 0]),
        ("memory file", libc::SYS_memfd_create, [taken.text("x")?, 0, 0, 0, 0, 0]),
        ("descriptor", libc::SYS_dup, [0; 6]),
        ("the worker's limits", libc::SYS_prlimit64, [worker, libc::RLIMIT_NOFILE.into(), 0, 0, 0, 0]),
        ("dumpable", libc::SYS_prctl, [libc::PR_SET_DUMPABLE.cast_unsigned().into(), 1, 0, 0, 0, 0]),
    ] {
        assert_eq!(taken.call(number, arguments)?, Fate::Returned(-i64::from(libc::EPERM)), "{what}");
        attempts += 1;
    }
    // That calls are made at all: this one is a reader's right.
    let own = i64::from(taken.pid.as_raw());
    assert_eq!(taken.call(libc::SYS_getpid, [0; 6])?, Fate::Returned(own));
    taken.leave()?;

    let seize = u64::from(libc::PTRACE_SEIZE);
    for (what, number, arguments) in [
        ("socket", libc::SYS_socket, [2, 1, 0, 0, 0, 0]),
        ("execve", libc::SYS_execve, [0; 6]),
        ("ptrace", libc::SYS_ptrace, [seize, worker, 0, 0, 0, 0]),
        ("another's memory", libc::SYS_process_vm_readv, [worker, 0, 0, 0, 0, 0]),
        ("signal", libc::SYS_kill, [worker, 0, 0, 0, 0, 0]),
    ] {
        // Each one costs a reader, and the worker waits longer each time: the other calls are the double's.
        let taken = Taken::new(reader(&stack).await?)?;
        assert_eq!(taken.call(number, arguments)?, Fate::Ended(Signal::SIGSYS), "{what}");
        attempts += 1;
        // Its end is the worker's to collect; until then it is no reader any more.
        while nix::sys::signal::kill(taken.pid, None) != Err(Errno::ESRCH) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    eprintln!("adversary: compromised reader attempts={attempts} paid=0");

    let (cards, user) = (Cards::demo()?, stack.api.new_user().await?);
    let (card, content) = cards.get("ktp-scan.jpg")?;
    let id = stack.api.uploaded(&user, &card.document_type, &card.file, &content).await?;
    let end = stack.wait_for(&id, &["completed", "failed"], PATIENCE).await?;
    assert_eq!(end.1, "auto_approved", "the worker reads on");
    assert!(!std::path::Path::new(&left).exists());
    Ok(())
}
