//! The characters on the best path (`ExtractBestPaths` and `ExtractPathAsUnicharIds` in lstm/recodebeam.cpp).

use super::search::{BeamSearch, Continuation, Kind, Node};
use crate::dictionary::Permuter;
use crate::unicharset::{SPACE, UnicharId};

/// The characters of a line, with where they stand.
#[derive(Debug, Default)]
pub(crate) struct Path {
    pub(crate) characters: Vec<Placed>,
    /// Of each character, and behind the last: the steps that divide it from its neighbours.
    pub(crate) boundaries: Vec<usize>,
}

/// A character on the path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Placed {
    pub(crate) unichar: UnicharId,
    /// Logarithm of the lowest probability among its steps.
    pub(crate) certainty: f32,
    /// Sum of the logarithms, positive.
    pub(crate) rating: f32,
    pub(crate) permuter: Permuter,
    /// The first of a dictionary word.
    pub(crate) starts_word: bool,
}

/// The best path of the line that `search` decoded last.
pub(crate) fn best(search: &BeamSearch<'_>) -> Path {
    let Some(best) = best_end(search) else { return Path::default() };
    let mut nodes: Vec<&Node> = std::iter::successors(Some(best), |node| {
        node.previous.map(|previous| &search.nodes[previous as usize])
    })
    .collect();
    nodes.reverse();
    characters(&nodes)
}

/// The best path that may end here: none whose last probability counts for a character that must come again, and within
/// a dictionary only at the end of a word.
fn best_end<'b>(search: &'b BeamSearch<'_>) -> Option<&'b Node> {
    let mut best: Option<&Node> = None;
    for continuation in [Continuation::Anything, Continuation::NoDuplicate] {
        for in_dictionary in [false, true] {
            let heap = &search.current.heaps[search.index(Kind { in_dictionary, continuation, length: 0 })];
            for entry in heap.entries() {
                let ends_word = || {
                    let last = search.last_character(Some(entry.value));
                    last.is_some_and(|last| last.end_of_word || last.unichar == Some(SPACE))
                };
                if in_dictionary && !ends_word() {
                    continue;
                }
                let node = &search.nodes[entry.value as usize];
                if best.is_none_or(|best| node.score > best.score) {
                    best = Some(node);
                }
            }
        }
    }
    best
}

/// Whole numbers for steps, doubles for sums, floats for what is kept: as Tesseract has them.
fn characters(nodes: &[&Node]) -> Path {
    let mut characters: Vec<Placed> = Vec::new();
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    let mut step = 0;
    while step < nodes.len() {
        let (mut certainty, mut rating) = (0.0_f64, 0.0_f64);
        while step < nodes.len() && nodes[step].unichar.is_none() {
            let node = f64::from(nodes[step].certainty);
            certainty = certainty.min(node);
            rating -= node;
            step += 1;
        }
        starts.push(step);
        let Some((node, unichar)) = nodes.get(step).and_then(|node| Some((*node, node.unichar?))) else {
            // Nulls at the end of the line belong to the last character.
            if let Some(last) = characters.last_mut() {
                last.add(certainty, rating);
            }
            break;
        };
        if unichar == SPACE
            && node.permuter != Permuter::None
            && let Some(last) = characters.last_mut()
        {
            // All but the space itself counts for the character before it.
            last.add(certainty, rating);
            (certainty, rating) = (0.0, 0.0);
        }
        loop {
            let now = nodes[step];
            let node_certainty = f64::from(now.certainty);
            // A space within words of the dictionary forgets the nulls before it, which counted already.
            if node_certainty < certainty || unichar == SPACE && now.permuter == Permuter::None {
                certainty = node_certainty;
            }
            rating -= node_certainty;
            step += 1;
            if nodes.get(step).is_none_or(|next| !next.duplicate) {
                break;
            }
        }
        ends.push(step);
        characters.push(Placed {
            unichar,
            certainty: certainty as f32,
            rating: rating as f32,
            permuter: node.permuter,
            starts_word: node.start_of_word,
        });
    }
    starts.push(nodes.len());
    Path { boundaries: boundaries(&starts, &ends, nodes.len()), characters }
}

impl Placed {
    fn add(&mut self, certainty: f64, rating: f64) {
        {
            if certainty < f64::from(self.certainty) {
                self.certainty = certainty as f32;
            }
            self.rating = (f64::from(self.rating) + rating) as f32;
        }
    }
}

/// The middle between each character's end and the next one's start (`calculateCharBoundaries`).
fn boundaries(starts: &[usize], ends: &[usize], width: usize) -> Vec<usize> {
    let mut boundaries = vec![0];
    for (end, next) in ends.iter().zip(&starts[1..]) {
        boundaries.push(end + (next - end) / 2);
    }
    boundaries.pop();
    boundaries.push(width);
    boundaries
}
