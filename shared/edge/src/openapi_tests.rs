use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::*;

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

#[test]
fn every_error_code_of_the_sources_is_described_with_its_status_and_every_described_one_is_used() {
    let mut used = BTreeSet::new();
    let pattern = ["Kind::", "\""];
    for folder in ["shared/app/src", "shared/edge/src"] {
        for path in sources(&root().join(folder)) {
            let text = fs::read_to_string(&path).unwrap();
            if path.to_string_lossy().contains("openapi") {
                continue;
            }
            // `AppError::new(Kind::Conflict, "email_taken", …)`, on one line or several; tests come after the code.
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for part in code.split("new(").skip(1).map(str::trim_start) {
                let Some(rest) = part.strip_prefix(pattern[0]) else { continue };
                let Some((_, rest)) = rest.split_once(',') else { continue };
                let Some(rest) = rest.trim_start().strip_prefix(pattern[1]) else { continue };
                used.insert(rest.split('"').next().unwrap().to_owned());
            }
        }
    }
    assert!(used.contains("email_taken") && used.contains("ids_mismatch"), "{used:?}");
    // Of functions without a route.
    used.remove("not_read");
    // By constructors that are asked for by name, and by what the media crate calls a file.
    used.extend(errors::FILE_CODES.iter().map(|code| (*code).to_owned()));
    used.insert("file_too_large".to_owned());
    let described: BTreeSet<_> = errors::PROBLEMS.iter().map(|problem| problem.code.to_owned()).collect();
    assert_eq!(described, used);
    let document = json().to_string();
    for code in described {
        assert!(document.contains(&format!("\"code\":\"{code}\"")), "{code} is in no operation");
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && !path.to_string_lossy().ends_with("_tests.rs")
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn references_lead_somewhere_and_operations_have_names_of_their_own() {
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
fn inv_6_every_route_that_asks_for_credentials_says_so_and_says_401() {
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
    let Ok(first) = answer(&call(None)) else { panic!() };
    assert_eq!((first.status, first.body.as_deref()), (StatusCode::OK, Some(DOCUMENT)));
    let tag = first.headers[ETAG].to_str().unwrap();
    for known in [tag.to_owned(), format!("W/{tag}"), format!("\"other\", {tag}")] {
        let Ok(again) = answer(&call(Some(&known))) else { panic!() };
        assert_eq!((again.status, again.body), (StatusCode::NOT_MODIFIED, None), "{known}");
    }
    let Ok(other) = answer(&call(Some("\"other\""))) else { panic!() };
    assert_eq!(other.status, StatusCode::OK);
}
