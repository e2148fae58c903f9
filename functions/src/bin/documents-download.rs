//! `GET /documents/{id}/download`: a link to the file.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::DocumentsDownload, routes::documents_download).await
}
