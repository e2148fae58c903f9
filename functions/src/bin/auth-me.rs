//! `GET /auth/me`: the caller.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::AuthMe, routes::auth_me).await
}
