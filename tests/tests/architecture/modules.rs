//! Which folder of the reader may import which, what of the reader is public, and that no files of a crate import each
//! other in a circle, directly or through re-exports.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use crate::imports::{Graph, scan};
use crate::repository::root;

/// The stages of `shared/ocr`: the files and folders of its `src`, and which of them each may import, as
/// `docs/architecture.md` says. Every stage may import those of [`LEAVES`].
const STAGES: &[(&str, &[&str])] = &[
    ("error", &[]),
    ("device", &[]),
    ("image", &[]),
    ("text", &[]),
    ("preprocess", &["image", "text"]),
    ("detection", &["image", "text"]),
    ("recognition", &["image", "text"]),
    ("page", &["image"]),
    ("trace", &["image", "page"]),
    // A correction looks at the strokes of a character, where it stands on the flat card.
    ("correction", &["image", "text", "page"]),
    ("ktp", &BELOW_CARDS),
    ("npwp", &BELOW_CARDS),
    ("classify", &UP_TO_CARDS),
    ("quality", &["image"]),
    ("authenticity", &["image"]),
    ("picture_hash", &["image"]),
    ("pipeline", &BELOW_PIPELINE),
];
const BELOW_CARDS: [&str; 8] =
    ["image", "text", "preprocess", "detection", "recognition", "page", "trace", "correction"];
const UP_TO_CARDS: [&str; 10] =
    ["image", "text", "preprocess", "detection", "recognition", "page", "trace", "correction", "ktp", "npwp"];
const BELOW_PIPELINE: [&str; 14] = [
    "image",
    "text",
    "preprocess",
    "detection",
    "recognition",
    "page",
    "trace",
    "correction",
    "ktp",
    "npwp",
    "classify",
    "quality",
    "authenticity",
    "picture_hash",
];
/// Stages that import no other, and that all others may import.
const LEAVES: [&str; 2] = ["error", "device"];
/// The public modules of the reader. `engine` re-exports the trait of a recognition engine and its parameter types.
const PUBLIC: [&str; 5] = ["pipeline", "trace", "error", "device", "engine"];
/// The feature, and the module, through which fuzz targets reach the parsers.
const FUZZING: &str = "fuzzing";

/// The stage that a file of the reader belongs to: the first part of its path below `src`.
fn stage(src: &Path, file: &Path) -> String {
    let first = file.strip_prefix(src).ok().and_then(|path| path.iter().next());
    first.map(|name| name.to_string_lossy().trim_end_matches(".rs").to_owned()).unwrap_or_default()
}

/// Imports between stages that the table does not allow.
fn wrong_arrows(src: &Path, stages: &[(&str, &[&str])]) -> Vec<String> {
    let allowed: BTreeMap<_, _> = stages.iter().map(|(from, to)| (*from, *to)).collect();
    let mut wrong = BTreeSet::new();
    for ((from, to), names) in &Graph::of_crate(&src.join("lib.rs")).arrows {
        let (one, other) = (stage(src, from), stage(src, to));
        if one == "lib" || one == other || LEAVES.contains(&other.as_str()) {
            continue;
        }
        if !allowed.contains_key(one.as_str()) {
            wrong.insert(format!("{one} is no stage: add it to STAGES and to docs/architecture.md"));
        } else if !allowed.get(one.as_str()).is_some_and(|may| may.contains(&other.as_str())) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            wrong.insert(format!("{one} -> {other}: {} takes {}", from.display(), names.join(", ")));
        }
    }
    wrong.into_iter().collect()
}

#[test]
fn the_reader_imports_from_later_to_earlier_stages() {
    let wrong = wrong_arrows(&root().join("shared/ocr/src"), STAGES);
    assert!(wrong.is_empty(), "imports between stages that are not allowed:\n{}", wrong.join("\n"));
}

/// What a crate's root makes public: names of modules, and the first name of the path of each re-export.
fn public_names(source: &str) -> Vec<String> {
    let scopes = scan(source);
    let root = scopes.iter().find(|scope| scope.inside.is_empty()).unwrap();
    let modules = root.modules.iter().filter(|module| module.is_public).map(|module| module.name.clone());
    let imports = root.imports.iter().filter(|import| import.is_public);
    let first = imports.filter_map(|import| {
        import.path.iter().find(|name| !matches!(name.as_str(), "crate" | "self")).cloned()
    });
    modules.chain(first).collect()
}

#[test]
fn only_the_pipeline_and_its_types_are_public_in_the_reader() {
    let source = fs::read_to_string(root().join("shared/ocr/src/lib.rs")).unwrap();
    let mut others = public_names(&source);
    others.retain(|name| !PUBLIC.contains(&name.as_str()));
    let is_behind_its_feature =
        source.contains(&format!("#[cfg(feature = \"{FUZZING}\")]\npub mod {FUZZING}"));
    if is_behind_its_feature {
        others.retain(|name| name != FUZZING);
    }
    assert!(others.is_empty(), "public in shared/ocr: {others:?}");
}

