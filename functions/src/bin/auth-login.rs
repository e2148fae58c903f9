//! `POST /auth/login`: a Stack Auth token against a session of ours.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::AuthLogin, routes::auth_login).await
}
