//! The shape of the repository as a test: which crate may know which, who may write SQL and HTTP status codes, and
//! that routes, binaries and events agree. `docs/architecture.md` says why.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test may stop at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};
use filot_edge::api::ROUTES;
use filot_edge::headers::SECURITY;
use serde_yaml_ng::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

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

/// Every `.rs` file below `folder`.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found
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

/// A function of `template.yaml`: its routes as `(method, path)`.
fn template_functions() -> BTreeMap<String, BTreeSet<(String, String)>> {
    let text = fs::read_to_string(root().join("template.yaml")).unwrap();
    let template: Value = serde_yaml_ng::from_str(&text).unwrap();
    let mut functions = BTreeMap::new();
    for (logical, resource) in template["Resources"].as_mapping().unwrap() {
        if resource["Type"].as_str() != Some("AWS::Serverless::Function") {
            continue;
        }
        let name = resource["Metadata"]["BuildProperties"]["Binary"].as_str().unwrap_or_else(|| {
            panic!("{logical:?} has no Metadata.BuildProperties.Binary that names its binary")
        });
        let mut routes = BTreeSet::new();
        if let Some(events) = resource["Properties"]["Events"].as_mapping() {
            for (_, event) in events {
                if event["Type"].as_str() == Some("Api") {
                    let property = |key: &str| event["Properties"][key].as_str().unwrap().to_owned();
                    routes.insert((property("Method").to_uppercase(), property("Path")));
                }
            }
        }
        functions.insert(name.to_owned(), routes);
    }
    functions
}

fn binaries() -> BTreeSet<String> {
    sources(&root().join("functions/src/bin"))
        .iter()
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn routes_binaries_and_events_agree() {
    let functions = template_functions();
    let in_template: BTreeSet<_> = functions.keys().cloned().collect();
    assert_eq!(in_template, binaries(), "template.yaml and functions/src/bin name different functions");
    let events: BTreeSet<_> = fs::read_dir(root().join("events"))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    assert_eq!(in_template, events, "template.yaml and events/ name different functions");

    let routed: BTreeSet<_> = functions
        .iter()
        .flat_map(|(function, routes)| routes.iter().map(move |(method, path)| (function, method, path)))
        .map(|(function, method, path)| (function.as_str(), method.as_str(), path.as_str()))
        .collect();
    let in_table: BTreeSet<_> =
        ROUTES.iter().map(|route| (route.role.name(), route.method, route.path)).collect();
    assert_eq!(routed, in_table, "template.yaml and shared/edge/src/api.rs name different routes");

    for (function, routes) in &functions {
        let mut seen = BTreeSet::new();
        for entry in fs::read_dir(root().join("events").join(function)).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let event: serde_json::Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let promised = name.split_once('-').and_then(|(status, _)| status.parse::<u16>().ok());
            if routes.is_empty() {
                assert_eq!(
                    promised, None,
                    "events/{function}/{name}: a function without a route has no status"
                );
                continue;
            }
            assert!(
                promised.is_some(),
                "events/{function}/{name} does not begin with the status it promises"
            );
            if let (Some(method), Some(resource)) = (event["httpMethod"].as_str(), event["resource"].as_str())
            {
                seen.insert((method.to_owned(), resource.to_owned()));
            } else {
                assert_eq!(
                    event["version"].as_str(),
                    Some("2.0"),
                    "events/{function}/{name}: neither proxy event v1 nor v2"
                );
            }
        }
        assert_eq!(&seen, routes, "events/{function} and the routes of template.yaml");
    }
}

#[test]
fn function_binaries_are_wiring_only() {
    for path in sources(&root().join("functions/src/bin")) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 50, "{} has {lines} lines: a function binary is wiring", path.display());
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

/// What the gateway answers by itself carries the headers that functions set. The content policy differs: see the template.
#[test]
fn the_gateway_answers_with_our_headers() {
    let text = fs::read_to_string(root().join("template.yaml")).unwrap();
    let template: Value = serde_yaml_ng::from_str(&text).unwrap();
    let answers = template["Resources"]["Api"]["Properties"]["GatewayResponses"].as_mapping().unwrap();
    assert!(answers.len() >= 10, "{}", answers.len());
    for (name, answer) in answers {
        let set: BTreeMap<String, String> = answer["ResponseParameters"]["Headers"]
            .as_mapping()
            .unwrap()
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str()?.to_lowercase(), value.as_str()?.trim_matches('\'').to_owned()))
            })
            .collect();
        for (header, value) in &SECURITY {
            let given = set.get(header.as_str()).unwrap_or_else(|| panic!("{name:?} lacks {header}"));
            let is_policy = header.as_str() == "content-security-policy";
            assert!(is_policy || given.as_bytes() == value.as_bytes(), "{name:?} {header}: {given}");
        }
        assert_eq!(set.get("cache-control").map(String::as_str), Some("no-store"), "{name:?}");
        let is_wait = answer["StatusCode"].as_u64() == Some(429);
        assert_eq!(set.contains_key("retry-after"), is_wait, "{name:?}");
    }
}
