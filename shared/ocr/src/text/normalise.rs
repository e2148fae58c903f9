//! Texts without case, punctuation and dirt, and letters as the digits that they were mistaken for.
//!
//! Owns single characters: which are noise, and which digit a letter was mistaken for. It must not know words.

use std::ops::Range;

use crate::text::line::Symbol;

/// Letters and digits only, in capitals.
pub fn normalize_alnum(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// The digit that this character is or is often mistaken for, in a field that holds digits only.
pub const fn as_digit(c: char) -> Option<char> {
    Some(match c {
        '0'..='9' => c,
        'O' | 'D' | 'Q' | 'o' | 'U' => '0',
        'I' | 'l' | '|' | '!' | 'L' | 'i' => '1',
        'Z' | 'z' => '2',
        'S' | 's' => '5',
        'B' => '8',
        'g' | 'q' => '9',
        '?' | 'T' => '7',
        'b' | 'G' => '6',
        'A' => '4',
        _ => return None,
    })
}

/// Whether a character before a value is the colon behind its label, or dirt.
const fn is_dirt_before(c: char) -> bool {
    matches!(c, ':' | ';' | '.' | ',' | '\'' | '"' | ' ' | '/' | '&')
}

/// Whether a character after a value is dirt. A full stop is not: it may end an abbreviation.
const fn is_dirt_after(c: char) -> bool {
    matches!(c, ':' | ';' | ',' | '\'' | '"' | ' ' | '/' | '&' | '-' | '(' | '+')
}

/// The symbols of a line that are its value: without the colon and dirt before it, and without dirt after it.
pub fn value_range(symbols: &[Symbol]) -> Range<usize> {
    let before = |symbol: &Symbol| is_dirt_before(symbol.character);
    let after = |symbol: &Symbol| is_dirt_after(symbol.character);
    let begin = symbols.iter().position(|symbol| !before(symbol)).unwrap_or(symbols.len());
    // What consists of dirt alone is a dash.
    let end = symbols.iter().rposition(|symbol| !after(symbol)).map_or(begin + 1, |last| last + 1);
    begin..end.max(begin + 1).min(symbols.len())
}
