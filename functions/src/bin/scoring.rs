//! Scores a document that was read, and decides.

use filot_edge::{Role, invoke, tasks};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invoke::run(Role::Scoring, tasks::scoring).await
}
