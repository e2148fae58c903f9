//! What two readers make of the same line.

use crate::recognition::ctc::Seen;
use crate::recognition::engine::TextClass;
use crate::text::confidence::inverse_calibration;
use crate::text::line::{Line, Symbol};
use crate::text::normalise::value_range;

/// Logarithm of the odds that the network is right where the engine reads something else: a logistic regression on 221 lines
/// of generated cards of all difficulties, on which one of them was right (nine in ten are told apart; of the 130 that it
/// gives the network with 0.9 and more, all). By how much likelier the network has its own reading, in nats, at most
/// [`LEAD`]; how likely, in nats, at least [`LEAST`]; the odds that the engine gives its least certain symbol; and 1.
const WEIGHTS: [f32; 4] = [0.32, 0.86, -0.89, 2.96];
const LEAD: f32 = 15.0;
const LEAST: f32 = -8.0;
/// The surest that a reading can be which the other reader has otherwise.
const OTHERWISE: f32 = 0.97;
/// The same of a name, which nothing else on the card confirms: a person shall look.
pub(crate) const NAMED_OTHERWISE: f32 = 0.8;

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
    let own_likely = likely(&ours);
    let lead = (own_likely - likely(&theirs)).clamp(-LEAD, LEAD);
    let least = read.iter().map(|symbol| symbol.confidence).fold(1.0, f32::min).clamp(0.01, 0.995);
    let evidence = [lead, own_likely.max(LEAST), (least / (1.0 - least)).ln(), 1.0];
    let odds: f32 = WEIGHTS.iter().zip(evidence).map(|(weight, value)| weight * value).sum();
    let most = if seen.class == TextClass::Name { NAMED_OTHERWISE } else { OTHERWISE };
    let sure = inverse_calibration((1.0 / (1.0 + (-odds.abs()).exp())).min(most));
    let settled = if read.is_empty() || (odds > 0.0 && !own.symbols.is_empty()) {
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
