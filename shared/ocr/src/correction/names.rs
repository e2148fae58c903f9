//! Names: a lone `I` that the recogniser dropped, a space that it missed, and every `D` and `O`.
//!
//! Owns what is known of Indonesian names' words. It must not know on which card, or which line of one, a name stands.

use crate::correction::d_or_o;
use crate::correction::glyph::Glyph;
use crate::correction::params::PARAMS;
use crate::correction::words::{symbol_at, word_ranges, word_spans};
use crate::page::{Page, Row, Span};
use crate::text::line::{Line, Symbol};

/// Corrects a name by its strokes: puts back a word of one stroke, as in `I MADE`, or the space between two words, then
/// compares each `D` and `O` with its corners. `span`: the print that the line was read from.
pub fn correct_name(page: &Page, row: Row, span: Span, line: &mut Line) {
    let words = word_spans(page, row, span);
    restore_lone_stroke(page, row, span, &words, line);
    d_or_o::correct(page, row, &words, line);
}

/// Puts back a word of one stroke where the pixels have one word more than the text; where there is no such word, a space.
fn restore_lone_stroke(page: &Page, row: Row, span: Span, words: &[Span], line: &mut Line) {
    let texts = word_ranges(&line.symbols);
    if texts.is_empty() || words.len() != texts.len() + 1 {
        return;
    }
    let lone = |word: &Span| {
        let pieces = page.strokes(row, word.left, word.right, 1);
        let glyph = Glyph::of(page, row, *word);
        pieces.len() == 1 && glyph.is_some_and(|glyph| glyph.is_stroke())
    };
    let mut candidates = words.iter().enumerate().filter(|(_, word)| lone(word));
    if let (Some((at, word)), None) = (candidates.next(), candidates.next()) {
        // `I-MADE`: the recogniser saw the stroke, and dirt for the space.
        if let Some([stroke, dirt, ..]) =
            texts.get(at).and_then(|(from, to)| line.symbols.get_mut(*from..*to))
            && stroke.character == 'I'
            && !dirt.character.is_alphabetic()
        {
            dirt.character = ' ';
            stroke.confidence = stroke.confidence.min(PARAMS.restored_first);
            return;
        }
        // Behind the last word a stroke is the portrait's edge or dirt as often as a letter.
        let Some((from, to)) = texts.get(at).copied() else { return };
        if split_lone_stroke(line, from, to) {
            return;
        }
        // Many names begin with an `I`; within a name a person is to check it.
        let sure = if at == 0 { PARAMS.restored_first } else { PARAMS.restored };
        let place = |character, confidence| symbol_at(row, span, *word, character, confidence);
        line.symbols.splice(from..from, [place('I', sure), place(' ', 1.0)]);
    } else if !words.iter().any(lone) {
        restore_space(page, row, span, words, line);
    }
}

/// `IWAYAN` or `LGUSTI`: the recogniser saw the stroke and lost the space behind it. Few names begin with an `I` and a
/// consonant that no vowel follows soon, and none with an `L` and a consonant.
fn split_lone_stroke(line: &mut Line, from: usize, to: usize) -> bool {
    /// What the words behind a lone `I` begin with: `MADE`, `GUSTI`, `NYOMAN`, `KETUT`, `PUTU`, `DEWA`, `WAYAN`.
    const HEADS: [&str; 9] = ["MADE", "GUS", "NYO", "KET", "PUT", "DEW", "WAY", "GED", "NEN"];
    let Some([stroke, rest @ ..]) = line.symbols.get_mut(from..to) else { return false };
    let rest: String = rest.iter().map(|symbol| symbol.character).collect();
    let parted = matches!(stroke.character, 'I' | 'L' | '1' | 'T' | 'J')
        && HEADS.iter().any(|head| rest.starts_with(head));
    if parted {
        (stroke.character, stroke.confidence) = ('I', stroke.confidence.min(PARAMS.restored_first));
        let edge = stroke.right;
        line.symbols.insert(from + 1, Symbol { character: ' ', confidence: 1.0, left: edge, right: edge });
    }
    parted
}

