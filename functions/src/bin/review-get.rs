//! `GET /internal/reviews/{reviewId}`: where a review stands.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::ReviewGet, routes::review_get).await
}
