//! The words of a line, as its pixels part them and as its text does.
//!
//! Owns the correspondence between the two. It must not know what the words are.

use crate::page::{Page, Row, Span};
use crate::text::line::Symbol;

/// The words as the pixels part them: by gaps that are wide, and wider than those between letters.
pub(crate) fn word_spans(page: &Page, row: Row, span: Span) -> Vec<Span> {
    let letters = page.strokes(row, span.left, span.right, 1);
    let mut gaps: Vec<u32> =
        letters.iter().zip(letters.iter().skip(1)).map(|(a, b)| b.left - a.right).collect();
    gaps.sort_unstable();
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    page.strokes(row, span.left, span.right, (row.height() * 2 / 5).max(4).max(usual * 5 / 2))
}

/// The words as the text parts them, each as its first symbol and the one after its last; a leading colon is none.
pub(crate) fn word_ranges(symbols: &[Symbol]) -> Vec<(usize, usize)> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (i, symbol) in symbols.iter().enumerate() {
        if tokens.is_empty() && start.is_none() && symbol.character == ':' {
            continue;
        }
        match (symbol.character == ' ', start) {
            (false, None) => start = Some(i),
            (true, Some(from)) => {
                tokens.push((from, i));
                start = None;
            }
            _ => {}
        }
    }
    tokens.extend(start.map(|from| (from, symbols.len())));
    tokens
}

/// A symbol for a character that the recogniser lost. `at`: where its strokes stand. Boxes count from the edge of the
/// line's crop, which begins a margin left of `span`.
pub(crate) fn symbol_at(row: Row, span: Span, at: Span, character: char, confidence: f32) -> Symbol {
    let margin = row.height() * 3 / 10;
    Symbol {
        character,
        confidence,
        left: (at.left + margin).saturating_sub(span.left),
        right: (at.right + margin).saturating_sub(span.left),
    }
}
