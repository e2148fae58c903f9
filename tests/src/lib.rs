//! The local stack: real Postgres and Redis, the AWS stand-in with `template.yaml` deployed on it, the functions as
//! Lambda functions behind the Lambda runtime API, the worker, and simulators of BULI2 and Stack Auth.
//!
//! - [`stack`] starts and wires the parts, and looks at what they stored.
//! - [`client`] sends requests as clients of the API do.
//! - [`simulators`] imitates the services that other companies run.
//! - [`faults`] makes a part of the stack fail on demand.
//! - [`demo`], [`bench`] and [`chaos`] are what `./dev demo`, `./dev bench` and `./dev chaos` run.
//!
//! It must not know what the product decides: it talks to the parts as their clients do. `docs/local-stack.md`
//! describes it.

#![expect(
    clippy::missing_errors_doc,
    reason = "whatever fails ends the test or the command that asked, with its message"
)]
#![expect(clippy::disallowed_methods, reason = "waits on its own threads, for programs on this machine only")]

pub mod bench;
pub mod cards;
pub mod chaos;
pub mod client;
mod console;
pub mod demo;
mod error;
pub mod faults;
pub mod paths;
pub mod pii_markers;
pub mod simulators;
pub mod stack;

pub use client::api::{Api, User};
pub use error::{Error, Result};
pub use stack::{Options, Stack};
