//! `POST /internal/ocr/queue`: where the queues stand.

use filot_edge::{Role, routes, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    serve::run(Role::OcrQueueStatus, routes::ocr_queue_status).await
}
