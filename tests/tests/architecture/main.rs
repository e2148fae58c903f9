//! The shape of the repository as a test. `docs/architecture.md` says why it is so.
//!
//! - [`crates`]: which crate may depend on which, and what only one of them may do.
//! - [`modules`]: which folder of the reader may import which, and that no files import each other in a circle.
//! - [`routes`]: routes, programs and events agree.
//! - [`style`]: what of our style a machine can check.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

mod crates;
mod imports;
mod modules;
mod repository;
mod routes;
mod style;
