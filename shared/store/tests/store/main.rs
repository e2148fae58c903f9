//! The store on a real Postgres, with several connections at once. A database per test.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod erasing;
mod fixture;
mod fraud;
mod idempotency;
mod leases;
mod quotas;
mod requests;
mod reviews;
mod roles;
mod schema;
mod scoring;
mod seed;
mod sessions;
mod stats;
mod sweeping;
mod uploads;
