use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use filot_app::error_code::ErrorCode;
use serde_json::Value;
use strum::IntoEnumIterator;

use super::*;
use crate::api::Auth;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn json() -> Value {
    serde_json::to_value(document()).unwrap()
}

#[test]
#[expect(clippy::disallowed_methods, reason = "asks whether to write the document anew")]
fn the_committed_document_is_current() {
    let made = format!("{}\n", document().to_pretty_json().unwrap());
    if std::env::var_os("FILOT_BLESS").is_some() {
        fs::write(root().join("docs/openapi.json"), &made).unwrap();
        return;
    }
    assert!(made == DOCUMENT, "docs/openapi.json is stale: FILOT_BLESS=1 cargo test -p filot-edge writes it");
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let document = json();
    assert_eq!(document["openapi"], "3.1.0");
    let described: BTreeSet<(String, String)> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(|method| (method.to_uppercase(), path.clone()))
        })
        .collect();
    let routes: BTreeSet<_> =
        ROUTES.iter().map(|route| (route.method.to_owned(), route.path.to_owned())).collect();
    assert_eq!(described, routes);
}

/// The product's code of the two crates that answer errors: without the list itself, its description, and tests.
fn answering_sources() -> String {
    let mut folders = vec![root().join("shared/app/src"), root().join("shared/edge/src")];
    let mut all = String::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                folders.push(path);
            } else if !["openapi", "error_code.rs", "_tests.rs"].iter().any(|part| name.contains(part)) {
                let text = fs::read_to_string(path).unwrap();
                all.push_str(text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default());
            }
        }
    }
    all
}

#[test]
fn every_error_code_is_answered_by_something() {
    let sources = answering_sources();
    let used: BTreeSet<&str> = sources
        .split("ErrorCode::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_ascii_alphanumeric()).next())
        .collect();
    let unused: Vec<_> =
        ErrorCode::iter().filter(|code| !used.contains(format!("{code:?}").as_str())).collect();
    assert!(unused.is_empty(), "no error has {unused:?}");
}

#[test]
fn every_error_code_of_a_route_is_in_an_operation() {
    let document = json().to_string();
    let mut described = 0;
    for problem in errors::all() {
        let code = problem.code;
        assert!(document.contains(&format!("\"code\":\"{code}\"")), "{code} is in no operation");
        described += 1;
    }
    assert_eq!(described, ErrorCode::iter().count() - 1, "all but not_read, which scoring alone answers");
}

#[test]
fn references_resolve_and_operation_ids_are_unique() {
    let document = json();
    let mut ids = BTreeSet::new();
    for item in document["paths"].as_object().unwrap().values() {
        for operation in item.as_object().unwrap().values() {
            assert!(ids.insert(operation["operationId"].as_str().unwrap().to_owned()), "{operation}");
        }
    }
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(document.pointer(reference).is_some(), "{reference} is nowhere");
    }
}

/// INV-6: whoever may call a route is what the table says, also in the document.
#[test]
fn inv_6_a_route_that_asks_for_credentials_documents_401() {
    let document = json();
    for route in ROUTES {
        let operation = &document["paths"][route.path][route.method.to_lowercase()];
        let is_open = matches!(route.auth, Auth::Public);
        assert_eq!(operation["responses"]["401"].is_null(), is_open, "{} {}", route.method, route.path);
        let first = &operation["security"][0];
        let needs_nothing = first.as_object().unwrap().is_empty();
        assert_eq!(needs_nothing, matches!(route.auth, Auth::Public | Auth::RefreshToken), "{}", route.path);
    }
}

fn call(known: Option<&str>) -> Call {
    let mut request = lambda_http::Request::new(lambda_http::Body::Empty);
    if let Some(known) = known {
        request.headers_mut().insert(IF_NONE_MATCH, HeaderValue::from_str(known).unwrap());
    }
    Call::new(request, chrono::DateTime::UNIX_EPOCH)
}

#[test]
fn whoever_has_the_current_document_is_not_sent_it_again() {
    let first = answer(&call(None));
    assert_eq!((first.status, first.body.as_deref()), (StatusCode::OK, Some(DOCUMENT)));
    let tag = first.headers[ETAG].to_str().unwrap();
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}")] {
        let again = answer(&call(Some(&known)));
        assert_eq!((again.status, again.body), (StatusCode::NOT_MODIFIED, None), "{known}");
    }
    let other = answer(&call(Some("\"other\"")));
    assert_eq!(other.status, StatusCode::OK);
}
