//! Addresses: house numbers that end in a letter, blocks, Roman numerals, spaces and full stops behind abbreviations.
//!
//! Owns the order in which an address is corrected. It must not know on which card, or which line of one, it stands.

use crate::correction::address_abbreviations;
use crate::correction::glyph::Glyph;
use crate::correction::params::PARAMS;
use crate::correction::roman_numerals::{correct_numeral, restore_trailing_numeral};
use crate::correction::words::{word_ranges, word_spans};
use crate::page::{Page, Row, Span};
use crate::text::line::{Line, Symbol};

/// Corrects a line of an address by its strokes. `span`: the print that the line was read from.
pub fn correct_address(page: &Page, row: Row, span: Span, line: &mut Line) {
    restore_trailing_numeral(page, row, span, line);
    let words = word_spans(page, row, span);
    // A stop too faint for ink leaves a gap that is no space.
    let stops = words.iter().filter(|word| ends_in_stop(page, row, **word)).count();
    align_space_after_stop(&mut line.symbols, words.len(), stops);
    address_abbreviations::restore_faint_stops(page, row, &words, line);
    let texts = word_ranges(&line.symbols);
    let pairs: Vec<((usize, usize), Span)> = if texts.len() == words.len() {
        texts.into_iter().zip(words).collect()
    } else {
        // An end is an end, however the words before were parted.
        texts.into_iter().next_back().zip(words.into_iter().next_back()).into_iter().collect()
    };
    // From the end: a Roman number changes how many symbols there are.
    for ((from, to), word) in pairs.into_iter().rev() {
        let block = from.checked_sub(4).and_then(|start| line.symbols.get(start..from));
        let block = block.is_some_and(|before| before.iter().map(|s| s.character).eq("LOK ".chars()));
        let symbols = line.symbols.get_mut(from..to).unwrap_or_default();
        if block {
            correct_block_letter(page, row, word, symbols);
        }
        correct_house_letter(page, row, word, symbols);
        correct_numeral(page, row, word, line, from, to);
    }
}

/// Whether the last stroke of a word is a dot on the line.
fn ends_in_stop(page: &Page, row: Row, word: Span) -> bool {
    let last = page.strokes(row, word.left, word.right, 1).into_iter().next_back();
    last.and_then(|last| Glyph::of(page, row, last)).is_some_and(|glyph| glyph.is_stop(row))
}

/// `NO.38` or `NO. 38`: where the text has one word fewer or more than the pixels, and one full stop alone can be the cause,
/// the pixels are right. `stops`: how many of the pixels' words end in one.
fn align_space_after_stop(symbols: &mut Vec<Symbol>, words: usize, stops: usize) {
    let at = |i: usize| symbols.get(i).map_or(' ', |symbol| symbol.character);
    let places = |spaced: bool| -> Vec<usize> {
        let wanted = |i: &usize| {
            at(*i) == '.'
                && if spaced { at(i + 1) == ' ' } else { at(i + 1).is_ascii_digit() }
                && i.checked_sub(1).is_some_and(|before| at(before).is_ascii_alphabetic())
        };
        (0..symbols.len().saturating_sub(1)).filter(wanted).collect()
    };
    let found = word_ranges(symbols);
    let read = found.len();
    let ended = found.iter().filter(|(_, to)| at(to - 1) == '.').count();
    if let ([stop], true) = (places(false).as_slice(), read + 1 == words && stops == ended + 1) {
        let edge = symbols.get(stop + 1).map_or(0, |symbol| symbol.left);
        symbols.insert(stop + 1, Symbol { character: ' ', confidence: 1.0, left: edge, right: edge });
    } else if let ([stop], true) = (places(true).as_slice(), read == words + 1 && ended == stops + 1) {
        symbols.remove(stop + 1);
    }
}

/// `113B`: is the last character a letter or a digit?
fn correct_house_letter(page: &Page, row: Row, word: Span, symbols: &mut [Symbol]) {
    let symbols_before = symbols.iter().rev().skip(1).take_while(|s| s.character.is_ascii_digit()).count();
    let [.., before, last] = symbols else { return };
    if !matches!(last.character, '8' | 'B') || !before.character.is_ascii_digit() {
        return;
    }
    let Some(piece) = page.spans(row, word.left, word.right, 1).into_iter().next_back() else { return };
    let Some(glyph) = Glyph::of(page, row, piece) else { return };
    // Run together with its neighbour, or half lost: nothing to be seen.
    if !(0.4..=1.0).contains(&glyph.width()) || glyph.height() < 0.75 {
        if symbols_before >= 3 {
            last.character = 'B';
        }
        last.confidence = last.confidence.min(PARAMS.undecided);
        return;
    }
    let stem = stem_and_width(&glyph);
    // Numbers of houses of more than three digits are rare.
    let long = symbols_before >= 3;
    let seen = match stem {
        stem if stem >= PARAMS.b_stem_min => 'B',
        stem if stem <= PARAMS.eight_stem_max => '8',
        stem => {
            let seen = if long || stem >= f32::midpoint(PARAMS.b_stem_min, PARAMS.eight_stem_max) {
                'B'
            } else {
                '8'
            };
            (last.character, last.confidence) = (seen, last.confidence.min(PARAMS.undecided));
            return;
        }
    };
    if last.character != seen {
        (last.character, last.confidence) = (seen, last.confidence.min(PARAMS.overruled));
    }
}

