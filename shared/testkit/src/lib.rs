//! Real servers for tests: Postgres, Redis, the AWS stand-in. A development dependency only.

#![expect(
    clippy::disallowed_methods,
    reason = "waits on its own threads; its settings are those of the tests"
)]

pub mod aws;
pub mod bad_files;
pub mod postgres;
pub mod process;
pub mod redis;
pub mod stack_auth;

pub use aws::Aws;
pub use postgres::{Postgres, TestDb};
pub use process::Process;
pub use redis::Redis;
