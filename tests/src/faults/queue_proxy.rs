//! A TCP proxy in front of the queues that can be closed, so that they are unreachable, and opened again.
//!
//! It can also record what passes through it. It knows nothing of HTTP or SQS.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::Result;

/// Most connections at once.
const CONNECTIONS_MAX: usize = 256;

/// The running proxy. Closing and opening keep its port.
#[derive(Debug)]
pub struct QueueProxy {
    url: String,
    open: watch::Sender<bool>,
    /// None: nothing is recorded.
    record: Arc<Mutex<Option<Vec<u8>>>>,
    task: JoinHandle<()>,
}

impl QueueProxy {
    /// Starts it, open, in front of a port of this machine.
    pub async fn new(to_port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (open, state) = watch::channel(true);
        let record = Arc::new(Mutex::new(None));
        let kept = Arc::clone(&record);
        let task = tokio::spawn(async move {
            let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
            while let (Ok(slot), Ok((from, _))) =
                (Arc::clone(&slots).acquire_owned().await, listener.accept().await)
            {
                let mut state = state.clone();
                let kept = Arc::clone(&kept);
                tokio::spawn(async move {
                    let _slot = slot;
                    if !*state.borrow() {
                        return;
                    }
                    let Ok(to) = TcpStream::connect(("127.0.0.1", to_port)).await else { return };
                    let (mut answers, requests) = to.into_split();
                    let (asked, mut answered) = from.into_split();
                    let there = pass_on(asked, requests, &kept);
                    let back = async {
                        // Whoever went away has no use for the rest.
                        let _ = copy(&mut answers, &mut answered).await;
                        let _ = answered.shutdown().await;
                    };
                    tokio::select! {
                        _ = async { tokio::join!(there, back) } => {}
                        _ = state.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Ok(Self { url, open, record, task })
    }

    /// Its endpoint, `http://127.0.0.1:<port>`.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Records the bytes of all requests from now on.
    pub fn record(&self) {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default();
    }

    /// The bytes recorded so far; empty before [`Self::record`].
    pub fn recorded(&self) -> Vec<u8> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner).clone().unwrap_or_default()
    }

    /// Drops all connections and refuses new ones.
    pub fn close(&self) {
        self.open.send_replace(false);
    }

    /// Forwards again.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, kept: &Mutex<Option<Vec<u8>>>) {
    let mut buffer = vec![0_u8; 16 * 1024];
    while let Ok(read) = from.read(&mut buffer).await
        && let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty())
    {
        if let Some(record) = kept.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
            record.extend_from_slice(bytes);
        }
        if to.write_all(bytes).await.is_err() {
            return;
        }
    }
    // Whoever went away needs no goodbye.
    let _ = to.shutdown().await;
}

impl Drop for QueueProxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}
