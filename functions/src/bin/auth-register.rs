//! `POST /auth/register`: a user of ours for a Stack Auth account.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::AuthRegister, routes::auth_register).await
}
