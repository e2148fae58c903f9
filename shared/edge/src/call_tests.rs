use filot_app::error_code::ErrorCode;
use http::HeaderValue;

use super::*;

fn call(headers: &[(&'static str, &str)]) -> Call {
    let mut request = Request::new(Body::Empty);
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_str(value).unwrap());
    }
    Call::new(request, DateTime::UNIX_EPOCH)
}

#[test]
fn a_well_formed_correlation_id_is_kept_and_any_other_replaced() {
    assert_eq!(call(&[("x-correlation-id", "app-1234_5")]).correlation_id.as_str(), "app-1234_5");
    for bad in ["", "short", "with space in it", &"x".repeat(65), "a\tb-tabbed"] {
        let made = call(&[("x-correlation-id", bad)]).correlation_id;
        assert_eq!(made.as_str().len(), 36, "{bad:?}");
    }
    let twice = call(&[("x-correlation-id", "first-first"), ("x-correlation-id", "second-second")]);
    assert_eq!(twice.correlation_id.as_str().len(), 36);
}

#[test]
fn only_a_bearer_token_is_one() {
    assert_eq!(call(&[("authorization", "Bearer abc")]).bearer().unwrap(), "abc");
    assert_eq!(call(&[("authorization", "bearer abc")]).bearer().unwrap(), "abc");
    for bad in ["", "Bearer", "Bearer ", "Basic abc", "abc"] {
        assert!(call(&[("authorization", bad)]).bearer().is_err(), "{bad:?}");
    }
    assert!(call(&[]).bearer().is_err());
    assert!(call(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]).bearer().is_err());
}

#[test]
fn a_v1_event_gives_route_parameters_and_the_decoded_body() {
    let event = serde_json::json!({
        "resource": "/documents/{id}", "path": "/documents/abc", "httpMethod": "POST",
        "headers": {"Content-Type": "multipart/form-data; boundary=XX"},
        "multiValueHeaders": {"Content-Type": ["multipart/form-data; boundary=XX"]},
        "pathParameters": {"id": "abc"},
        "requestContext": {"resourcePath": "/documents/{id}", "httpMethod": "POST", "stage": "v1"},
        "body": "/9j/AA==", "isBase64Encoded": true
    });
    let request = lambda_http::request::from_str(&event.to_string()).unwrap();
    let mut call = Call::new(request, DateTime::UNIX_EPOCH);
    assert_eq!(call.route(), "POST /documents/{id}");
    assert_eq!(call.path_text("id"), Some("abc"));
    assert_eq!(call.document_id().unwrap_err().code, ErrorCode::NotFound);
    assert_eq!(call.content_type(), Some("multipart/form-data; boundary=XX"));
    assert_eq!(&call.take_body()[..], [0xff, 0xd8, 0xff, 0x00]);
    assert!(call.body().is_empty());
}

#[test]
fn a_function_url_event_gives_the_path_as_the_id() {
    let event = |path: &str| {
        serde_json::json!({
            "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": "",
            "headers": {"content-type": "application/json"},
            "requestContext": {"http": {"method": "POST", "path": path}, "stage": "$default"},
            "body": "{}", "isBase64Encoded": false
        })
        .to_string()
    };
    let call = |path| Call::new(lambda_http::request::from_str(&event(path)).unwrap(), DateTime::UNIX_EPOCH);
    assert_eq!(call("/").path_text("reviewId"), None);
    assert_eq!(call("/some-id").path_text("reviewId"), Some("some-id"));
    assert_eq!(call("/").route(), "POST function-url");
    assert_eq!(call("/").body(), b"{}");
}

#[test]
fn errors_about_json_quote_nothing() {
    let secret = Request::new(Body::Text("{\"nik\": 3174095203900001 oops".to_owned()));
    let error = Call::new(secret, DateTime::UNIX_EPOCH).json::<serde_json::Value>().unwrap_err();
    assert_eq!(error.code, ErrorCode::MalformedJson);
    assert!(!error.to_string().contains("3174"));
    let empty = call(&[]).optional_json::<Vec<String>>().unwrap();
    assert!(empty.is_empty());
}

#[test]
fn a_list_is_not_taken_for_an_object() {
    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default)]
    struct Profile {
        name: Option<String>,
    }
    let read = |body: &str| {
        Call::new(Request::new(Body::Text(body.to_owned())), DateTime::UNIX_EPOCH).json::<Profile>()
    };
    assert_eq!(read(" \r\n{}").unwrap(), Profile::default());
    for body in ["[null]", "[\"somebody\"]", "[]", "null", "\"\"", ""] {
        assert_eq!(read(body).unwrap_err().code, ErrorCode::MalformedJson, "{body}");
    }
}

#[test]
fn a_body_that_says_it_is_no_json_is_not_read() {
    let json = |content_type: Option<&str>| {
        let mut request = Request::new(Body::Text("{}".to_owned()));
        if let Some(content_type) = content_type {
            request.headers_mut().insert("content-type", HeaderValue::from_str(content_type).unwrap());
        }
        Call::new(request, DateTime::UNIX_EPOCH).json::<serde_json::Value>()
    };
    for good in [None, Some("application/json"), Some("Application/JSON; charset=utf-8")] {
        assert!(json(good).is_ok(), "{good:?}");
    }
    for bad in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        assert_eq!(json(Some(bad)).unwrap_err().code, ErrorCode::UnsupportedMediaType, "{bad:?}");
    }
}

#[test]
fn a_query_parameter_is_there_once_and_what_it_should_be() {
    let call = |query: serde_json::Value| {
        let event = serde_json::json!({
            "resource": "/documents", "path": "/documents", "httpMethod": "GET",
            "headers": {}, "multiValueHeaders": {},
            "multiValueQueryStringParameters": query,
            "requestContext": {"resourcePath": "/documents", "httpMethod": "GET", "stage": "v1"},
            "body": null, "isBase64Encoded": false
        });
        Call::new(lambda_http::request::from_str(&event.to_string()).unwrap(), DateTime::UNIX_EPOCH)
    };
    assert_eq!(call(serde_json::json!({"limit": ["5"]})).query::<u32>("limit"), Ok(Some(5)));
    assert_eq!(call(serde_json::Value::Null).query::<u32>("limit"), Ok(None));
    for bad in [serde_json::json!({"limit": ["many"]}), serde_json::json!({"limit": ["5", "6"]})] {
        let error = call(bad).query::<u32>("limit").unwrap_err();
        assert_eq!((error.code, error.errors[0].field), (ErrorCode::ValidationFailed, "limit"));
    }
}
