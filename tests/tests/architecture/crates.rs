//! Which crate may depend on which, and what only one of them may do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use crate::repository::{root, sources};

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap()
}

/// Who may depend on whom; what is not here may not.
const ARROWS: &[(&str, &[&str])] = &[
    ("filot-domain", &[]),
    ("filot-platform", &[]),
    ("tesseract-lstm", &[]),
    ("filot-media", &["filot-domain"]),
    ("filot-store", &["filot-domain", "filot-platform"]),
    ("filot-cloud", &["filot-domain", "filot-platform"]),
    ("filot-cache", &["filot-domain", "filot-platform"]),
    ("filot-buli2", &["filot-domain", "filot-platform"]),
    ("filot-ocr", &["filot-media", "filot-domain"]),
    (
        "filot-app",
        &[
            "filot-domain",
            "filot-platform",
            "filot-media",
            "filot-store",
            "filot-cloud",
            "filot-cache",
            "filot-buli2",
        ],
    ),
    ("filot-edge", &["filot-app", "filot-domain", "filot-platform"]),
    ("filot-functions", &["filot-edge", "filot-app", "filot-platform"]),
    ("filot-reader", &["filot-ocr", "filot-domain"]),
    (
        "gpu-worker",
        &[
            "filot-reader",
            "filot-ocr",
            "filot-domain",
            "filot-platform",
            "filot-store",
            "filot-cloud",
            "filot-cache",
        ],
    ),
    // Development only: nothing that is deployed depends on these two.
    ("filot-testkit", &["filot-domain", "filot-platform"]),
    (
        "filot-e2e",
        &[
            "filot-testkit",
            "filot-domain",
            "filot-store",
            "filot-buli2",
            "filot-platform",
            "filot-cloud",
            "filot-edge",
        ],
    ),
];

#[test]
fn dependencies_point_inwards() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let mut wrong = Vec::new();
    for package in &metadata().packages {
        let name = package.name.as_str();
        let Some(may) = allowed.get(name) else {
            wrong.push(format!("{name} is in no layer: add it to ARROWS and to docs/architecture.md"));
            continue;
        };
        for dependency in package.dependencies.iter().filter(|d| d.path.is_some()) {
            let to = dependency.name.as_str();
            let is_testkit = to == "filot-testkit" && dependency.kind == DependencyKind::Development;
            // A test may look at a neighbour; what ships may not.
            let is_test_only = dependency.kind == DependencyKind::Development;
            if !(may.contains(to) || is_testkit || is_test_only && to != "filot-e2e") {
                wrong.push(format!("{name} -> {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that are not allowed: {wrong:#?}");
}

/// Source files outside `owner` in which one of `words` stands.
fn strangers(owner: &str, words: &[&str]) -> Vec<String> {
    let root = root();
    let mut found = Vec::new();
    for part in ["functions/src", "gpu-worker/src", "shared"] {
        for path in sources(&root.join(part)) {
            let name = path.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            let is_test = name.ends_with("tests.rs") || name.starts_with("shared/testkit");
            let is_product = name.contains("/src/") && !is_test;
            if name.starts_with(owner) || !is_product {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            if let Some(word) = words.iter().find(|word| text.contains(**word)) {
                found.push(format!("{name}: {word}"));
            }
        }
    }
    found
}

#[test]
fn every_metric_is_written_by_something() {
    for metric in filot_platform::MetricName::ALL {
        let place = format!("MetricName::{metric:?},");
        assert!(!strangers("shared/platform", &[&place]).is_empty(), "nothing writes {}", metric.name());
    }
}

#[test]
fn only_the_store_writes_sql() {
    let found = strangers(
        "shared/store",
        &["tokio_postgres", "SELECT ", "INSERT INTO", "UPDATE documents", "DELETE FROM"],
    );
    assert!(found.is_empty(), "SQL outside shared/store: {found:#?}");
}

#[test]
fn only_the_edge_answers_with_http_status_codes() {
    let found = strangers("shared/edge", &["lambda_http::", "http::StatusCode"]);
    let found: Vec<_> = found.into_iter().filter(|line| !line.starts_with("functions/src")).collect();
    assert!(found.is_empty(), "our API's status codes outside shared/edge: {found:#?}");
}

#[test]
fn no_lambda_links_an_ocr_engine() {
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        // Of this platform only: crates for others are not downloaded.
        .other_options(["--offline", "--filter-platform", &platform].map(str::to_owned))
        .exec()
        .unwrap();
    let resolve = metadata.resolve.unwrap();
    let name_of: BTreeMap<_, _> = metadata.packages.iter().map(|p| (&p.id, p.name.as_str())).collect();
    let start = metadata.packages.iter().find(|p| p.name.as_str() == "filot-functions").unwrap();
    let mut reached = BTreeSet::from([&start.id]);
    let mut open = vec![&start.id];
    while let Some(id) = open.pop() {
        let node = resolve.nodes.iter().find(|node| &node.id == id).unwrap();
        for dep in &node.deps {
            let is_normal = dep.dep_kinds.iter().any(|kind| kind.kind == DependencyKind::Normal);
            if is_normal && reached.insert(&dep.pkg) {
                open.push(&dep.pkg);
            }
        }
    }
    for heavy in ["filot-ocr", "tesseract", "leptonica-plumbing", "cudarc", "image", "filot-testkit"] {
        let linked = reached.iter().any(|id| name_of.get(*id) == Some(&heavy));
        assert!(!linked, "a Lambda function links {heavy}");
    }
}

#[test]
fn every_direct_dependency_is_explained() {
    let explained = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let direct: BTreeSet<_> = metadata()
        .packages
        .iter()
        .flat_map(|package| &package.dependencies)
        .filter(|dependency| dependency.path.is_none())
        .map(|dependency| dependency.name.clone())
        .collect();
    let missing: Vec<_> = direct.iter().filter(|name| !explained.contains(&format!("`{name}`"))).collect();
    assert!(missing.is_empty(), "docs/dependencies.md does not say why these are here: {missing:?}");
}
