//! `POST /documents/upload`: takes a document.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::DocumentsUpload, routes::documents_upload).await
}
