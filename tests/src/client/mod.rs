//! Requests to the API: as the mobile app sends them, and with every header, token and event under control.

pub mod api;
pub mod event;
pub mod forge;
pub mod probe;
