//! The long-running worker that reads cards from the queue.
//!
//! [`intake`] receives messages, [`document`] takes one from its claim to its end, [`report`] tells others. What to do when is decided in [`decide`], [`role`] and [`status`], which do no I/O.
//! The document row is the truth, a message only a hint; every write goes through a lease.
//!
//! This crate must not know how a card is read (`filot-ocr`, in the processes of `filot-reader`), how a state changes (`filot-store`) or what a reading is
//! worth (the scoring function).

pub mod connect;
pub mod decide;
pub mod document;
pub mod health;
pub mod hold;
pub mod intake;
pub mod pulse;
pub mod report;
pub mod role;
pub mod run;
pub mod settings;
pub mod status;
pub mod worker;
