//! `GET /openapi.json`: what this API takes and gives.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::OpenApi, routes::openapi).await
}
