//! `POST /auth/refresh`: the next pair of tokens.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::AuthRefresh, routes::auth_refresh).await
}
