//! The local stack: real Postgres and Redis, the AWS stand-in with `template.yaml` deployed on it, the functions as
//! Lambda functions behind the Lambda runtime API, the worker, and simulators of the two services that others run.
//!
//! It owns how the parts are wired on one machine, the demonstration and the benchmarks. It must not know what the
//! parts decide: it talks to them as their clients do. `docs/local-stack.md` describes it.

#![expect(clippy::disallowed_methods, reason = "waits on its own threads, for programs on this machine only")]

pub mod account;
pub mod api_page;
pub mod bench;
pub mod buli2;
pub mod cards;
pub mod chaos;
pub mod client;
pub mod daemon;
pub mod demo;
pub mod deploy;
pub mod emulator;
pub mod event;
pub mod faulty;
pub mod forge;
pub mod gate;
pub mod ministack;
pub mod needles;
pub mod paths;
pub mod probe;
pub mod redis_wire;
pub mod runtime_api;
pub mod snapshot;
pub mod stack;
pub mod stack_auth;
pub mod template;
pub mod worker;
pub mod world;

pub use client::{Api, User};
pub use stack::{Options, Stack};

/// What goes wrong in a local stack; read by a person, never matched on.
pub type Error = Box<dyn std::error::Error + Send + Sync>;
/// Result with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;
