//! A door in front of a server: closed, the server is away for whoever goes through it.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use crate::Result;

/// Most connections at once.
const CONNECTIONS_MAX: usize = 256;

/// A TCP forwarder that can be closed and opened again on the same port.
#[derive(Debug)]
pub struct Gate {
    url: String,
    open: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Gate {
    /// An open gate to a port of this machine.
    pub async fn new(to_port: u16) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (open, state) = watch::channel(true);
        let task = tokio::spawn(async move {
            let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
            while let (Ok(slot), Ok((mut from, _))) =
                (Arc::clone(&slots).acquire_owned().await, listener.accept().await)
            {
                let mut state = state.clone();
                tokio::spawn(async move {
                    let _slot = slot;
                    if !*state.borrow() {
                        return;
                    }
                    let Ok(mut to) = TcpStream::connect(("127.0.0.1", to_port)).await else { return };
                    tokio::select! {
                        _ = copy_bidirectional(&mut from, &mut to) => {}
                        _ = state.wait_for(|open| !open) => {}
                    }
                });
            }
        });
        Ok(Self { url, open, task })
    }

    /// Where to go in.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Drops what goes through, and everything that comes.
    pub fn close(&self) {
        self.open.send_replace(false);
    }

    /// Lets through again.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}
