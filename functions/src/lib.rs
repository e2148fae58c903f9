//! Wiring shared by the function binaries.
