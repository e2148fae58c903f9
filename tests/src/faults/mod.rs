//! Proxies in front of parts of the stack that make them fail on demand.

pub mod fault_proxy;
pub mod queue_proxy;
