//! `GET /metrics`: counts, as JSON or for Prometheus.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::Metrics, routes::metrics).await
}
