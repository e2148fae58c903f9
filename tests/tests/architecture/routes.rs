//! Routes, programs and events agree, and the gateway answers as the functions do.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use filot_edge::api::ROUTES;
use filot_edge::headers::SECURITY;
use serde_yaml_ng::Value;

use crate::repository::{root, sources};

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
