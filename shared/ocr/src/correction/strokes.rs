//! Characters that a recogniser loses or takes for others, settled by a look at the strokes: the `B` of a house number read as
//! 8, the number of strokes in `III`, a lone `I` in a name.

use crate::correction::glyph::Glyph;
use crate::correction::{address_abbreviations, d_or_o};
use crate::page::{Page, Row, Span};
use crate::text::line::{Line, Symbol};

pub use crate::correction::roman_numerals::settle_end;
use crate::correction::roman_numerals::upright_strokes;

/// From this much of a stem on a house number's last character is a letter; a `B` is also wider than an 8. On generated
/// cards (T0 to T2, 36 house numbers) letters have 0.91 to 1.3, digits 0.1 to 0.8.
const STEM: f32 = 0.87;
/// With less than this it is a digit.
const NO_STEM: f32 = 0.7;
/// With less than this it has the bends of an 8 for all to see.
const PLAIN_BENDS: f32 = 0.45;
/// How sure a recogniser's 8 may be after the strokes left it open.
const OPEN: f32 = 0.9;
/// How sure a stroke is that was put back.
const LOST: f32 = 0.975;
pub(crate) const LOST_WITHIN: f32 = 0.94;
/// How sure a character is that the strokes put in place of the recogniser's.
const OVERRULED: f32 = 0.97;
/// Strokes of a Roman number are no wider than this, in heights of a capital.
const STROKE: f32 = 0.34;

/// The pieces between spaces, as the pixels have them: parted by gaps that are wide, and wider than those between letters.
pub(crate) fn words_of(page: &Page, row: Row, span: Span) -> Vec<Span> {
    let letters = page.strokes(row, span.left, span.right, 1);
    let mut gaps: Vec<u32> =
        letters.iter().zip(letters.iter().skip(1)).map(|(a, b)| b.left - a.right).collect();
    gaps.sort_unstable();
    let usual = gaps.get(gaps.len() / 2).copied().unwrap_or(0);
    page.strokes(row, span.left, span.right, (row.height() * 2 / 5).max(4).max(usual * 5 / 2))
}

/// Puts back what a recogniser dropped from a name: a word of one stroke, as in `I MADE`, or the space between two words.
/// `span` is the print that the line was read from. Then holds each `D` and `O` against its corners.
pub fn settle_name(page: &Page, row: Row, span: Span, line: &mut Line) {
    let words = words_of(page, row, span);
    put_back(page, row, span, &words, line);
    d_or_o::settle(page, row, &words, line);
}

fn put_back(page: &Page, row: Row, span: Span, words: &[Span], line: &mut Line) {
    let texts = tokens(&line.symbols);
    if texts.is_empty() || words.len() != texts.len() + 1 {
        return;
    }
    let lone = |word: &Span| {
        let pieces = page.strokes(row, word.left, word.right, 1);
        let glyph = Glyph::of(page, row, *word);
        pieces.len() == 1 && glyph.is_some_and(|glyph| is_stroke(&glyph))
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
            stroke.confidence = stroke.confidence.min(LOST);
            return;
        }
        // Behind the last word a stroke is the portrait's edge or dirt as often as a letter.
        let Some((from, to)) = texts.get(at).copied() else { return };
        if part_stroke(line, from, to) {
            return;
        }
        // Many names begin with it; within a name a person shall look.
        let sure = if at == 0 { LOST } else { LOST_WITHIN };
        let place = |character, confidence| symbol_at(row, span, *word, character, confidence);
        line.symbols.splice(from..from, [place('I', sure), place(' ', 1.0)]);
    } else if !words.iter().any(lone) {
        part_words(page, row, span, words, line);
    }
}

/// A character that the recogniser lost, where its strokes stand: boxes count from the crop's edge, a margin left of the span.
pub(crate) fn symbol_at(row: Row, span: Span, at: Span, character: char, confidence: f32) -> Symbol {
    let margin = row.height() * 3 / 10;
    Symbol {
        character,
        confidence,
        left: (at.left + margin).saturating_sub(span.left),
        right: (at.right + margin).saturating_sub(span.left),
    }
}

/// `IWAYAN` or `LGUSTI`: the recogniser saw the stroke and lost the space behind it. Few names begin with an `I` and a
/// consonant that no vowel follows soon, and none with an `L` and a consonant.
fn part_stroke(line: &mut Line, from: usize, to: usize) -> bool {
    /// What the words behind a lone `I` begin with: `MADE`, `GUSTI`, `NYOMAN`, `KETUT`, `PUTU`, `DEWA`, `WAYAN`.
    const HEADS: [&str; 9] = ["MADE", "GUS", "NYO", "KET", "PUT", "DEW", "WAY", "GED", "NEN"];
    let Some([stroke, rest @ ..]) = line.symbols.get_mut(from..to) else { return false };
    let rest: String = rest.iter().map(|symbol| symbol.character).collect();
    let parted = matches!(stroke.character, 'I' | 'L' | '1' | 'T' | 'J')
        && HEADS.iter().any(|head| rest.starts_with(head));
    if parted {
        (stroke.character, stroke.confidence) = ('I', stroke.confidence.min(LOST));
        let edge = stroke.right;
        line.symbols.insert(from + 1, Symbol { character: ' ', confidence: 1.0, left: edge, right: edge });
    }
    parted
}

