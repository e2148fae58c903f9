//! `events/`: one event per function and outcome that matters, as `cargo lambda invoke` and `sam local invoke` take them.
//!
//! They are made here (`FILOT_BLESS=1 cargo test -p filot-functions` writes them), and a test fails when what is checked
//! in is something else. Tokens and signatures in them are made with the documented local secrets: they are accepted
//! where `FILOT_ENV` is `local` and nowhere else. They refer to the demo data that the store seeds locally.

#![expect(clippy::unwrap_used, reason = "tests")]

mod answers;
mod catalogue;
mod make;
mod unconfigured;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}

/// The events that are checked in, by `function/name`.
fn checked_in() -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    for function in fs::read_dir(folder()).into_iter().flatten() {
        let function = function.unwrap().path();
        for event in fs::read_dir(&function).into_iter().flatten() {
            let path = event.unwrap().path();
            let name = path.strip_prefix(folder()).unwrap().with_extension("").to_string_lossy().into_owned();
            found.insert(name, serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap());
        }
    }
    found
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test's switch")]
fn the_events_are_up_to_date() {
    let mut found = checked_in();
    let expected = catalogue::events(&found);
    if std::env::var_os("FILOT_BLESS").is_some() {
        for name in found.keys().filter(|name| !expected.contains_key(*name)) {
            fs::remove_file(folder().join(format!("{name}.json"))).unwrap();
        }
        for (name, event) in &expected {
            let path = folder().join(format!("{name}.json"));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, format!("{}\n", serde_json::to_string_pretty(event).unwrap())).unwrap();
        }
        found = checked_in();
    }
    let names = |events: &BTreeMap<String, Value>| events.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&found), names(&expected), "FILOT_BLESS=1 cargo test -p filot-functions writes events/");
    for (name, event) in &expected {
        assert!(found.get(name) == Some(event), "events/{name}.json is stale");
    }
}
