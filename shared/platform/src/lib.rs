//! What every binary needs before it can work: configuration, secrets, log and metric lines.
//!
//! A leaf: it knows nothing of documents. Only this crate reads environment variables and Secrets Manager.

pub mod config;
mod environment;
mod https;
pub mod local;
mod mask;
mod reference;
mod role;
mod secret;
mod secrets;
mod sections;
pub mod telemetry;
pub mod variables;

pub use config::{Config, ConfigErrors};
pub use environment::Environment;
pub use https::https_client;
pub use mask::mask;
pub use reference::{configuration_reference, environment_example, secrets_manifest};
pub use role::{Role, Section};
pub use secret::Secret;
pub use telemetry::MetricName;
