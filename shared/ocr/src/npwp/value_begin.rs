//! Where the value of a line begins in the picture, behind its label and its colon.
//!
//! Owns the comparison of symbols with ink: a recogniser's boxes are not exact. It must not know which value it is.

use crate::npwp::line::column_of;
use crate::page::{Page, Row, Span};
use crate::text::confidence::needs_second_pass;
use crate::text::field_text::value_of;
use crate::text::line::{Line, Symbol};
use crate::text::normalise::value_range;

/// The column at which a value begins: the ink nearest to where the recogniser saw its first symbol, behind the colon.
pub(crate) fn value_begin(page: &Page, row: Row, span: Span, line: &Line, from: usize) -> u32 {
    if from == 0 {
        return span.left;
    }
    let about = span.left + column_of(line, from);
    let high = row.height();
    let runs = page.spans(row, span.left, span.right, (high / 7).max(2));
    // Of the runs of ink nearby, one behind a gap: the boxes of symbols are not exact.
    let mut behind = span.left;
    let mut best: Option<(i64, usize)> = None;
    for (at, run) in runs.iter().enumerate() {
        let gap = run.left.saturating_sub(behind).min(high / 2);
        behind = run.right;
        let off = run.left.abs_diff(about);
        let worth = i64::from(gap) - i64::from(off);
        if off <= high && best.is_none_or(|(most, _)| worth > most) {
            best = Some((worth, at));
        }
    }
    let Some((_, nearest)) = best else { return about };
    // Where the letters behind begin at the top, a colon does not, and it is hollow.
    let is_colon = |run: &Span| {
        let behind = Span { left: run.right, right: (run.right + 3 * high).min(span.right) };
        let top = page.ink_height(row, behind).map_or(row.top, |(top, _)| top);
        let upper = Row { top, bottom: top + (high / 5).max(1) };
        let middle = Row { top: row.top + high * 9 / 16, bottom: row.top + high * 12 / 16 + 1 };
        (run.right - run.left) * 5 <= high * 2
            && page.ink_share(upper, *run) < 0.2
            && page.ink_share(middle, *run) < 0.3
    };
    let near = runs.iter().skip(nearest).take(2).find(|run| !is_colon(run));
    near.map_or(about, |run| run.left)
}

/// The number of letters that the whole line surely has before those of its value, where the value was taken to begin too
/// far right.
pub(crate) fn lost_before(whole: &Line, value: &Line) -> u32 {
    /// More is another word, and no letter that was taken for a colon's neighbour.
    const MOST: usize = 2;
    let range = value_range(&whole.symbols);
    let symbols = whole.symbols.get(range).unwrap_or_default();
    let text = value_of(value).text;
    let lost = symbols.len().saturating_sub(text.chars().count());
    let (before, rest) = symbols.split_at(lost);
    // A colon is read as a stroke, and labels end in small letters.
    let is_lost = |symbol: &Symbol| {
        symbol.character.is_ascii_uppercase()
            && symbol.character != 'I'
            && !needs_second_pass(symbol.confidence)
    };
    let same = rest.iter().map(|symbol| symbol.character).eq(text.chars());
    if !text.is_empty() && lost <= MOST && same && before.iter().all(is_lost) { lost as u32 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_letters_before_a_value_are_lost() {
        let lost = |whole: &str, value: &str| {
            lost_before(&Line::with_confidence(whole, 0.99), &Line::with_confidence(value, 0.9))
        };
        assert_eq!(lost("MUHAMMAD", "UHAMMAD"), 1);
        assert_eq!(lost(": SUHAM", "HAM"), 2);
        for (whole, value) in [
            ("BUDI", "BUDI"),
            ("I MADE", "MADE"),
            ("ADE BUDI", "BUDI"),
            ("IBUDI", "BUDI"),
            ("BUDI", ""),
            ("BUDI", "RUDI"),
        ] {
            assert_eq!(lost(whole, value), 0, "{whole} {value}");
        }
    }
}