/// Puts a space where the pixels have the one gap between words that the text has not.
fn part_words(page: &Page, row: Row, span: Span, words: &[Span], line: &mut Line) {
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
    // Some letters stand apart, as in `L U`: only a gap like the line's others is one between words.
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
        // Spaces have no confidence of their own: the doubt is the next letter's. A recogniser that sees a word where the
        // strokes see two is right more often than not.
        if let Some(next) = line.symbols.get_mut(at) {
            next.confidence = next.confidence.min(LOST_WITHIN);
        }
        line.symbols.insert(at, Symbol { character: ' ', confidence: 1.0, left: edge, right: edge });
    }
}

/// Settles the word that an address begins with. `span` is the print that its first line was read from.
pub fn settle_street(page: &Page, row: Row, span: Span, line: &mut Line) {
    address_abbreviations::first_word(page, row, &words_of(page, row, span), line);
}

/// Settles the characters of an address. `span` is the print that the line was read from.
pub fn settle_address(page: &Page, row: Row, span: Span, line: &mut Line) {
    settle_end(page, row, span, line);
    let words = words_of(page, row, span);
    // A stop too faint for ink leaves a gap that is no space.
    let stops = words.iter().filter(|word| ends_in_stop(page, row, **word)).count();
    space_after_stop(&mut line.symbols, words.len(), stops);
    address_abbreviations::faint_stops(page, row, &words, line);
    let texts = tokens(&line.symbols);
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
            block_letter(page, row, word, symbols);
        }
        house_letter(page, row, word, symbols);
        roman(page, row, word, line, from, to);
    }
}

/// Whether the last stroke of a word is a dot on the line.
fn ends_in_stop(page: &Page, row: Row, word: Span) -> bool {
    let last = page.strokes(row, word.left, word.right, 1).into_iter().next_back();
    last.and_then(|last| Glyph::of(page, row, last)).is_some_and(|glyph| glyph.is_stop(row))
}

/// `NO.38` or `NO. 38`: where the text has one word fewer or more than the pixels, and one full stop alone can be the cause,
/// the pixels are right. `stops`: how many of the pixels' words end in one.
fn space_after_stop(symbols: &mut Vec<Symbol>, words: usize, stops: usize) {
    let at = |i: usize| symbols.get(i).map_or(' ', |symbol| symbol.character);
    let places = |spaced: bool| -> Vec<usize> {
        let wanted = |i: &usize| {
            at(*i) == '.'
                && if spaced { at(i + 1) == ' ' } else { at(i + 1).is_ascii_digit() }
                && i.checked_sub(1).is_some_and(|before| at(before).is_ascii_alphabetic())
        };
        (0..symbols.len().saturating_sub(1)).filter(wanted).collect()
    };
    let found = tokens(symbols);
    let read = found.len();
    let ended = found.iter().filter(|(_, to)| at(to - 1) == '.').count();
    if let ([stop], true) = (places(false).as_slice(), read + 1 == words && stops == ended + 1) {
        let edge = symbols.get(stop + 1).map_or(0, |symbol| symbol.left);
        symbols.insert(stop + 1, Symbol { character: ' ', confidence: 1.0, left: edge, right: edge });
    } else if let ([stop], true) = (places(true).as_slice(), read == words + 1 && ended == stops + 1) {
        symbols.remove(stop + 1);
    }
}

/// A straight stroke as high as a letter.
pub(crate) fn is_stroke(glyph: &Glyph<'_>) -> bool {
    glyph.width() <= STROKE && glyph.height() >= 0.8 && glyph.is_solid()
}

/// Where the words of a line are among its symbols; a leading colon is none.
pub(crate) fn tokens(symbols: &[Symbol]) -> Vec<(usize, usize)> {
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

/// `113B`: is the last character a letter or a digit?
fn house_letter(page: &Page, row: Row, word: Span, symbols: &mut [Symbol]) {
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
        last.confidence = last.confidence.min(OPEN);
        return;
    }
    let stem = glyph.stem() + 1.5 * (glyph.width() - 0.68);
    // Numbers of houses of more than three digits are rare.
    let long = symbols_before >= 3;
    let seen = match stem {
        stem if stem >= STEM => 'B',
        stem if stem <= NO_STEM => '8',
        stem => {
            let seen = if long || stem >= f32::midpoint(STEM, NO_STEM) { 'B' } else { '8' };
            (last.character, last.confidence) = (seen, last.confidence.min(OPEN));
            return;
        }
    };
    if last.character != seen {
        (last.character, last.confidence) = (seen, last.confidence.min(OVERRULED));
    }
}