#[test]
fn public_modules_and_re_exports_are_found() {
    let source =
        "mod a; pub mod b; pub mod c { pub use crate::d::E; } pub use a::F; pub use crate::g::{H, I};
                  pub(crate) use a::J; use a::K; #[cfg(test)] pub mod l {}";
    assert_eq!(public_names(source), ["b", "c", "a", "g", "g"]);
}

/// The root files of every crate of the product, and of the end-to-end package.
fn crate_roots() -> Vec<PathBuf> {
    let root = root();
    let mut folders = vec![root.join("functions"), root.join("gpu-worker"), root.join("tests")];
    folders.extend(fs::read_dir(root.join("shared")).unwrap().map(|entry| entry.unwrap().path()));
    let mut roots: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| ["lib.rs", "main.rs"].map(|name| folder.join("src").join(name)))
        .collect();
    let programs =
        folders.iter().map(|folder| folder.join("src/bin")).chain([root.join("fuzz/fuzz_targets")]);
    for folder in programs.filter(|folder| folder.is_dir()) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            roots.push(if path.is_dir() { path.join("main.rs") } else { path });
        }
    }
    roots.retain(|path| path.is_file());
    roots.sort();
    roots
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let roots = crate_roots();
    assert!(roots.len() > 40, "only {} crates and programs were found", roots.len());
    let base = format!("{}/", root().display());
    let ties: Vec<String> = roots
        .iter()
        .flat_map(|root| Graph::of_crate(root).circles())
        .map(|tie| tie.replace(&base, ""))
        .collect();
    assert!(ties.is_empty(), "files that import each other:\n{}", ties.join("\n"));
}

/// A crate of these files in a temporary folder.
fn planted(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, source) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, source).unwrap();
    }
    folder
}

#[test]
fn a_planted_wrong_arrow_is_found() {
    let tree = planted(&[
        ("lib.rs", "mod error; mod image; mod text; mod ktp; mod npwp; pub mod pipeline;"),
        ("error.rs", "pub struct ReadError;"),
        ("image/mod.rs", "mod decode; pub use decode::Picture;"),
        ("image/decode.rs", "use crate::error::ReadError; pub struct Picture;"),
        ("text/mod.rs", "pub fn f(p: crate::image::Picture) {}"),
        ("ktp/mod.rs", "pub use crate::image::Picture; pub struct Row; // crate::npwp::Line"),
        ("npwp/mod.rs", "pub struct Line; use crate::{ktp, ktp::Picture}; fn g(row: ktp::Row) {}"),
        ("pipeline.rs", "use crate::{ktp::Row, npwp::Line};"),
    ]);
    let wrong = wrong_arrows(tree.path(), STAGES);
    let expected = ["npwp -> ktp: npwp/mod.rs takes Row", "text -> image: text/mod.rs takes Picture"];
    let wrong: Vec<_> =
        wrong.iter().map(|line| line.replace(&format!("{}/", tree.path().display()), "")).collect();
    assert_eq!(wrong, expected);
}

#[test]
fn a_planted_circle_is_found_through_re_exports() {
    let circles = |files: &[(&str, &str)]| {
        let tree = planted(files);
        let ties = Graph::of_crate(&tree.path().join("lib.rs")).circles();
        ties.iter().map(|tie| tie.replace(&format!("{}/", tree.path().display()), "")).collect::<Vec<_>>()
    };
    let hidden = [
        ("lib.rs", "mod a; mod b; mod c; pub use a::A; pub(crate) use b::*;"),
        ("a.rs", "pub struct A; fn f() { super::b::make() }"),
        ("b/mod.rs", "mod deep; pub use deep::make;"),
        ("b/deep.rs", "use crate::c::C; pub fn make() {}"),
        ("c.rs", "pub struct C(crate::A);"),
    ];
    assert_eq!(circles(&hidden), ["a.rs -> b/deep.rs: make", "b/deep.rs -> c.rs: C", "c.rs -> a.rs: A"]);
    // A parent that takes of its child what the child makes of the parent's.
    let parent = [
        ("lib.rs", "mod parent;"),
        ("parent.rs", "mod child; pub struct Kept; fn f() { child::g() }"),
        ("parent/child.rs", "use super::Kept; pub fn g() {}"),
    ];
    assert_eq!(circles(&parent), ["parent/child.rs -> parent.rs: Kept", "parent.rs -> parent/child.rs: g"]);
    // Comments, texts and tests import nothing.
    let apart = [
        ("lib.rs", "mod a; mod b; pub use a::A;"),
        (
            "a.rs",
            "pub struct A; /* crate::b::B */ const X: &str = \"crate::b::B\";
                  #[cfg(test)] mod tests { use crate::b::B; }",
        ),
        ("b.rs", "/// [`crate::A`]\npub struct B(crate::A);"),
    ];
    assert_eq!(circles(&apart), [""; 0]);
}
