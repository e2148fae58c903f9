//! Every minute and after scoring: sends due reviews to BULI2.

use filot_edge::{Role, invoke, tasks};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invoke::run(Role::ReviewDispatch, tasks::review_dispatch).await
}
