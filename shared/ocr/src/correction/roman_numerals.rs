//! Roman numerals: upright strokes and nothing else, also where blur has joined them.
//!
//! Owns counting the strokes of a word. It must not know which words of a line are numerals by their meaning.

use crate::correction::glyph::{Glyph, correlation};
use crate::correction::params::PARAMS;
use crate::correction::words::{symbol_at, word_ranges, word_spans};
use crate::page::{Page, Row, Span};
use crate::text::line::{Line, Symbol};

/// The number of upright strokes of which a word consists, 1 to 3; `None`: it has other shapes, or more strokes.
pub(crate) fn upright_strokes(page: &Page, row: Row, word: Span) -> Option<usize> {
    let high = row.height().max(1);
    let glyph = Glyph::of(page, row, word)?;
    if glyph.is_stroke() {
        return Some(1);
    }
    if glyph.width() > PARAMS.numeral_width_max || glyph.width() < 0.4 || glyph.height() < 0.8 {
        return None;
    }
    let right = word.right.min(page.width());
    let band = |from: u32, to: u32| -> Vec<f32> {
        let (top, bottom) = (row.top + high * from / 20, (row.top + high * to / 20).min(page.height()));
        (word.left..right)
            .map(|x| (top..bottom).map(|y| f32::from(255 - page.gray.get_pixel(x, y).0[0])).sum())
            .collect()
    };
    let mean = band(3, 17);
    let alike = [(3, 6), (6, 9), (9, 12), (12, 15), (14, 17)]
        .into_iter()
        .all(|(from, to)| correlation(&band(from, to), &mean) >= PARAMS.upright_correlation_min);
    let count = peaks(&mean);
    (alike && (2..=3).contains(&count)).then_some(count)
}

/// The number of maxima with a valley between each two.
fn peaks(profile: &[f32]) -> usize {
    let most = profile.iter().copied().fold(0.0_f32, f32::max);
    let (mut count, mut top, mut low) = (0, 0.0_f32, 0.0_f32);
    let mut rising = true;
    for value in profile {
        if rising {
            top = top.max(*value);
            if *value < PARAMS.valley_share * top && top > 0.5 * most {
                count += 1;
                rising = false;
                low = *value;
            }
        } else {
            low = low.min(*value);
            if *value > 0.5 * most && low < PARAMS.valley_share * *value {
                rising = true;
                top = *value;
            }
        }
    }
    count + usize::from(rising && top > 0.5 * most)
}

/// Puts back a Roman numeral at the end of a place or an address, which recognisers drop as dirt. `span`: the print that
/// the line was read from.
pub fn restore_trailing_numeral(page: &Page, row: Row, span: Span, line: &mut Line) {
    let words = word_spans(page, row, span);
    let texts = word_ranges(&line.symbols);
    let ([.., before, word], Some((from, to))) = (words.as_slice(), texts.last().copied()) else { return };
    let near = word.left - before.right <= row.height();
    // Numbers have strokes themselves, and a last `I` may stand apart from its word.
    let last = line.symbols.get(from..to).unwrap_or_default();
    let whole = last.iter().all(|symbol| symbol.character.is_alphabetic() || symbol.character == '.')
        && !last.iter().next_back().is_some_and(|symbol| matches!(symbol.character, 'I' | 'L' | 'J' | 'l'));
    if words.len() != texts.len() + 1 || !near || !whole {
        return;
    }
    if let Some(count) = upright_strokes(page, row, *word) {
        // Whatever dirt the recogniser made of it.
        line.symbols.truncate(to);
        let place = |character, confidence| symbol_at(row, span, *word, character, confidence);
        line.symbols.push(place(' ', 1.0));
        line.symbols.extend(std::iter::repeat_n(place('I', PARAMS.restored), count));
    }
}

/// Replaces the symbols `from..to` of a word by as many `I` as it has strokes: `II` is also read as `NI` or `HI`.
pub(crate) fn correct_numeral(page: &Page, row: Row, word: Span, line: &mut Line, from: usize, to: usize) {
    let read = line.symbols.get(from..to).unwrap_or_default();
    let strokes_only = |symbol: &Symbol| matches!(symbol.character, 'I' | 'N' | 'H' | 'l' | '1' | 'M' | 'L');
    if !(1..=4).contains(&read.len()) || !read.iter().all(strokes_only) || from == 0 {
        return;
    }
    let (left, right) = (read.first().map_or(0, |s| s.left), read.last().map_or(0, |s| s.right));
    if let Some(count @ 2..) = upright_strokes(page, row, word)
        && (count != read.len() || read.iter().any(|symbol| symbol.character != 'I'))
    {
        let stroke = Symbol { character: 'I', confidence: PARAMS.overruled, left, right };
        line.symbols.splice(from..to, std::iter::repeat_n(stroke, count));
        return;
    }
    if !read.iter().any(|symbol| symbol.character == 'I') {
        return;
    }
    let pieces = page.strokes(row, word.left, word.right, 1);
    let glyphs: Vec<Glyph<'_>> = pieces.iter().filter_map(|piece| Glyph::of(page, row, *piece)).collect();
    if !(1..=3).contains(&glyphs.len()) || !glyphs.iter().all(Glyph::is_stroke) {
        return;
    }
    if glyphs.len() != read.len() || read.iter().any(|symbol| symbol.character != 'I') {
        let stroke = Symbol { character: 'I', confidence: PARAMS.overruled, left, right };
        line.symbols.splice(from..to, std::iter::repeat_n(stroke, glyphs.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    #[test]
    fn joined_strokes_count_and_slanted_ones_do_not() {
        // Every column is inked, the strokes darker than what is between them.
        for count in 2..=3_u32 {
            let (page, row) = drawn(|x, _| match x.checked_sub(100) {
                Some(x) if x < count * 7 - 3 => {
                    if x % 7 < 4 {
                        230
                    } else {
                        150
                    }
                }
                _ => 0,
            });
            let word = Span { left: 100, right: 100 + count * 7 - 3 };
            assert_eq!(upright_strokes(&page, row, word), Some(count as usize));
        }
        let (page, row) = drawn(|x, y| match x.checked_sub(100) {
            // An N: two stems and a stroke from one to the other.
            Some(x) if x < 18 && (!(4..14).contains(&x) || x.abs_diff(y * 18 / 20) < 3) => 230,
            _ => 0,
        });
        assert_eq!(upright_strokes(&page, row, Span { left: 100, right: 118 }), None);
    }

    #[test]
    fn a_dropped_number_is_put_back() {
        let strokes = [20_u32, 26, 60, 68];
        let (page, row) =
            drawn(|x, _| if strokes.iter().any(|left| (*left..left + 4).contains(&x)) { 230 } else { 0 });
        let span = Span { left: 20, right: 72 };
        for (read, expected) in [("X", "X"), ("X II", "X II")] {
            let mut line = Line::certain(read);
            restore_trailing_numeral(&page, row, span, &mut line);
            // The gap is too wide for the first.
            assert_eq!(line.text(), expected);
        }
        let near = [20_u32, 26, 44, 52];
        let (page, row) = drawn(|x, _| if near.iter().any(|l| (*l..l + 4).contains(&x)) { 230 } else { 0 });
        let mut line = Line::certain("X");
        restore_trailing_numeral(&page, row, Span { left: 20, right: 56 }, &mut line);
        assert_eq!(line.text(), "X II");
        for whole in ["ALI", "NO.1"] {
            let mut line = Line::certain(whole);
            restore_trailing_numeral(&page, row, Span { left: 20, right: 56 }, &mut line);
            assert_eq!(line.text(), whole);
        }
    }
}
