//! Abbreviations in addresses: `JL` at the beginning, and full stops too faint for ink.
//!
//! Owns their shapes on the page; the words themselves stand in [`crate::text::address_words`]. It must not know the rest
//! of the address.

use crate::correction::params::PARAMS;
use crate::correction::words::{word_ranges, word_spans};
use crate::page::{Page, Row, Span};
use crate::text::address_words::{is_short_first_word, may_have_faint_stop};
use crate::text::line::{Line, Symbol};

/// Mean darkness of a rectangle, 0 to 255.
fn darkness(page: &Page, (left, right): (u32, u32), (top, bottom): (u32, u32)) -> f32 {
    page.darkness(Row { top, bottom }, Span { left, right })
}

/// Whether the two letters between two columns may be a `J` and an `L`: nothing but stems in the middle at the top.
fn is_jl(page: &Page, row: Row, word: Span) -> bool {
    let high = row.height().max(1);
    let at = |share: u32| word.left + (word.right - word.left) * share / 20;
    let (top, foot) =
        ((row.top + high / 10, row.top + high * 11 / 20), (row.top + high * 16 / 20, row.top + high));
    let stems = darkness(page, (at(7), at(13)), top);
    let corners = darkness(page, (at(0), at(4)), top).max(darkness(page, (at(15), at(20)), top));
    let feet = darkness(page, (at(0), at(5)), foot).min(darkness(page, (at(13), at(19)), foot));
    stems > 40.0 && corners < 0.5 * stems && feet > 0.45 * stems
}

/// Corrects the first word of an address. `span`: the print that its first line was read from.
pub(crate) fn correct_first_word(page: &Page, row: Row, span: Span, line: &mut Line) {
    replace_first_word(page, row, &word_spans(page, row, span), line);
}

/// Puts `JL` or `JLN` where the recogniser made another short word of it and the print has their shape.
fn replace_first_word(page: &Page, row: Row, words: &[Span], line: &mut Line) {
    let Some((from, to)) = word_ranges(&line.symbols).first().copied() else { return };
    let read: Vec<char> =
        line.symbols.get(from..to).unwrap_or_default().iter().map(|symbol| symbol.character).collect();
    let letters = read.iter().take_while(|c| c.is_alphanumeric() || matches!(c, '(' | ')')).count();
    let word: String = read.iter().take(letters).collect();
    if letters == 0 || letters > 3 || is_short_first_word(&word) {
        return;
    }
    let Some(print) = words.first() else { return };
    let high = row.height().max(1);
    let pieces = page.strokes(row, print.left, print.right, 1);
    // Without its stop.
    let low = |piece: &&Span| page.ink_height(row, **piece).is_some_and(|(top, _)| top > row.top + high / 2);
    let end = match pieces.as_slice() {
        [.., last] if pieces.len() > 1 && low(&last) => {
            pieces.get(pieces.len() - 2).map_or(print.right, |piece| piece.right)
        }
        _ => print.right,
    };
    let width = (end - print.left) as f32 / high as f32;
    let two = Span { left: print.left, right: end };
    let three = Span { left: print.left, right: print.left + (end - print.left) * 58 / 100 };
    let found = if (0.8..=1.75).contains(&width) && is_jl(page, row, two) {
        "JL"
    } else if (1.75..=2.8).contains(&width) && is_jl(page, row, three) {
        "JLN"
    } else {
        return;
    };
    let (left, right) = line.symbols.get(from).map_or((0, 0), |symbol| (symbol.left, symbol.right));
    let confidence = PARAMS.restored;
    let letter = |character| Symbol { character, confidence, left, right };
    // `X..` is one stop.
    let stops = read.iter().skip(letters).take_while(|c| matches!(c, '.' | ',')).count();
    if stops > 1 {
        line.symbols.drain(from + letters + 1..from + letters + stops);
    }
    line.symbols.splice(from..from + letters, found.chars().map(letter));
}

