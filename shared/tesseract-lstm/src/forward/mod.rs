//! From the pixels of lines to the probabilities of characters.

mod batch;
pub(crate) mod kernels;
mod packed;
mod plan;

pub(crate) use batch::{Outputs, forward};
pub(crate) use plan::Plan;
