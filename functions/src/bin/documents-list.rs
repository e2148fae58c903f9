//! `GET /documents`: the caller's documents.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::DocumentsList, routes::documents_list).await
}
