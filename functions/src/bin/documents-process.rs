//! `POST /documents/{id}/process`: queues a document again.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::DocumentsProcess, routes::documents_process).await
}
