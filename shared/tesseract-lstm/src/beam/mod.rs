//! From the probabilities of each step to the best path of characters (lstm/recodebeam.cpp).
//!
//! A path through the steps is a chain of nodes, one output of the network each. Equal outputs side by side are one
//! character, and the null output separates characters. Because probabilities of a character and its neighbours are
//! added up where one passes into the other, what may follow a node depends on what was added (`Continuation`). Paths
//! compete only with those of the same kind: within words of the dictionary or not, by continuation, and by how much of
//! a character of several outputs is complete.

mod heap;
mod path;
mod search;

pub(crate) use path::{Path, Placed, best};
pub(crate) use search::BeamSearch;
