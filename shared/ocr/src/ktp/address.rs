//! Characters of an address that a recogniser takes for others, settled by a look at the strokes: the `B` of a house number
//! read as 8, the number of strokes in `III`.

use crate::engine::{Line, Symbol};
use crate::glyph::Glyph;
use crate::layout::{Page, Row, Span};

/// From this much of a stem on a house number's last character is a letter; a `B` is also wider than an 8. On generated
/// cards (T0 to T2, 36 house numbers) letters have 0.91 to 1.3, digits 0.1 to 0.8.
const STEM: f32 = 0.87;
/// With less than this it is a digit.
const NO_STEM: f32 = 0.7;
/// How sure a recogniser's 8 may be after the strokes left it open.
const OPEN: f32 = 0.9;
/// Strokes of a Roman number are no wider than this, in heights of a capital.
const STROKE: f32 = 0.34;

/// Settles such characters. `span` is the print that the line was read from.
pub(super) fn settle(page: &Page, row: Row, span: Span, line: &mut Line) {
    let high = row.height();
    // The pieces between spaces, as the pixels have them.
    let words = page.spans(row, span.left, span.right, (high * 2 / 5).max(4));
    let texts = tokens(&line.symbols);
    let pairs: Vec<((usize, usize), Span)> = if texts.len() == words.len() {
        texts.into_iter().zip(words).collect()
    } else {
        // An end is an end, however the words before were parted.
        texts.into_iter().next_back().zip(words.into_iter().next_back()).into_iter().collect()
    };
    // From the end: a Roman number changes how many symbols there are.
    for ((from, to), word) in pairs.into_iter().rev() {
        house_letter(page, row, word, line.symbols.get_mut(from..to).unwrap_or_default());
        roman(page, row, word, line, from, to);
    }
}

/// Where the words of a line are among its symbols; a leading colon is none.
fn tokens(symbols: &[Symbol]) -> Vec<(usize, usize)> {
    let mut tokens = Vec::new();
    let mut start = None;
    for (i, symbol) in symbols.iter().enumerate() {
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

/// `113B`: is the last character a letter or a digit?
fn house_letter(page: &Page, row: Row, word: Span, symbols: &mut [Symbol]) {
    let [.., before, last] = symbols else { return };
    if !matches!(last.character, '8' | 'B') || !before.character.is_ascii_digit() {
        return;
    }
    let Some(piece) = page.spans(row, word.left, word.right, 1).into_iter().next_back() else { return };
    let Some(glyph) = Glyph::of(page, row, piece) else { return };
    // Run together with its neighbour, or half lost: nothing to be seen.
    if !(0.4..=1.0).contains(&glyph.width()) || glyph.height() < 0.75 {
        last.confidence = last.confidence.min(OPEN);
        return;
    }
    let stem = glyph.stem() + 1.5 * (glyph.width() - 0.68);
    if stem >= STEM {
        last.character = 'B';
    } else if stem <= NO_STEM {
        last.character = '8';
    } else {
        last.confidence = last.confidence.min(OPEN);
    }
}

/// `II` or `III`, also where it was read as `NI` or `HI`: counts the strokes.
fn roman(page: &Page, row: Row, word: Span, line: &mut Line, from: usize, to: usize) {
    let read = line.symbols.get(from..to).unwrap_or_default();
    let strokes_only = |symbol: &Symbol| matches!(symbol.character, 'I' | 'N' | 'H' | 'l' | '1' | 'M' | 'L');
    if !(1..=4).contains(&read.len())
        || !read.iter().all(strokes_only)
        || !read.iter().any(|symbol| symbol.character == 'I')
        || from == 0
    {
        return;
    }
    let pieces = page.strokes(row, word.left, word.right, 1);
    let glyphs: Vec<Glyph<'_>> = pieces.iter().filter_map(|piece| Glyph::of(page, row, *piece)).collect();
    let stroke = |glyph: &Glyph<'_>| glyph.width() <= STROKE && glyph.height() >= 0.8;
    if !(1..=3).contains(&glyphs.len()) || !glyphs.iter().all(stroke) {
        return;
    }
    if glyphs.len() != read.len() || read.iter().any(|symbol| symbol.character != 'I') {
        let (left, right) = (read.first().map_or(0, |s| s.left), read.last().map_or(0, |s| s.right));
        let stroke = Symbol { character: 'I', confidence: 0.98, left, right };
        line.symbols.splice(from..to, std::iter::repeat_n(stroke, glyphs.len()));
    }
}
