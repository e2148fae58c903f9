//! The edge: from Lambda events to use cases and back.
//!
//! This crate owns everything HTTP: who asks (tokens and keys in headers), status codes, problem documents, security
//! headers, CORS, and the two forms a request comes in (API Gateway REST and function URL). It must not know how
//! anything is decided or stored: a route parses, calls one use case, and answers.

mod accept;
mod admission;
pub mod api;
mod call;
pub mod endpoint;
mod event;
pub mod headers;
mod idempotent;
pub mod invoke;
pub mod multipart;
pub mod openapi;
mod principal;
mod problem;
mod program;
mod reply;
mod request_span;
pub mod routes;
pub mod serve;
mod status;
pub mod tasks;

pub use call::Call;
pub use filot_platform::Role;
pub use principal::{Presented, Principal};
pub use reply::{Answer, Reply};
