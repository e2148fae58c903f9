//! Requests in the form in which API Gateway's REST API passes them to a function, for programs without a gateway.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};

const BOUNDARY: &str = "filot-event";

/// Body of a request.
#[derive(Debug, Clone, Copy)]
pub enum Body<'a> {
    /// No body.
    None,
    /// JSON, as text.
    Json(&'a str),
    /// A multipart form.
    Form(&'a [u8]),
}

/// A request as a proxy event. `id` is the path parameter `{id}`, `address` the client's IP address.
pub fn rest(
    method: &str,
    resource: &str,
    token: Option<&str>,
    address: &str,
    id: Option<&str>,
    body: Body<'_>,
) -> String {
    let (content_type, body, is_base64) = match body {
        Body::None => ("application/json".to_owned(), Value::Null, false),
        Body::Json(text) => ("application/json".to_owned(), json!(text), false),
        Body::Form(bytes) => {
            (format!("multipart/form-data; boundary={BOUNDARY}"), json!(BASE64_STANDARD.encode(bytes)), true)
        }
    };
    let mut headers = json!({
        "Host": "api.example.com", "Accept": "application/json", "User-Agent": "filot", "Content-Type": content_type,
    });
    if let Some(token) = token {
        headers["Authorization"] = json!(format!("Bearer {token}"));
    }
    let several: Map<String, Value> = headers
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, value)| (name.clone(), json!([value])))
        .collect();
    let path = resource.replace("{id}", id.unwrap_or_default());
    json!({
        "resource": resource, "path": path, "httpMethod": method,
        "headers": headers, "multiValueHeaders": several,
        "queryStringParameters": null, "multiValueQueryStringParameters": null,
        "pathParameters": id.map(|id| json!({"id": id})),
        "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000", "apiId": "local", "httpMethod": method, "path": path,
            "protocol": "HTTP/1.1", "requestId": "local-request", "resourceId": "local", "resourcePath": resource,
            "stage": "local", "identity": {"sourceIp": address, "userAgent": "filot"}
        },
        "body": body, "isBase64Encoded": is_base64
    })
    .to_string()
}

/// `POST /documents/upload` of a file with the declared type `mime`.
pub fn upload(token: &str, address: &str, kind: &str, mime: &str, content: &[u8]) -> String {
    let mut form = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\n{kind}\r\n--{BOUNDARY}\r\n\
         Content-Disposition: form-data; name=\"file\"; filename=\"card\"\r\nContent-Type: {mime}\r\n\r\n"
    )
    .into_bytes();
    form.extend_from_slice(content);
    form.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    rest("POST", "/documents/upload", Some(token), address, None, Body::Form(&form))
}
