//! What two readers make of the same line.

use super::Seen;
use crate::engine::{Line, Symbol};
use crate::text::value_range;

/// By how much likelier a reading of the network must be than the engine's to go before it, per nat that the engine is sure.
const ENGINE_WEIGHT: f32 = 0.5;
/// The same where the engine has no idea.
const BIAS: f32 = 0.5;
/// Nats of a lead that make it likelier by e that the leader is right.
const SCALE: f32 = 2.0;
/// The surest that a character can be which one reader has otherwise.
pub(super) const OTHERWISE: f32 = 0.95;

/// Settles a line of the engine by what the network saw of the same picture: where both have the same value each symbol is
/// as sure as two looks make it, where they differ the likelier reading stays, and what differs is in doubt.
pub fn settle(line: &mut Line, seen: &Seen) {
    let mut own = seen.line();
    own = Line { symbols: own.symbols.drain(value_range(&own.symbols)).collect() };
    let range = value_range(&line.symbols);
    let Some(read) = line.symbols.get(range.clone()) else { return };
    let (ours, theirs) = (own.text(), text_of(read));
    if ours == theirs {
        for (symbol, again) in line.symbols.iter_mut().skip(range.start).zip(&own.symbols) {
            symbol.confidence = 1.0 - (1.0 - symbol.confidence) * (1.0 - again.confidence);
        }
        return;
    }
    let likely = |text: &str| seen.log_likelihood(text).unwrap_or(UNKNOWN).max(UNKNOWN);
    let least = read.iter().map(|symbol| symbol.confidence).fold(1.0, f32::min).clamp(0.01, 0.99);
    let engine = ENGINE_WEIGHT * (least / (1.0 - least)).ln().max(0.0) + BIAS;
    let lead = likely(&ours) - likely(&theirs) - engine;
    let sure = OTHERWISE / (1.0 + (-lead.abs() / SCALE).exp());
    let settled = if lead > 0.0 && !own.symbols.is_empty() || read.is_empty() {
        doubted(own.symbols, read, sure)
    } else {
        doubted(read.to_vec(), &own.symbols, sure)
    };
    line.symbols.splice(range, settled);
}

/// As unlikely as a reading can be.
const UNKNOWN: f32 = -60.0;

fn text_of(symbols: &[Symbol]) -> String {
    symbols.iter().map(|symbol| symbol.character).collect()
}

/// The symbols, those no surer than `sure` that the other reading has not, or beside which it has more.
fn doubted(mut symbols: Vec<Symbol>, other: &[Symbol], sure: f32) -> Vec<Symbol> {
    let kept = common(&symbols, other);
    let mut beside = None;
    for (i, symbol) in symbols.iter_mut().enumerate() {
        let here = kept.get(i).copied().flatten();
        // Beginning and end count as matched; between two matches the other reading has nothing, or there is a doubt.
        let skipped = match (here, beside) {
            (Some(here), None) => here > 0 && i == 0,
            (Some(here), Some(before)) => here != before + 1,
            (None, _) => true,
        };
        if skipped {
            symbol.confidence = symbol.confidence.min(sure);
        }
        if here.is_some() {
            beside = here;
        }
    }
    if let Some(last) = symbols.last_mut()
        && kept.last().copied().flatten().is_none_or(|at| at + 1 < other.len())
    {
        last.confidence = last.confidence.min(sure);
    }
    symbols
}

/// For each symbol its place in the other reading, by the longest common subsequence.
fn common(symbols: &[Symbol], other: &[Symbol]) -> Vec<Option<usize>> {
    let (n, m) = (symbols.len(), other.len());
    let wide = m + 1;
    let mut longest = vec![0_u16; (n + 1) * wide];
    let at = |i: usize, j: usize| i * wide + j;
    let same = |i: usize, j: usize| match (symbols.get(i), other.get(j)) {
        (Some(a), Some(b)) => a.character == b.character,
        _ => false,
    };
    for i in (0..n).rev() {
        for j in (0..m).rev() {
            longest[at(i, j)] = if same(i, j) {
                longest[at(i + 1, j + 1)] + 1
            } else {
                longest[at(i + 1, j)].max(longest[at(i, j + 1)])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut places = vec![None; n];
    while i < n && j < m {
        if same(i, j) {
            places[i] = Some(j);
            (i, j) = (i + 1, j + 1);
        } else if longest[at(i + 1, j)] >= longest[at(i, j + 1)] {
            i += 1;
        } else {
            j += 1;
        }
    }
    places
}
