//! `POST /auth/logout`: ends the session.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::AuthLogout, routes::auth_logout).await
}
