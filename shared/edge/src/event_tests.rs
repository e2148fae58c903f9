use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::Call;

/// An event of the REST API.
fn rest(body: Value, is_base64: bool) -> Value {
    json!({
        "resource": "/documents", "path": "/documents", "httpMethod": "POST",
        "headers": {"Host": "api.example.com"}, "multiValueHeaders": {"Host": ["api.example.com"]},
        "multiValueQueryStringParameters": null,
        "requestContext": {"resourcePath": "/documents", "httpMethod": "POST", "stage": "v1"},
        "body": body, "isBase64Encoded": is_base64
    })
}

/// An event of a function URL.
fn url(path: &str, query: &str, body: &str, is_base64: bool) -> Value {
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {"host": "id.lambda-url.example.com"},
        "requestContext": {"http": {"method": "POST", "path": path}, "stage": "$default"},
        "body": body, "isBase64Encoded": is_base64
    })
}

/// The answer to an event of which the body and the parameter `src` are sent back: 200, or 400 if it was not decoded.
fn answer(event: &Value) -> (u64, String) {
    let event: Event = serde_json::from_value(event.clone()).unwrap();
    let event = LambdaEvent::new(event, lambda_runtime::Context::default());
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let echo = |request: Request| async move {
        let call = Call::new(request, chrono::DateTime::UNIX_EPOCH);
        let src: Option<String> = call.query("src").unwrap_or_default();
        let text = format!("{}|{}", src.unwrap_or_default(), String::from_utf8_lossy(call.body()));
        let mut response = Response::new(Body::Text(text));
        if !call.is_decoded() {
            *response.status_mut() = http::StatusCode::BAD_REQUEST;
        }
        response
    };
    let answered = runtime.block_on(serve(event, echo)).unwrap();
    let answered = serde_json::to_value(answered).unwrap();
    (answered["statusCode"].as_u64().unwrap(), answered["body"].as_str().unwrap().to_owned())
}

#[test]
fn a_body_is_decoded_once() {
    assert_eq!(answer(&rest(json!("aGFsbG8="), true)), (200, "|hallo".to_owned()));
    assert_eq!(answer(&rest(json!("aGFsbG8="), false)), (200, "|aGFsbG8=".to_owned()));
    assert_eq!(answer(&rest(Value::Null, true)), (200, "|".to_owned()));
    assert_eq!(answer(&url("/", "", "aGFsbG8=", true)), (200, "|hallo".to_owned()));
}

#[test]
fn inv_8_a_body_that_is_not_the_base64_it_is_said_to_be() {
    for body in
        ["%%% not base64 %%%", "{\"decision\":\"approved\"}", "aGFsbG8", "aGFsbG9=", "aGFs bG8=", "=", "é"]
    {
        assert_eq!(answer(&rest(json!(body), true)).0, 400, "{body:?}");
        assert_eq!(answer(&url("/", "", body, true)).0, 400, "{body:?}");
    }
}

#[test]
fn inv_8_a_query_that_is_no_uri_is_read_all_the_same() {
    for (query, src) in [
        ("src=a b&n=1", "a b"),
        ("src=\"a\"", "\"a\""),
        ("src={a}", "{a}"),
        ("src=<a>^`|\\[]", "<a>^`|\\[]"),
        ("src=%zz", "%zz"),
        ("src=é\u{1}", "é\u{1}"),
        ("src=a%20b+c", "a b c"),
        ("n=1", ""),
    ] {
        assert_eq!(answer(&url("/", query, "{}", false)), (200, format!("{src}|{{}}")), "{query:?}");
    }
    let long = "x".repeat(100_000);
    assert_eq!(answer(&url("/", &format!("src={long}"), "", false)), (200, format!("{long}|")));
}

#[test]
fn inv_8_what_the_framework_cannot_take_is_an_answer() {
    // A path that makes no URI, a host that is none, and events that are no requests.
    assert_eq!(answer(&url(":99999999", "", "{}", false)).0, 400);
    let mut event = rest(json!("{}"), false);
    event["headers"]["Host"] = json!("a b:c");
    assert_eq!(answer(&event).0, 400);
    event["headers"] = json!({"bad name": "x"});
    assert_eq!(answer(&event).0, 400);
    for event in [json!({}), json!([]), json!("x"), Value::Null, json!({"httpMethod": 1})] {
        assert_eq!(answer(&event).0, 400, "{event}");
    }
}

proptest! {
    #[test]
    fn inv_8_any_path_query_and_body_is_answered(path in "\\PC{0,20}", query in "\\PC{0,20}", body in "\\PC{0,20}", is_base64: bool) {
        let (status, _) = answer(&url(&path, &query, &body, is_base64));
        prop_assert!([200, 400].contains(&status));
        let mut event = rest(json!(body), is_base64);
        event["path"] = json!(path);
        event["multiValueQueryStringParameters"] = json!({"src": [query]});
        prop_assert!([200, 400].contains(&answer(&event).0));
    }
}
