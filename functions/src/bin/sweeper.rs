//! Every minute: repairs what was lost or is stuck.

use filot_edge::{Role, invoke, tasks};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invoke::run(Role::Sweeper, tasks::sweeper).await
}
