//! What the line engine and the line network read of the same line, as one line.
//!
//! Owns how far each is believed. It must not know what a line means.

use crate::recognition::ctc::CtcOutput;
use crate::recognition::engine::TextClass;
use crate::recognition::params::{Ensemble, PARAMS};
use crate::text::confidence::inverse_calibration;
use crate::text::line::{Line, Symbol};
use crate::text::normalise::value_range;

const FITTED: Ensemble = PARAMS.ensemble;

/// Fuses a line of the engine with what the network answered for the same picture. Where both have the same value, each
/// symbol is as certain as two readings make it; where they differ, the likelier reading stays, and what differs is in doubt.
pub fn fuse(line: &mut Line, output: &CtcOutput) {
    let mut own = output.line();
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
    let likely = |text: &str| output.log_likelihood(text).unwrap_or(FITTED.unknown).max(FITTED.unknown);
    let own_likely = likely(&ours);
    let lead = (own_likely - likely(&theirs)).clamp(-FITTED.most_lead, FITTED.most_lead);
    let (low, high) = FITTED.engine_odds;
    let least = read.iter().map(|symbol| symbol.confidence).fold(1.0, f32::min).clamp(low, high);
    let evidence = [lead, own_likely.max(FITTED.least_likely), (least / (1.0 - least)).ln(), 1.0];
    let odds: f32 = FITTED.weights.iter().zip(evidence).map(|(weight, value)| weight * value).sum();
    let believed = if output.class == TextClass::Name { FITTED.name_otherwise } else { FITTED.otherwise };
    let most = inverse_calibration((1.0 / (1.0 + (-odds.abs()).exp())).min(believed));
    let fused = if read.is_empty() || (odds > 0.0 && !own.symbols.is_empty()) {
        doubted(own.symbols, read, most)
    } else {
        doubted(read.to_vec(), &own.symbols, most)
    };
    line.symbols.splice(range, fused);
}

fn text_of(symbols: &[Symbol]) -> String {
    symbols.iter().map(|symbol| symbol.character).collect()
}

/// The symbols; those that the other reading has not, or beside which it has more, with no more confidence than `most`.
fn doubted(mut symbols: Vec<Symbol>, other: &[Symbol], most: f32) -> Vec<Symbol> {
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
            symbol.confidence = symbol.confidence.min(most);
        }
        if here.is_some() {
            beside = here;
        }
    }
    if let Some(last) = symbols.last_mut()
        && kept.last().copied().flatten().is_none_or(|at| at + 1 < other.len())
    {
        last.confidence = last.confidence.min(most);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Symbols a step apart, all of one confidence.
    fn line_of(text: &str, confidence: f32) -> Line {
        let symbol = |(i, character)| Symbol { character, confidence, left: i, right: i + 1 };
        Line { symbols: (0..).zip(text.chars()).map(symbol).collect() }
    }

    #[test]
    fn two_readers_that_agree_are_surer_than_one() {
        let mut line = line_of(": BUDI SANTOSO,", 0.9);
        fuse(&mut line, &CtcOutput::certain("BUDI SANTOSO"));
        assert_eq!(line.text(), ": BUDI SANTOSO,");
        assert!(line.symbols[2..14].iter().all(|symbol| symbol.confidence > 0.95));
        assert_eq!(line.symbols[0].confidence, 0.9, "what is no value is left alone");
    }

    #[test]
    fn where_two_readers_differ_the_likelier_stays_in_doubt() {
        let least = |line: &Line, c: char| {
            let of_it = line.symbols.iter().filter(|symbol| symbol.character == c);
            of_it.map(|symbol| symbol.confidence).fold(1.0, f32::min)
        };
        // A letter that one of them has otherwise.
        let mut line = line_of("BUNI", 0.98);
        fuse(&mut line, &CtcOutput::certain("BUDI"));
        assert_eq!(line.text(), "BUDI");
        let most = inverse_calibration(FITTED.name_otherwise);
        assert!(least(&line, 'D') <= most && least(&line, 'B') > most);
        // A letter that only one of them has: it is in doubt, or what it would stand beside.
        for (engine, network) in
            [("PUJ", "PUJI"), ("PUJI", "PUJ"), ("UJI", "PUJI"), ("PUJI", "UJI"), ("PJI", "PUJI")]
        {
            let mut line = line_of(engine, 0.9);
            fuse(&mut line, &CtcOutput::certain(network));
            assert_eq!(line.text(), network);
            assert!(line.confidence().min <= most, "{engine} {network}");
        }
        // What the network is not sure of does not go before what the engine is sure of.
        let faint = CtcOutput::certain("BUDI").undecided();
        let mut line = line_of("BUNI", 0.99);
        fuse(&mut line, &faint);
        assert_eq!(line.text(), "BUNI");
        assert!(line.confidence().min <= most);
        // Nothing against nothing, and something against nothing.
        let mut nothing = Line::default();
        fuse(&mut nothing, &CtcOutput::certain(""));
        assert_eq!(nothing, Line::default());
        fuse(&mut nothing, &CtcOutput::certain("BUDI"));
        assert_eq!(nothing.text(), "BUDI");
    }
}
