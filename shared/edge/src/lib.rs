//! The edge: from Lambda events to use cases and back.
//!
//! This crate owns everything HTTP: who asks (tokens and keys in headers), status codes, problem documents, security
//! headers, CORS, and the two forms a request comes in (API Gateway REST and function URL). It must not know how
//! anything is decided or stored: a route parses, calls one use case, and answers.

pub mod accept;
pub mod api;
pub mod call;
pub mod headers;
pub mod idempotent;
pub mod invoke;
pub mod limits;
pub mod multipart;
pub mod openapi;
pub mod problem;
mod program;
pub mod reply;
pub mod routes;
pub mod serve;
pub mod status;
pub mod tasks;

pub use api::{Auth, Limit, Route};
pub use call::Call;
pub use filot_platform::Role;
pub use invoke::{Invocation, Task};
pub use problem::Problem;
pub use reply::Reply;
pub use serve::{Answer, Endpoint};
pub use status::ErrorStatus;