/// `BLOK 8` or `BLOK B`? Most blocks have letters: only an 8 with plain bends is a number.
fn block_letter(page: &Page, row: Row, word: Span, symbols: &mut [Symbol]) {
    let Some(first) = symbols.first_mut().filter(|first| first.character == '8') else { return };
    let piece = page.spans(row, word.left, word.right, 1).into_iter().next();
    let glyph = piece.and_then(|piece| Glyph::of(page, row, piece));
    let whole = |glyph: &Glyph<'_>| (0.4..=1.0).contains(&glyph.width()) && glyph.height() >= 0.75;
    let stem = glyph.filter(whole).map(|glyph| glyph.stem() + 1.5 * (glyph.width() - 0.68));
    match stem {
        Some(stem) if stem < PLAIN_BENDS => {}
        Some(stem) if stem >= f32::midpoint(STEM, NO_STEM) => {
            (first.character, first.confidence) = ('B', first.confidence.min(LOST_WITHIN));
        }
        _ => (first.character, first.confidence) = ('B', first.confidence.min(OPEN)),
    }
}

/// `II` or `III`, also where it was read as `NI` or `HI`: counts the strokes.
fn roman(page: &Page, row: Row, word: Span, line: &mut Line, from: usize, to: usize) {
    let read = line.symbols.get(from..to).unwrap_or_default();
    let strokes_only = |symbol: &Symbol| matches!(symbol.character, 'I' | 'N' | 'H' | 'l' | '1' | 'M' | 'L');
    if !(1..=4).contains(&read.len()) || !read.iter().all(strokes_only) || from == 0 {
        return;
    }
    let (left, right) = (read.first().map_or(0, |s| s.left), read.last().map_or(0, |s| s.right));
    if let Some(count @ 2..) = upright_strokes(page, row, word)
        && (count != read.len() || read.iter().any(|symbol| symbol.character != 'I'))
    {
        let stroke = Symbol { character: 'I', confidence: OVERRULED, left, right };
        line.symbols.splice(from..to, std::iter::repeat_n(stroke, count));
        return;
    }
    if !read.iter().any(|symbol| symbol.character == 'I') {
        return;
    }
    let pieces = page.strokes(row, word.left, word.right, 1);
    let glyphs: Vec<Glyph<'_>> = pieces.iter().filter_map(|piece| Glyph::of(page, row, *piece)).collect();
    if !(1..=3).contains(&glyphs.len()) || !glyphs.iter().all(is_stroke) {
        return;
    }
    if glyphs.len() != read.len() || read.iter().any(|symbol| symbol.character != 'I') {
        let stroke = Symbol { character: 'I', confidence: OVERRULED, left, right };
        line.symbols.splice(from..to, std::iter::repeat_n(stroke, glyphs.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::page::drawn;

    fn spaced(text: &str, words: usize, stops: usize) -> String {
        let mut line = Line::certain(text);
        space_after_stop(&mut line.symbols, words, stops);
        line.text()
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

    /// Strokes of capitals as a blank page has them: 20 rows high, 4 columns wide, 4 apart.
    fn page(strokes: &[u32]) -> (Page, Row, Span) {
        let inked = |x: u32| strokes.iter().any(|left| (*left..left + 4).contains(&x));
        let (page, row) = drawn(|x, _| if inked(x) { 235 } else { 0 });
        (page, row, Span { left: 20, right: 200 })
    }

    #[test]
    fn strokes_are_counted() {
        let (page, row, span) = page(&[20, 26, 60, 68, 76]);
        for read in ["X III", "X II", "X NI", "X HI"] {
            let mut line = Line::certain(read);
            settle_address(&page, row, span, &mut line);
            assert_eq!(line.text(), "X III", "{read}");
        }
        let mut line = Line::certain("X BLOK");
        settle_address(&page, row, span, &mut line);
        assert_eq!(line.text(), "X BLOK");
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
            settle_name(&page, row, span, &mut line);
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
        settle_name(&page, row, span, &mut line);
        assert_eq!(line.text(), "NA MA");
        settle_name(&page, row, span, &mut line);
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
        settle_name(&card, row, span, &mut line);
        assert_eq!(line.text(), "TAUF AZ");
    }

    #[test]
    fn a_block_has_a_letter_unless_the_bends_of_an_8_are_plain() {
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
            block_letter(&glyph(digit), row, word, &mut line.symbols);
            assert_eq!(line.text(), expected);
        }
    }
}
