//! `POST /verification/{id}/escalate`: asks for a human.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::VerificationEscalate, routes::verification_escalate).await
}
