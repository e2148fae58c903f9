//! Rust source as tokens: identifiers and punctuation, without comments, strings, characters and lifetimes.
//!
//! It knows no grammar.

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// An identifier or a keyword.
    Word(String),
    /// Two colons.
    PathSeparator,
    /// A string literal's text as it stands in the source.
    Text(String),
    /// Any other character that is no space.
    Mark(char),
}

impl Token {
    /// The identifier or keyword, if it is one.
    pub fn word(&self) -> Option<&str> {
        match self {
            Self::Word(word) => Some(word),
            _ => None,
        }
    }

    /// Whether it is this punctuation.
    pub fn is(&self, mark: char) -> bool {
        *self == Self::Mark(mark)
    }
}

/// Splits a source file.
pub fn tokens(source: &str) -> Vec<Token> {
    let characters: Vec<char> = source.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(&character) = characters.get(at) {
        let rest = characters.get(at..).unwrap_or_default();
        at += match character {
            '/' if rest.get(1) == Some(&'/') => line_comment(rest),
            '/' if rest.get(1) == Some(&'*') => block_comment(rest),
            '"' => {
                let length = string(rest);
                let text = rest.get(1..length.saturating_sub(1)).unwrap_or_default();
                found.push(Token::Text(text.iter().collect()));
                length
            }
            '\'' => character_or_lifetime(rest),
            ':' if rest.get(1) == Some(&':') => {
                found.push(Token::PathSeparator);
                2
            }
            _ if character.is_alphabetic() || character == '_' => {
                let length = rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count();
                let word: String = rest.iter().take(length).collect();
                let after = rest.get(length..).unwrap_or_default();
                match prefixed_literal(&word, after) {
                    Some(literal) => length + literal,
                    None if word == "r" && after.first() == Some(&'#') => length + 1,
                    None => {
                        found.push(Token::Word(word));
                        length
                    }
                }
            }
            _ if character.is_ascii_digit() => {
                rest.iter().take_while(|c| c.is_alphanumeric() || **c == '_').count()
            }
            _ if character.is_whitespace() => 1,
            _ => {
                found.push(Token::Mark(character));
                1
            }
        };
    }
    found
}

fn line_comment(rest: &[char]) -> usize {
    rest.iter().take_while(|c| **c != '\n').count()
}

/// Block comments nest.
fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match (rest.get(at), rest.get(at + 1)) {
            (Some('/'), Some('*')) => {
                depth += 1;
                at += 2;
            }
            (Some('*'), Some('/')) => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return at;
                }
            }
            _ => at += 1,
        }
    }
    at
}

/// A string in quotes, with escapes.
fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while let Some(character) = rest.get(at) {
        match character {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length of the literal whose prefix was read as a word: `b"…"`, `r#"…"#`, `br"…"`, `c"…"`, `b'…'`.
fn prefixed_literal(prefix: &str, rest: &[char]) -> Option<usize> {
    match (prefix, rest.first()?) {
        ("b" | "c", '"') => Some(string(rest)),
        ("b", '\'') => Some(character_or_lifetime(rest)),
        ("r" | "br" | "cr", '"' | '#') => raw_string(rest),
        _ => None,
    }
}

fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest.iter().take_while(|c| **c == '#').count();
    if rest.get(hashes) != Some(&'"') {
        return None;
    }
    let mut at = hashes + 1;
    while at < rest.len() {
        let is_end = rest.get(at) == Some(&'"')
            && rest.get(at + 1..=at + hashes).is_some_and(|end| end.iter().all(|c| *c == '#'));
        if is_end {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(rest.len())
}

fn character_or_lifetime(rest: &[char]) -> usize {
    if rest.get(1) == Some(&'\\') {
        // The escaped character itself may be a quote.
        return 3 + rest.iter().skip(3).take_while(|c| **c != '\'').count() + 1;
    }
    if rest.get(2) == Some(&'\'') {
        return 3;
    }
    1 + rest.iter().skip(1).take_while(|c| c.is_alphanumeric() || **c == '_').count()
}

#[test]
fn only_code_becomes_tokens() {
    let source = r####"
        // use crate::a;
        /* use crate::b; /* nested */ */
        fn f<'a>(x: &'a str) -> char { let _ = ("crate::c", r#"crate::"d""#, b"crate::e", b'\''); '"' }
        use r#type::g;
    "####;
    let words: Vec<String> =
        tokens(source).iter().filter_map(|token| token.word().map(str::to_owned)).collect();
    assert_eq!(words, ["fn", "f", "x", "str", "char", "let", "_", "use", "type", "g"]);
}
