//! `DELETE /documents/{id}`: erases a document.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::DocumentsDelete, routes::documents_delete).await
}
