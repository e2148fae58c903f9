//! The Redis protocol, for tests: records all commands through `MONITOR`, and sends single ones.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::Result;

/// Records the commands of all clients until it is dropped.
#[derive(Debug)]
pub struct RedisMonitor {
    heard: Arc<Mutex<Vec<u8>>>,
    task: JoinHandle<()>,
}

impl RedisMonitor {
    /// Records from now on what the server at `redis://host:port` is sent.
    pub async fn start(url: &str) -> Result<Self> {
        let mut stream = TcpStream::connect(url.trim_start_matches("redis://")).await?;
        stream.write_all(b"MONITOR\r\n").await?;
        let mut ok = [0_u8; 5];
        stream.read_exact(&mut ok).await?;
        if &ok != b"+OK\r\n" {
            return Err("Redis refuses to be monitored".into());
        }
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&heard);
        let task = tokio::spawn(async move {
            let mut buffer = vec![0_u8; 16 * 1024];
            while let Ok(read) = stream.read(&mut buffer).await
                && let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty())
            {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            }
        });
        Ok(Self { heard, task })
    }

    /// The commands recorded so far, as `MONITOR` prints them.
    pub fn heard(&self) -> Vec<u8> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Sends one command, whose words have no spaces; returns the raw answer, one line or the whole array.
pub async fn command(url: &str, words: &[&str]) -> Result<String> {
    let stream = TcpStream::connect(url.trim_start_matches("redis://")).await?;
    let mut stream = BufReader::new(stream);
    stream.write_all(format!("{}\r\n", words.join(" ")).as_bytes()).await?;
    let mut text = String::new();
    stream.read_line(&mut text).await?;
    // An array of texts: each has a line for its length and one of its own.
    let more = text.strip_prefix('*').and_then(|count| count.trim().parse::<usize>().ok()).unwrap_or(0);
    let more = if text.starts_with('$') && !text.starts_with("$-1") { 1 } else { 2 * more };
    for _ in 0..more {
        stream.read_line(&mut text).await?;
    }
    if text.starts_with('-') { Err(format!("Redis: {text}").into()) } else { Ok(text) }
}

impl Drop for RedisMonitor {
    fn drop(&mut self) {
        self.task.abort();
    }
}
