//! What of our style a machine can check.

use std::fs;

use crate::imports::{Token, tokens};
use crate::repository::{root, sources};

/// A test's name is a rule, and a rule that is short is read.
const TEST_NAME_MAX: usize = 60;

/// Names of the functions in a source that carry `#[test]`, or an attribute whose path ends in `test`.
fn test_names(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let mut found = Vec::new();
    for (at, _) in tokens.iter().enumerate().filter(|(_, token)| token.word() == Some("test")) {
        let before = at.checked_sub(1).and_then(|at| tokens.get(at));
        let is_attribute = before.is_some_and(|token| token.is('[') || *token == Token::PathSeparator)
            && tokens.get(at + 1).is_some_and(|token| token.is(']') || token.is('('));
        if is_attribute {
            let mut rest = tokens.iter().skip(at).skip_while(|token| token.word() != Some("fn")).skip(1);
            found.extend(rest.next().and_then(Token::word).map(str::to_owned));
        }
    }
    found
}

#[test]
fn test_names_are_short() {
    let root = root();
    let mut long = Vec::new();
    let mut seen = 0;
    for part in ["functions", "fuzz/fuzz_targets", "gpu-worker", "shared", "tests"] {
        for path in sources(&root.join(part)) {
            for name in test_names(&fs::read_to_string(&path).unwrap()) {
                seen += 1;
                if name.len() > TEST_NAME_MAX {
                    long.push(format!("{}: {name}", path.strip_prefix(&root).unwrap().display()));
                }
            }
        }
    }
    assert!(seen > 300, "only {seen} tests were found");
    assert!(
        long.is_empty(),
        "{} names of more than {TEST_NAME_MAX} characters:\n{}",
        long.len(),
        long.join("\n")
    );
}

#[test]
fn test_functions_are_found_by_their_attributes() {
    let source = "#[test] fn a() {} #[tokio::test(flavor = \"multi_thread\")] #[ignore] async fn b() {}
                  #[cfg(test)] mod tests { fn helper() {} } // #[test] fn c() {}";
    assert_eq!(test_names(source), ["a", "b"]);
}
