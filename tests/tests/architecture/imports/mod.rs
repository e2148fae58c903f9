//! Which file imports which, from the source's text.

mod graph;
mod scan;
mod tokens;

pub use graph::Graph;
pub use scan::scan;
pub use tokens::{Token, tokens};