/// Puts a space where the pixels have a gap between words and the text has none, if there is exactly one such place.
fn restore_space(page: &Page, row: Row, span: Span, words: &[Span], line: &mut Line) {
    let high = row.height();
    // Line images begin this far before the print.
    let margin = high * 3 / 10;
    let middle = |a: u32, b: u32| u32::midpoint(a, b);
    let symbols = &line.symbols;
    let far = |at: u32, gap: u32| at.abs_diff(gap) * 10 > high * 6;
    let gaps =
        words.iter().zip(words.iter().skip(1)).map(|(a, b)| middle(a.right, b.left) + margin - span.left);
    let mut missing = gaps.filter(|gap| {
        let near =
            |symbol: &&Symbol| symbol.character == ' ' && !far(middle(symbol.left, symbol.right), *gap);
        !symbols.iter().any(|symbol| near(&symbol))
    });
    let (Some(gap), None) = (missing.next(), missing.next()) else { return };
    // Some letters stand apart, as in `L U`: only a gap as wide as the line's others parts words.
    let width = |gap: u32| {
        let pairs = words.iter().zip(words.iter().skip(1));
        pairs
            .filter(move |(a, b)| middle(a.right, b.left) + margin - span.left == gap)
            .map(|(a, b)| b.left - a.right)
    };
    let others = words.iter().zip(words.iter().skip(1)).map(|(a, b)| b.left - a.right);
    let this = width(gap).next().unwrap_or(0);
    let least = others.filter(|other| *other != this).min().map_or(high * 6 / 10, |least| least * 9 / 10);
    // Between an open letter and the next, as in `TA`, there is much of a gap as well.
    let letters = page.strokes(row, span.left, span.right, 1);
    let within = letters.iter().zip(letters.iter().skip(1)).map(|(a, b)| b.left - a.right);
    let widest = within.filter(|within| *within < this).max().unwrap_or(0);
    if this < least || this * 10 < widest * 16 {
        return;
    }
    let border = |at: &usize| match symbols.get(at - 1..=*at) {
        Some([a, b]) if a.character != ' ' && b.character != ' ' => Some(middle(a.right, b.left)),
        _ => None,
    };
    let nearest = (1..symbols.len()).filter(|at| border(at).is_some_and(|border| !far(border, gap)));
    if let Some(at) = nearest.min_by_key(|at| border(at).map_or(u32::MAX, |border| border.abs_diff(gap))) {
        let edge = symbols.get(at).map_or(gap, |symbol| symbol.left);
        // Spaces have no confidence of their own: the next letter's is lowered. A recogniser that sees a word where the
        // strokes see two is right more often than not.
        if let Some(next) = line.symbols.get_mut(at) {
            next.confidence = next.confidence.min(PARAMS.restored);
        }
        line.symbols.insert(at, Symbol { character: ' ', confidence: 1.0, left: edge, right: edge });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    /// Strokes of capitals as a blank page has them: 20 rows high, 4 columns wide, 4 apart.
    fn page(strokes: &[u32]) -> (Page, Row, Span) {
        let inked = |x: u32| strokes.iter().any(|left| (*left..left + 4).contains(&x));
        let (page, row) = drawn(|x, _| if inked(x) { 235 } else { 0 });
        (page, row, Span { left: 20, right: 200 })
    }

    #[test]
    fn a_lone_stroke_is_a_word() {
        // `I`, then two words of several strokes.
        let (page, row, span) = page(&[20, 60, 66, 72, 110, 116, 122]);
        for (read, expected) in [
            ("MADE TARIGAN", "I MADE TARIGAN"),
            ("I-MADE TARIGAN", "I MADE TARIGAN"),
            ("I MADE TARIGAN", "I MADE TARIGAN"),
            ("MADE", "MADE"),
            // The stroke was seen, the space behind it was not.
            ("IMADE TARIGAN", "I MADE TARIGAN"),
            ("LGUSTI TARIGAN", "I GUSTI TARIGAN"),
        ] {
            let mut line = Line::certain(read);
            correct_name(&page, row, span, &mut line);
            assert_eq!(line.text(), expected);
        }
    }

    #[test]
    fn a_gap_between_words_is_a_space() {
        // Two words of two strokes, the boxes of the symbols as a recogniser gives them.
        let (page, row, _) = page(&[20, 26, 60, 66]);
        let span = Span { left: 20, right: 70 };
        let boxes = [(6, 9), (12, 16), (46, 50), (52, 56)];
        let symbols = "NAMA".chars().zip(boxes).map(|(character, (left, right))| Symbol {
            character,
            confidence: 0.99,
            left,
            right,
        });
        let mut line = Line { symbols: symbols.collect() };
        correct_name(&page, row, span, &mut line);
        assert_eq!(line.text(), "NA MA");
        correct_name(&page, row, span, &mut line);
        assert_eq!(line.text(), "NA MA");
    }

    #[test]
    fn open_letters_do_not_part_words() {
        // Gaps within words of 6 columns, the widest of 8: no space. The text has one gap between words, of 20.
        let (card, row, _) = page(&[20, 30, 40, 52, 76, 86]);
        let span = Span { left: 20, right: 90 };
        let boxes = [(6, 9), (16, 19), (26, 29), (38, 41), (46, 55), (62, 65), (72, 75)];
        let symbols = "TAUF AZ".chars().zip(boxes).map(|(character, (left, right))| Symbol {
            character,
            confidence: 0.99,
            left,
            right,
        });
        let mut line = Line { symbols: symbols.collect() };
        correct_name(&card, row, span, &mut line);
        assert_eq!(line.text(), "TAUF AZ");
    }
}
