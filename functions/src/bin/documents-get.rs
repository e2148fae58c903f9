//! `GET /documents/{id}`: one document of the caller's.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::DocumentsGet, routes::documents_get).await
}
