//! `GET /internal/reviews/{reviewId}/file`: shows the reviewer the card.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::ReviewFile, routes::review_file).await
}
