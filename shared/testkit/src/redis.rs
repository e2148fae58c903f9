//! A real Redis for tests: `redis-server` on a free port, without persistence.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{Process, free_port};

/// Why a server cannot be started or reached.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

const START_TIMEOUT: Duration = Duration::from_secs(10);

/// A running server; can be stopped and started again on the same port.
#[derive(Debug)]
pub struct Redis {
    port: u16,
    process: Option<Process>,
}

impl Redis {
    /// Starts a server and waits until it answers.
    ///
    /// # Errors
    /// The server does not start.
    pub fn start() -> Result<Self, Error> {
        let mut redis = Self { port: free_port()?, process: None };
        redis.resume()?;
        Ok(redis)
    }

    /// `redis://127.0.0.1:port`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Takes the server away.
    pub fn stop(&mut self) {
        self.process = None;
    }

    /// Brings it back, empty.
    ///
    /// # Errors
    /// The server does not start.
    pub fn resume(&mut self) -> Result<(), Error> {
        let port = self.port.to_string();
        let mut command = Command::new("redis-server");
        command.args([
            "--port",
            &port,
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--appendonly",
            "no",
            "--dir",
            "/tmp",
        ]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = Process::spawn(&mut command)
            .map_err(|e| format!("redis-server does not start ({e}): apt-get install redis-server"))?;
        self.process = Some(process);
        let deadline = Instant::now() + START_TIMEOUT;
        while !self.answers() {
            if Instant::now() > deadline {
                return Err(format!("redis-server on port {port} does not answer").into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(("127.0.0.1", self.port)) else { return false };
        let mut answer = [0_u8; 5];
        stream.set_read_timeout(Some(Duration::from_secs(1))).is_ok()
            && stream.write_all(b"PING\r\n").is_ok()
            && stream.read_exact(&mut answer).is_ok()
            && &answer == b"+PONG"
    }
}
