//! Rows of digits, read by a small classifier of single digits: weights and recipe in `data/`.
//!
//! The classifier says of a patch which digit stands in its middle, or that none does. Owns the search for the cells of a
//! number. It must not know what number they make.

mod cells;
mod even_pitch;
mod ink;
mod network;
mod proportional;

pub use crate::recognition::digits::cells::best;
pub use crate::recognition::digits::even_pitch::{COUNT, DigitRow, read_row};
pub use crate::recognition::digits::ink::Band;
pub use crate::recognition::digits::proportional::{NumberRow, Pattern, read_number};

#[cfg(test)]
mod tests;
