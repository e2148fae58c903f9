//! The long-running worker that reads cards from the queue.
//!
//! [`poller`] receives messages. [`document`] works on one message, from its claim to its end, under a lease that
//! [`lease`] renews. [`report`] tells the other programs about a result. [`decide`], [`role`] and [`status`] decide what to do
//! when; they do no I/O. [`clock`] tells the database's time. [`run`] starts and stops the parts, [`connect`] makes them from the configuration.
//! The document's row is the truth, a message only a hint; every write goes through a lease.
//!
//! This crate must not know how a card is read (`filot-ocr`, in the processes of `filot-reader`), how a state changes
//! (`filot-store`) or what a reading is worth (the scoring function).

pub mod clock;
pub mod connect;
pub mod decide;
pub mod document;
pub mod health;
pub mod heartbeat;
pub mod job;
pub mod lease;
pub mod poller;
pub mod report;
pub mod role;
pub mod run;
pub mod settings;
pub mod status;
pub mod worker;
