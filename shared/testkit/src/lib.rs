//! Real servers for tests: Postgres, Redis, the AWS stand-in. A development dependency only.

pub mod postgres;

pub use postgres::{Postgres, TestDb};
