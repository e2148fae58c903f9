//! Configuration, secrets and telemetry.