/// `BLOK 8` or `BLOK B`? Most blocks have letters: only an 8 with plain bends is a number.
fn correct_block_letter(page: &Page, row: Row, word: Span, symbols: &mut [Symbol]) {
    let Some(first) = symbols.first_mut().filter(|first| first.character == '8') else { return };
    let piece = page.spans(row, word.left, word.right, 1).into_iter().next();
    let glyph = piece.and_then(|piece| Glyph::of(page, row, piece));
    let whole = |glyph: &Glyph<'_>| (0.4..=1.0).contains(&glyph.width()) && glyph.height() >= 0.75;
    let stem = glyph.filter(whole).map(|glyph| stem_and_width(&glyph));
    match stem {
        Some(stem) if stem < PARAMS.block_eight_stem_max => {}
        Some(stem) if stem >= f32::midpoint(PARAMS.b_stem_min, PARAMS.eight_stem_max) => {
            (first.character, first.confidence) = ('B', first.confidence.min(PARAMS.restored));
        }
        _ => (first.character, first.confidence) = ('B', first.confidence.min(PARAMS.undecided)),
    }
}

/// The stem on the left of a character, more where it is wide: a `B` is wider than an 8.
fn stem_and_width(glyph: &Glyph<'_>) -> f32 {
    glyph.stem() + PARAMS.b_width_weight * (glyph.width() - PARAMS.b_width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    fn spaced(text: &str, words: usize, stops: usize) -> String {
        let mut line = Line::certain(text);
        align_space_after_stop(&mut line.symbols, words, stops);
        line.text()
    }

    /// Strokes of capitals as a blank page has them: 20 rows high, 4 columns wide, 4 apart.
    fn page(strokes: &[u32]) -> (Page, Row, Span) {
        let inked = |x: u32| strokes.iter().any(|left| (*left..left + 4).contains(&x));
        let (page, row) = drawn(|x, _| if inked(x) { 235 } else { 0 });
        (page, row, Span { left: 20, right: 200 })
    }

    #[test]
    fn the_pixels_say_where_words_part() {
        assert_eq!(spaced("JL MAWAR NO.38", 4, 1), "JL MAWAR NO. 38");
        assert_eq!(spaced("JL MAWAR NO. 38", 3, 0), "JL MAWAR NO.38");
        assert_eq!(spaced("JL MAWAR NO.38", 3, 0), "JL MAWAR NO.38");
        // A stop that left no ink.
        assert_eq!(spaced("JL MAWAR NO.38", 4, 0), "JL MAWAR NO.38");
        // Two places may be meant, or none.
        assert_eq!(spaced("NO.38 GG.2", 3, 1), "NO.38 GG.2");
        assert_eq!(spaced("DUSUN II", 3, 0), "DUSUN II");
    }

    #[test]
    fn strokes_are_counted() {
        let (page, row, span) = page(&[20, 26, 60, 68, 76]);
        for read in ["X III", "X II", "X NI", "X HI"] {
            let mut line = Line::certain(read);
            correct_address(&page, row, span, &mut line);
            assert_eq!(line.text(), "X III", "{read}");
        }
        let mut line = Line::certain("X BLOK");
        correct_address(&page, row, span, &mut line);
        assert_eq!(line.text(), "X BLOK");
    }

    #[test]
    fn a_block_has_a_letter_unless_an_8_is_plain() {
        // A stem on the left as long as the letter, and a digit whose corners are light.
        let glyph = |digit: bool| {
            let (page, _) = drawn(|x, y| {
                let x = x.wrapping_sub(100);
                let lobe = (2..8).contains(&y) || (12..18).contains(&y);
                let inked = x < 4 && (lobe || !digit) || (4..13).contains(&x) && (!lobe || x > 9);
                if inked { 235 } else { 0 }
            });
            page
        };
        let (row, word) = (Row { top: 40, bottom: 60 }, Span { left: 100, right: 113 });
        for (digit, expected) in [(false, "B/17"), (true, "8/17")] {
            let mut line = Line::certain("8/17");
            correct_block_letter(&glyph(digit), row, word, &mut line.symbols);
            assert_eq!(line.text(), expected);
        }
    }
}
