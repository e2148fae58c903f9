//! S3 and SQS in memory, as far as an upload needs them: keeps the last objects, accepts every message.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use tokio::task::JoinHandle;

use crate::Result;

/// Objects that are kept; older ones are forgotten.
const KEPT: usize = 256;
const OBJECT_BYTES_MAX: usize = 4 * 1024 * 1024;

type Objects = Arc<Mutex<VecDeque<(String, Bytes)>>>;

/// The running server.
pub struct Server {
    url: String,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts it on a free port.
    pub async fn start() -> Result<Self> {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let objects = Objects::default();
        let router =
            Router::new().fallback(take).layer(DefaultBodyLimit::max(OBJECT_BYTES_MAX)).with_state(objects);
        let task = tokio::spawn(async move {
            // It ends only when the task is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { url, task })
    }

    /// Endpoint of both.
    pub fn url(&self) -> String {
        self.url.clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn take(State(objects): State<Objects>, method: Method, uri: Uri, body: Bytes) -> Response {
    if method == Method::PUT {
        let mut objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
        objects.push_back((uri.path().to_owned(), body));
        if objects.len() > KEPT {
            objects.pop_front();
        }
        return [("etag", "\"kept\"")].into_response();
    }
    if method == Method::POST {
        let id = uuid::Uuid::new_v4();
        let answer = format!(r#"{{"MessageId":"{id}","MD5OfMessageBody":""}}"#);
        return ([("content-type", "application/x-amz-json-1.0")], answer).into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}
