//! `GET /health`: whether the parts that are needed answer.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::Health, routes::health).await
}
