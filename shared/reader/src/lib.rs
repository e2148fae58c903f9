//! Reads cards in processes of their own, because what they decode is untrusted.
//!
//! A program runs a [`pool::Pool`]: it starts reader processes, hands each one file at a time and replaces those that die.
//! A reader process is the same program started again with [`entry::main`]: it puts bounds on itself ([`limits`]), loads
//! the models, gives up everything else ([`sandbox`]) and answers ([`child`]). Both ends speak the frames of [`protocol`]
//! over the process's stdin and stdout.
//!
//! This crate must not know queues, leases or retries, and holds no connection or secret. How a card is read is
//! `filot-ocr`'s matter. The command line `filot-read` reads files in its own process, without any of this.

pub mod child;
pub mod entry;
pub mod limits;
pub mod pool;
pub mod process;
pub mod protocol;
pub mod sandbox;

/// An error with its causes on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