/// Puts back the full stop behind an abbreviation where it is too faint for ink, and takes out the space that the
/// recogniser saw in its place.
pub(crate) fn restore_faint_stops(page: &Page, row: Row, words: &[Span], line: &mut Line) {
    let texts = word_ranges(&line.symbols);
    if texts.len() != words.len() {
        return;
    }
    let high = row.height().max(1);
    let mut gaps: Vec<u32> = words.iter().zip(words.iter().skip(1)).map(|(a, b)| b.left - a.right).collect();
    let pairs: Vec<(u32, u32)> =
        words.iter().zip(words.iter().skip(1)).map(|(a, b)| (a.right, b.left)).collect();
    gaps.sort_unstable();
    let usual = gaps.get(gaps.len().saturating_sub(1) / 2).copied().unwrap_or(0);
    // From the end: places shift.
    for ((from, to), (right, left)) in texts.into_iter().zip(pairs).rev() {
        let word: String =
            line.symbols.get(from..to).unwrap_or_default().iter().map(|symbol| symbol.character).collect();
        if !may_have_faint_stop(&word) || left < right + high * 4 / 10 {
            continue;
        }
        let wide = (high / 6).max(2);
        let foot = (row.top + high * 15 / 20, row.bottom + 1);
        let above = (row.top + high * 4 / 20, row.top + high * 13 / 20);
        // Lighter before it: the foot of an L fades as well.
        let mut lightest = f32::MAX;
        let seen = (right..(right + high / 2).min(left.saturating_sub(wide + 1))).any(|x| {
            let (spot, over) = (darkness(page, (x, x + wide), foot), darkness(page, (x, x + wide), above));
            lightest = lightest.min(spot);
            spot > 30.0 && spot > 3.0 * over && lightest < 0.7 * spot
        });
        if !seen {
            continue;
        }
        let place = line.symbols.get(to).copied().map_or(0, |space| space.left);
        let stop = Symbol { character: '.', confidence: PARAMS.restored, left: place, right: place };
        line.symbols.insert(to, stop);
        // A stop and a space are wider than a space.
        if gaps.len() > 1 && (left - right) * 10 < usual * 14 && word == "NO" {
            line.symbols.remove(to + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    fn jl(x: u32, y: u32) -> u8 {
        // J: a stem from 28 to 32 with a hook; L: a stem from 35 to 39 with a foot.
        let j = (28..32).contains(&x) || (20..32).contains(&x) && y >= 15;
        let l = (35..39).contains(&x) || (35..47).contains(&x) && y >= 16;
        if j || l { 230 } else { 0 }
    }

    #[test]
    fn a_street_is_known_by_its_stems() {
        let words = [Span { left: 20, right: 47 }, Span { left: 60, right: 90 }];
        let (card, row) = drawn(jl);
        for (read, expected) in [
            ("X. MAWAR", "JL. MAWAR"),
            ("XL MAWAR", "JL MAWAR"),
            ("X.. MAWAR", "JL. MAWAR"),
            ("GG MAWAR", "GG MAWAR"),
        ] {
            let mut line = Line::certain(read);
            replace_first_word(&card, row, &words, &mut line);
            assert_eq!(line.text(), expected);
        }
        // A block of ink has no such shape.
        let (card, row) = drawn(|x, _| if (20..47).contains(&x) { 230 } else { 0 });
        let mut line = Line::certain("X. MAWAR");
        replace_first_word(&card, row, &words, &mut line);
        assert_eq!(line.text(), "X. MAWAR");
    }

    #[test]
    fn a_faint_stop_is_put_back() {
        let words =
            [Span { left: 20, right: 40 }, Span { left: 50, right: 90 }, Span { left: 110, right: 140 }];
        let stop = |x: u32, y: u32| if (93..97).contains(&x) && y >= 16 { 60 } else { 0 };
        let (card, row) = drawn(stop);
        let mut line = Line::certain("JALAN NO 5");
        restore_faint_stops(&card, row, &words, &mut line);
        assert_eq!(line.text(), "JALAN NO. 5");
        let (card, row) = drawn(|_, _| 0);
        let mut line = Line::certain("JALAN NO 5");
        restore_faint_stops(&card, row, &words, &mut line);
        assert_eq!(line.text(), "JALAN NO 5");
    }
}
