//! Word lists as graphs (dict/dawg.cpp): a word is a path of edges, each of which carries a character. A node is the
//! place of its first edge; its edges stand side by side.

use crate::bytes::Bytes;
use crate::error::ModelError;
use crate::unicharset::UnicharId;

/// The place of an edge. An edge also names the node that it leads to.
pub(crate) type Edge = u32;

/// The character that stands for any word, in patterns of punctuation, and for any digit, in patterns of numbers.
pub(crate) const PATTERN: UnicharId = 0;

/// Version and byte order mark (`kDawgMagicNumber`).
const MAGIC: i16 = 42;
/// Three flags stand above the character in an edge, and above them the next node.
const LAST_EDGE: u64 = 1;
const WORD_END: u64 = 4;
const FLAG_BITS: u32 = 3;

/// One graph.
#[derive(Debug)]
pub(crate) struct Dawg {
    edges: Vec<u64>,
    /// Where the flags begin.
    flag_bit: u32,
    /// How many edges the root has: they are sorted, those of other nodes are not.
    root_edges: usize,
}

impl Dawg {
    pub(crate) fn parse(bytes: &mut Bytes<'_>) -> Result<Self, ModelError> {
        if bytes.i16()? != MAGIC {
            return Err(bytes.damaged("it is no dictionary of this byte order"));
        }
        let unichars = bytes.i32()?;
        if !(1..1 << 24).contains(&unichars) {
            return Err(bytes.damaged("an impossible number of characters"));
        }
        let count = bytes.count(8)?;
        if count == 0 || u32::try_from(count).is_err() {
            return Err(bytes.damaged("an impossible number of edges"));
        }
        let mut edges = Vec::with_capacity(count);
        for _ in 0..count {
            edges.push(bytes.u64()?);
        }
        // Bits for `unichars + 1` values: `ceil(log2(unichars + 1))` in `Dawg::init`.
        let flag_bit = u32::BITS - unichars.cast_unsigned().leading_zeros();
        let mut dawg = Self { edges, flag_bit, root_edges: 0 };
        if (0..count).any(|edge| dawg.target(edge) as usize >= count) {
            return Err(bytes.damaged("an edge leads nowhere"));
        }
        // The marker of the last edge of the last node bounds every search.
        if !dawg.flag(count - 1, LAST_EDGE) {
            return Err(bytes.damaged("its last node has no end"));
        }
        dawg.root_edges = 1 + (0..count).find(|edge| dawg.flag(*edge, LAST_EDGE)).unwrap_or(0);
        Ok(dawg)
    }

    fn letter(&self, edge: usize) -> UnicharId {
        (self.edges[edge] & ((1 << self.flag_bit) - 1)) as UnicharId
    }

    fn flag(&self, edge: usize, flag: u64) -> bool {
        self.edges[edge] & (flag << self.flag_bit) != 0
    }

    fn target(&self, edge: usize) -> u64 {
        self.edges[edge] >> (self.flag_bit + FLAG_BITS)
    }

    /// Whether a word may end with this edge.
    pub(crate) fn ends_word(&self, edge: Edge) -> bool {
        self.flag(edge as usize, WORD_END)
    }

    /// The edge for `letter` out of the node that `from` leads to, or out of the root; with `word_end`, only one that
    /// ends a word.
    pub(crate) fn step(&self, from: Option<Edge>, letter: UnicharId, word_end: bool) -> Option<Edge> {
        let node = match from {
            None => return self.step_from_root(letter, word_end),
            // All words that go through an edge to node 0 end there.
            Some(edge) => match self.target(edge as usize) {
                0 => return None,
                node => usize::try_from(node).ok()?,
            },
        };
        for edge in node..self.edges.len() {
            if self.letter(edge) == letter && (!word_end || self.flag(edge, WORD_END)) {
                return Edge::try_from(edge).ok();
            }
            if self.flag(edge, LAST_EDGE) {
                break;
            }
        }
        None
    }

    /// Binary search, as in `SquishedDawg::edge_char_of`: where several edges of the root carry one letter, the search
    /// decides which of them is followed.
    fn step_from_root(&self, letter: UnicharId, word_end: bool) -> Option<Edge> {
        let (mut start, mut end) = (0, self.root_edges);
        while start < end {
            let middle = usize::midpoint(start, end - 1);
            let found = self.letter(middle);
            if found == letter && (!word_end || self.flag(middle, WORD_END)) {
                return Edge::try_from(middle).ok();
            }
            if letter > found {
                start = middle + 1;
            } else {
                end = middle;
            }
        }
        None
    }
}
