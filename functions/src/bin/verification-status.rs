//! `GET /verification/status/{id}`: where a verification stands.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::VerificationStatus, routes::verification_status).await
}
