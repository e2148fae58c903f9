//! Clients of the API: one that acts as the mobile app does, and one with every header under control.

pub mod api;
pub mod event;
pub mod forge;
pub mod probe;
