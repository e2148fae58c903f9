//! One source file, module by module: what it defines, declares, imports and names. Code for tests alone is left out.

use super::tokens::{Token, tokens};

/// A module as its file shows it; a file holds one, and one more for each inline `mod x { … }`.
#[derive(Debug, Default)]
pub struct Scope {
    /// The names of the inline modules that lead here from the file's own module.
    pub inside: Vec<String>,
    /// Items: types, functions, traits, constants.
    pub items: Vec<String>,
    /// Macros by example.
    pub macros: Vec<String>,
    /// `mod x;` and `mod x { … }`.
    pub modules: Vec<Declared>,
    /// `use` declarations, one for each name.
    pub imports: Vec<Import>,
    /// Paths of two names and more that stand in the code.
    pub paths: Vec<Vec<String>>,
}

/// A declared module.
#[derive(Debug)]
pub struct Declared {
    /// The module's name.
    pub name: String,
    /// The file that `#[path]` names.
    pub path: Option<String>,
    /// Whether its code stands in the same file.
    pub is_inline: bool,
    /// Whether it is public outside the crate: `pub`, without restriction.
    pub is_public: bool,
}

/// One name of a `use` declaration.
#[derive(Debug)]
pub struct Import {
    /// The path as it is written; without the star, if it ends in one.
    pub path: Vec<String>,
    /// The name it has here; empty for a star.
    pub name: String,
    /// Whether it is public outside the crate: `pub use`, without restriction.
    pub is_public: bool,
    /// Whether it can be named from other modules: `pub use` of any kind.
    pub is_re_export: bool,
}

const ITEMS: [&str; 9] = ["fn", "struct", "enum", "union", "trait", "type", "const", "static", "macro_rules"];

/// Words that begin an item, besides those of [`ITEMS`] and `pub`.
const ITEM_STARTS: [&str; 14] = [
    "fn",
    "struct",
    "enum",
    "trait",
    "type",
    "const",
    "static",
    "mod",
    "use",
    "impl",
    "async",
    "unsafe",
    "extern",
    "macro_rules",
];

/// Reads a file's source.
pub fn scan(source: &str) -> Vec<Scope> {
    let mut scanner = Scanner {
        tokens: tokens(source),
        at: 0,
        depth: 0,
        scopes: vec![Scope::default()],
        open: vec![(0, 0)],
        path_attribute: None,
        visibility: Visibility::Private,
    };
    scanner.run();
    scanner.scopes
}

