//! At deployment: applies migrations.

use filot_edge::{Role, invoke, tasks};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    invoke::run(Role::Migrate, tasks::migrate).await
}
