//! A page that shows the OpenAPI document and tries the API: Swagger UI, from a crate that contains its files, on a
//! port of this machine. It loads nothing from the network.
//!
//! The page has its own origin, as the product's frontend has: it gets the security headers of our answers and calls
//! the API across origins.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use utoipa_swagger_ui::Config;

use crate::Result;

/// Where the document is on the page's origin.
const DOCUMENT_PATH: &str = "/openapi.json";

/// The port of the page. Its origin must be known before the API is deployed, because the API must allow it.
#[derive(Debug)]
pub struct ApiPageOrigin {
    listener: TcpListener,
    origin: String,
}

/// The running page.
#[derive(Debug)]
pub struct ApiPage {
    url: String,
    task: JoinHandle<()>,
}

struct Shared {
    config: Arc<Config<'static>>,
    document: String,
    headers: HeaderMap,
}

impl ApiPageOrigin {
    /// Takes a free port.
    pub async fn new() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let origin = format!("http://{}", listener.local_addr()?);
        Ok(Self { listener, origin })
    }

    /// The origin, `http://127.0.0.1:<port>`.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// Serves the page for the API at `api_url`.
    pub fn serve(self, api_url: &str) -> Result<ApiPage> {
        let mut document: Value = serde_json::from_str(filot_edge::openapi::DOCUMENT)?;
        document["servers"] = json!([{"url": api_url, "description": "The local stack."}]);
        let shared = Arc::new(Shared {
            config: Arc::new(
                Config::from(DOCUMENT_PATH)
                    .try_it_out_enabled(true)
                    .display_request_duration(true)
                    .persist_authorization(true)
                    .default_models_expand_depth(0)
                    // The default is an online service, which would receive the document.
                    .validator_url("none"),
            ),
            document: document.to_string(),
            headers: headers(api_url)?,
        });
        let router = Router::new()
            .route("/", get(async || Redirect::temporary("/docs/")))
            .route("/docs/", get(async |state| file(state, Path(String::new())).await))
            .route("/docs/{*path}", get(file))
            .route(DOCUMENT_PATH, get(document_of))
            .with_state(shared);
        let url = format!("{}/docs/", self.origin);
        let task = tokio::spawn(async move {
            // It ends only when the task is aborted.
            let _ = axum::serve(self.listener, router).await;
        });
        Ok(ApiPage { url, task })
    }
}

impl ApiPage {
    /// Address of the page.
    pub fn url(&self) -> &str {
        &self.url
    }
}

impl Drop for ApiPage {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The security headers of our answers, and permission to connect to the API.
fn headers(api_url: &str) -> Result<HeaderMap> {
    let mut headers = HeaderMap::new();
    filot_edge::headers::secure(&mut headers);
    let ours = headers.get(CONTENT_SECURITY_POLICY).map(HeaderValue::to_str).transpose()?.unwrap_or_default();
    let api: url::Url = api_url.parse()?;
    let policy = format!("{ours};connect-src 'self' {}", api.origin().ascii_serialization());
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_str(&policy)?);
    Ok(headers)
}

async fn document_of(State(shared): State<Arc<Shared>>) -> Response {
    answered(&shared, "application/json", shared.document.clone().into_bytes())
}

async fn file(State(shared): State<Arc<Shared>>, Path(path): Path<String>) -> Response {
    match utoipa_swagger_ui::serve(&path, Arc::clone(&shared.config)) {
        Ok(Some(file)) => answered(&shared, &file.content_type, file.bytes.into_owned()),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn answered(shared: &Shared, content_type: &str, body: Vec<u8>) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    headers.extend(shared.headers.clone());
    if let Ok(content_type) = HeaderValue::from_str(content_type) {
        headers.insert(CONTENT_TYPE, content_type);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_page_is_served_locally_and_may_call_the_api() {
        let origin = ApiPageOrigin::new().await.unwrap();
        let api_url = "http://127.0.0.1:9/_aws/execute-api/abc/local";
        let page = origin.serve(api_url).unwrap();
        let http = reqwest::Client::new();
        let text = async |url: &str| {
            let answer = http.get(url).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{url}");
            let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
            assert!(policy.contains("script-src 'self'"), "{policy}");
            assert!(policy.ends_with("connect-src 'self' http://127.0.0.1:9"), "{policy}");
            answer.text().await.unwrap()
        };
        let html = text(page.url()).await;
        let mut parts = 0;
        for attribute in ["src=\"", "href=\""] {
            for link in html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(!link.contains("//"), "{link} is somewhere else");
                text(&format!("{}{}", page.url(), link.trim_start_matches("./"))).await;
                parts += 1;
            }
        }
        assert!(parts >= 4 && !html.contains("<script>"), "{html}");
        assert!(text(&format!("{}swagger-initializer.js", page.url())).await.contains(DOCUMENT_PATH));
        let document = text(&page.url().replace("/docs/", DOCUMENT_PATH)).await;
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["servers"][0]["url"], api_url);
        assert!(document["paths"]["/documents/upload"]["post"].is_object());
    }
}
