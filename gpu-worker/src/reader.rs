//! Reading a card in a process of its own: the protocol, the process, its bounds, and the pool that supervises it.

pub mod child;
pub mod entry;
pub mod limits;
pub mod pool;
pub mod process;
pub mod protocol;