struct Scanner {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    scopes: Vec<Scope>,
    /// The scopes that are open: their place in `scopes`, and the depth of their items.
    open: Vec<(usize, usize)>,
    /// `#[path = "…"]` of the item that follows.
    path_attribute: Option<String>,
    /// Of the item that follows.
    visibility: Visibility,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Visibility {
    Private,
    /// `pub(crate)`, `pub(super)` and their like.
    Crate,
    Public,
}

impl Scanner {
    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead)
    }

    fn word(&self, ahead: usize) -> Option<&str> {
        self.peek(ahead).and_then(Token::word)
    }

    fn scope(&mut self) -> &mut Scope {
        let at = self.open.last().map_or(0, |(scope, _)| *scope);
        &mut self.scopes[at]
    }

    fn is_item_level(&self) -> bool {
        self.open.last().is_some_and(|(_, depth)| *depth == self.depth)
    }

    fn run(&mut self) {
        while let Some(token) = self.peek(0).cloned() {
            match token {
                Token::Mark('#') => self.attribute(),
                Token::Mark('{') => {
                    self.depth += 1;
                    self.at += 1;
                }
                Token::Mark('}') => {
                    self.depth = self.depth.saturating_sub(1);
                    while self.open.len() > 1
                        && self.open.last().is_some_and(|(_, depth)| *depth > self.depth)
                    {
                        self.open.pop();
                    }
                    self.at += 1;
                }
                Token::Word(word) => self.name(&word),
                _ => self.at += 1,
            }
        }
    }

    fn name(&mut self, word: &str) {
        match word {
            "pub" => {
                self.at += 1;
                let is_restricted = self.peek(0).is_some_and(|token| token.is('('));
                if is_restricted {
                    self.skip_until(')');
                }
                self.visibility = if is_restricted { Visibility::Crate } else { Visibility::Public };
                return;
            }
            "use" => self.import(),
            "mod" if self.word(1).is_some() => self.module(),
            "macro_rules" if self.word(2).is_some() => {
                let name = self.word(2).unwrap_or_default().to_owned();
                self.scope().macros.push(name);
                // The paths in its body are relative to where it is used.
                self.at += 3;
                self.skip_item();
            }
            _ if ITEMS.contains(&word) && self.is_item_level() => {
                if let Some(name) = self.word(1).map(str::to_owned)
                    && name != "fn"
                {
                    self.scope().items.push(name);
                    self.at += 1;
                }
                self.at += 1;
            }
            _ => self.path(),
        }
        self.visibility = Visibility::Private;
        self.path_attribute = None;
    }

    /// `#[…]`: skips the item after `#[cfg(test)]`, and keeps `#[path = "…"]`.
    fn attribute(&mut self) {
        let start = self.at;
        self.skip_until(']');
        let attribute = self.tokens.get(start..self.at).unwrap_or_default();
        let words: Vec<&str> = attribute.iter().filter_map(Token::word).collect();
        match words.as_slice() {
            ["cfg", "test"] | ["cfg", "all", "test", ..] | ["test", ..] => self.skip_item(),
            ["path"] => {
                self.path_attribute = attribute.iter().find_map(|token| match token {
                    Token::Text(text) => Some(text.clone()),
                    _ => None,
                });
            }
            _ => {}
        }
    }

    /// Moves behind the bracket that closes the one that comes next.
    fn skip_until(&mut self, closing: char) {
        let opening = if closing == ')' { '(' } else { '[' };
        let mut depth = 0_usize;
        while let Some(token) = self.peek(0).cloned() {
            self.at += 1;
            if token.is(opening) {
                depth += 1;
            } else if token.is(closing) {
                depth -= 1;
                if depth == 0 {
                    return;
                }
            }
        }
    }

    /// Moves behind an item: its further attributes, and then a semicolon or a block.
    fn skip_item(&mut self) {
        while self.peek(0).is_some_and(|token| token.is('#')) {
            self.skip_until(']');
        }
        let first = self.word(if self.word(0) == Some("pub") { 1 } else { 0 });
        // A field, a variant or an argument ends with a comma; generic parameters of an item have commas too.
        let is_item = self.word(0) == Some("pub") || first.is_some_and(|word| ITEM_STARTS.contains(&word));
        let is_import = first == Some("use");
        let mut depth = 0_usize;
        while let Some(token) = self.peek(0).cloned() {
            self.at += 1;
            match token {
                Token::Mark('{' | '(' | '[') => depth += 1,
                Token::Mark('}') => {
                    depth = depth.saturating_sub(1);
                    if depth == 0 && !is_import {
                        return;
                    }
                }
                Token::Mark(')' | ']') => depth = depth.saturating_sub(1),
                Token::Mark(';') if depth == 0 => return,
                Token::Mark(',') if depth == 0 && !is_item => return,
                _ => {}
            }
        }
    }

    fn module(&mut self) {
        let name = self.word(1).unwrap_or_default().to_owned();
        let path = self.path_attribute.take();
        let is_inline = self.peek(2).is_some_and(|token| token.is('{'));
        self.at += 2;
        let mut inside = self.scope().inside.clone();
        let is_public = self.visibility == Visibility::Public;
        self.scope().modules.push(Declared { name: name.clone(), path, is_inline, is_public });
        if is_inline {
            inside.push(name);
            self.scopes.push(Scope { inside, ..Scope::default() });
            self.depth += 1;
            self.open.push((self.scopes.len() - 1, self.depth));
            self.at += 1;
        }
    }

    fn import(&mut self) {
        self.at += 1;
        let (is_public, is_re_export) =
            (self.visibility == Visibility::Public, self.visibility != Visibility::Private);
        // A path that begins with two colons names another crate.
        if self.peek(0) == Some(&Token::PathSeparator) {
            while self.peek(0).is_some_and(|token| !token.is(';')) {
                self.at += 1;
            }
            return;
        }
        let mut found = Vec::new();
        self.import_tree(&[], &mut found);
        for (path, name) in found {
            self.scope().imports.push(Import { path, name, is_public, is_re_export });
        }
    }

    /// One branch of a `use` declaration, below the path so far.
    fn import_tree(&mut self, above: &[String], found: &mut Vec<(Vec<String>, String)>) {
        let mut path = above.to_vec();
        while let Some(token) = self.peek(0).cloned() {
            match token {
                Token::Word(word) if word == "as" => {
                    let name = self.word(1).unwrap_or("_").to_owned();
                    self.at += 2;
                    found.push((path, name));
                    return;
                }
                Token::Word(word) => {
                    self.at += 1;
                    if word != "self" || path.is_empty() {
                        path.push(word);
                    }
                }
                Token::PathSeparator => self.at += 1,
                Token::Mark('*') => {
                    self.at += 1;
                    found.push((path, String::new()));
                    return;
                }
                Token::Mark('{') => {
                    self.at += 1;
                    while self.peek(0).is_some_and(|token| !token.is('}')) {
                        let before = self.at;
                        self.import_tree(&path, found);
                        // A comma, or what only a macro puts here.
                        if self.at == before || self.peek(0).is_some_and(|token| token.is(',')) {
                            self.at += 1;
                        }
                    }
                    self.at += 1;
                    return;
                }
                _ => break,
            }
        }
        if let Some(name) = path.last().cloned() {
            found.push((path, name));
        }
    }

    /// A path in code, if it has more than one name.
    fn path(&mut self) {
        let mut path = vec![self.word(0).unwrap_or_default().to_owned()];
        let is_continued = self.at > 0 && self.tokens.get(self.at - 1) == Some(&Token::PathSeparator);
        self.at += 1;
        while self.peek(0) == Some(&Token::PathSeparator)
            && let Some(word) = self.word(1).map(str::to_owned)
        {
            path.push(word);
            self.at += 2;
        }
        if path.len() > 1 && !is_continued {
            self.scope().paths.push(path);
        }
    }
}

