//! A process in its own process group, with its output in a log file. It ends with its handle, and so do its children.

use std::fs::File;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::Result;

/// How long a process may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running process and its children.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    group: Pid,
}

impl Daemon {
    /// Starts `command` without input, its output appended to `log`.
    pub fn spawn(command: &mut Command, log: &Path) -> Result<Self> {
        let out = File::options().create(true).append(true).open(log)?;
        let err = out.try_clone()?;
        command.stdin(Stdio::null()).stdout(out).stderr(err).process_group(0);
        // SAFETY: prctl is async-signal-safe and touches no memory of the parent.
        unsafe {
            command
                .pre_exec(|| nix::sys::prctl::set_pdeathsig(Signal::SIGTERM).map_err(std::io::Error::from));
        }
        let child = command.spawn().map_err(|error| {
            format!("{} does not start: {error}", command.get_program().to_string_lossy())
        })?;
        let group = Pid::from_raw(i32::try_from(child.id())?);
        Ok(Self { child, group })
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Kills it and its children with SIGKILL, as a power failure would.
    pub fn kill(&mut self) {
        let _ = killpg(self.group, Signal::SIGKILL);
        let _ = self.child.wait();
    }

    /// Sends SIGTERM and waits for its end; false if it had to be killed.
    pub fn terminate(&mut self, patience: Duration) -> bool {
        let _ = nix::sys::signal::kill(self.group, Signal::SIGTERM);
        let deadline = Instant::now() + patience;
        while self.is_running() {
            if Instant::now() > deadline {
                self.kill();
                return false;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        // Children that outlived it.
        let _ = killpg(self.group, Signal::SIGKILL);
        true
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.terminate(PATIENCE);
    }
}
