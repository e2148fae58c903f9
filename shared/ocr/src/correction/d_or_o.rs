//! `D` or `O`: recognisers confuse them and are sure of it; the corners on the left tell them apart.
//!
//! Owns this one confusion. It must not know what the word means.

use crate::correction::glyph::Glyph;
use crate::correction::params::PARAMS;
use crate::correction::words::word_ranges;
use crate::page::{Page, Row, Span};
use crate::text::line::{Line, Symbol};

/// Corrects every `D` and `O` of a name that stands alone; lowers the confidence of one that touches its neighbours where
/// its corners contradict it. `words`: the line's [word spans](crate::correction::words::word_spans).
pub(crate) fn correct(page: &Page, row: Row, words: &[Span], line: &mut Line) {
    let texts = word_ranges(&line.symbols);
    if texts.len() != words.len() {
        return;
    }
    for ((from, to), word) in texts.into_iter().zip(words) {
        let Some(symbols) = line.symbols.get_mut(from..to) else { continue };
        if !symbols.iter().any(|symbol| matches!(symbol.character, 'D' | 'O')) {
            continue;
        }
        let pieces = page.strokes(row, word.left, word.right, 1);
        let alone = pieces.len() == symbols.len();
        let places = if alone { pieces } else { cut_letters(page, row, *word, symbols) };
        for (symbol, place) in symbols.iter_mut().zip(places) {
            let glyph = Glyph::of(page, row, place);
            if let Some(glyph) = glyph.filter(|glyph| (0.6..=1.25).contains(&glyph.width())) {
                correct_letter(symbol, glyph.corners(), alone);
            }
        }
    }
}

fn correct_letter(symbol: &mut Symbol, corners: f32, alone: bool) {
    let other = match symbol.character {
        'O' if corners >= PARAMS.d_corners_min => 'D',
        'D' if corners <= PARAMS.o_corners_max => 'O',
        // In between it is a letter that nobody should be sure of.
        'O' if alone && corners >= PARAMS.d_corners_likely => 'O',
        'D' if alone && corners <= PARAMS.o_corners_likely => 'D',
        _ => return,
    };
    symbol.confidence = symbol.confidence.min(PARAMS.restored);
    // A letter cut out of a run of ink may have the corners of its neighbour.
    if alone {
        symbol.character = other;
    }
}

/// The places of the letters of a word that have run together: by their usual widths, each border moved to the lightest
/// column nearby.
fn cut_letters(page: &Page, row: Row, word: Span, symbols: &[Symbol]) -> Vec<Span> {
    let dark: Vec<f32> =
        (word.left..word.right).map(|x| page.darkness(row, Span { left: x, right: x + 1 })).collect();
    let all: f32 = symbols.iter().map(|symbol| usual_width(symbol.character)).sum();
    let reach = row.height() as usize / 4;
    let most = dark.iter().copied().fold(0.0, f32::max);
    let mut edges = vec![0];
    let mut sum = 0.0;
    for symbol in symbols {
        sum += usual_width(symbol.character);
        let about = (sum / all * dark.len() as f32) as usize;
        let (from, to) = (about.saturating_sub(reach), (about + reach + 1).min(dark.len()));
        let lightest = (from..to).min_by(|a, b| {
            let at = |x: &usize| dark.get(*x).copied().unwrap_or(f32::MAX);
            at(a).total_cmp(&at(b))
        });
        edges.push(if about + 1 >= dark.len() { dark.len() } else { lightest.unwrap_or(about) });
    }
    let pairs = edges.iter().zip(edges.iter().skip(1));
    pairs
        .map(|(from, to)| {
            // A letter begins where its ink does.
            let light = dark.get(*from..*to).unwrap_or_default().iter().take_while(|v| **v < 0.3 * most);
            let left = if *from == 0 { 0 } else { from + light.count() };
            Span { left: word.left + left as u32, right: word.left + (*to).max(left) as u32 }
        })
        .collect()
}

/// Width of a letter with the gap behind it, about, in heights of a capital.
const fn usual_width(letter: char) -> f32 {
    match letter {
        'I' | '.' | ',' | '\'' => 0.28,
        'J' | 'L' => 0.54,
        'E' | 'F' | 'P' | 'T' | 'Z' => 0.62,
        'C' | 'D' | 'H' | 'N' | 'R' | 'U' => 0.72,
        'G' | 'O' | 'Q' => 0.78,
        'M' => 0.83,
        'W' => 0.94,
        _ => 0.67,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    /// Two letters of 16 columns and 20 rows: a stem, and a ring without corners; two columns between them, which a bridge
    /// may cross.
    fn page(joined: bool) -> (Page, Row, Vec<Span>) {
        let (page, row) = drawn(|x, y| {
            let letter = |left: u32, stem: bool| {
                let Some(x) = x.checked_sub(left) else { return false };
                let edge = !(4..12).contains(&x) || !(4..16).contains(&y);
                let corner = |x: u32| x < 4 && !(4..16).contains(&y);
                x < 16 && edge && (stem || !corner(x)) && !corner(15 - x)
            };
            let bridge = joined && (116..118).contains(&x) && (8..11).contains(&y);
            if letter(100, true) || letter(118, false) || bridge { 235 } else { 0 }
        });
        (page, row, vec![Span { left: 100, right: 134 }])
    }

    #[test]
    fn corners_tell_a_d_from_an_o() {
        let (page, row, words) = page(false);
        for read in ["DO", "OD", "DD", "OO"] {
            let mut line = Line::certain(read);
            correct(&page, row, &words, &mut line);
            assert_eq!(line.text(), "DO", "{read}");
            // What was changed is doubtful, the rest as sure as before.
            for (symbol, before) in line.symbols.iter().zip(read.chars()) {
                assert_eq!(symbol.confidence < 0.95, symbol.character != before, "{read}");
            }
        }
    }

    #[test]
    fn a_letter_that_touches_another_is_only_doubted() {
        let (page, row, words) = page(true);
        for (read, doubted) in [("DO", [false, false]), ("OO", [true, false])] {
            let mut line = Line::certain(read);
            correct(&page, row, &words, &mut line);
            assert_eq!(line.text(), read);
            let doubts: Vec<bool> = line.symbols.iter().map(|symbol| symbol.confidence < 0.95).collect();
            assert_eq!(doubts, doubted, "{read}");
        }
    }
}