#[test]
fn a_file_is_read_module_by_module() {
    let scopes = scan(
        r#"
        pub mod a;
        #[path = "elsewhere.rs"]
        mod b;
        pub use a::{self, One, deep::{Two as Second, *}};
        #[cfg(test)]
        mod tests;
        #[cfg(test)]
        use crate::hidden::{Thing, Other};
        #[cfg(test)]
        fn helper() { crate::hidden::call() }
        pub(crate) const fn f() -> super::Answer { b::g(); let x = crate::c::H { y: 1 }; }
        mod inner { use super::f; struct Inside; }
        struct After;
        "#,
    );
    let [file, inner] = scopes.as_slice() else { panic!("{scopes:?}") };
    let declared: Vec<_> = file.modules.iter().map(|m| (m.name.as_str(), m.is_inline)).collect();
    assert_eq!(declared, [("a", false), ("b", false), ("inner", true)]);
    assert_eq!(file.modules[1].path.as_deref(), Some("elsewhere.rs"));
    let imports: Vec<_> =
        file.imports.iter().map(|i| (i.path.join("::"), i.name.as_str(), i.is_public)).collect();
    let expected = [("a", "a"), ("a::One", "One"), ("a::deep::Two", "Second"), ("a::deep", "")];
    assert_eq!(imports, expected.map(|(path, name)| (path.to_owned(), name, true)));
    assert_eq!(file.items, ["f", "After"]);
    assert_eq!(
        file.paths.iter().map(|p| p.join("::")).collect::<Vec<_>>(),
        ["super::Answer", "b::g", "crate::c::H"]
    );
    assert_eq!((inner.items.as_slice(), inner.imports.len()), (["Inside".to_owned()].as_slice(), 1));
}
