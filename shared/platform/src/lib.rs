//! What every program of FiLot needs before it can work: configuration, secrets, log and metric lines.
//!
//! It knows the product's programs ([`Role`]), settings ([`variables`]), secrets and metrics ([`MetricName`]) by name, because
//! each of these lists is read in one place: what a program needs, what the documents say, what a deployment must provide.
//! It knows none of the product's rules: not what a document is, nor what a setting means to its reader. It depends on no
//! other crate of ours. Only this crate reads environment variables and Secrets Manager.

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
