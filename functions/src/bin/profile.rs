//! `GET /profile` and `PUT /profile`: what the caller says about themselves.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::Profile, routes::profile).await
}
