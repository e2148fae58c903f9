//! The reviewer's decision, through the API or the function's own URL.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::ReviewCallback, routes::review_callback).await
}
