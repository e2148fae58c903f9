//! What BULI2 asks and says.

use std::sync::Arc;

use filot_app::context::Context;
use filot_app::review_callback::{CallbackProof, authenticate};
use filot_app::{auth, get_review, review_callback, review_file};
use http::header::HeaderName;

use crate::call::Call;
use crate::reply::Reply;
use crate::serve::{self, Answer};

const SIGNATURE: HeaderName = HeaderName::from_static("x-buli2-signature");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-buli2-timestamp");

/// `POST /internal/reviews`, `POST /internal/reviews/{reviewId}/callback`, and the function's URL
pub async fn review_callback(context: Arc<Context>, call: Call) -> Answer {
    let proof = CallbackProof {
        service_key: call.bearer().ok(),
        signature: call.header(&SIGNATURE),
        timestamp: call.header(&TIMESTAMP),
    };
    authenticate(&context.callback_secrets(), &proof, call.body(), call.now)?;
    let review = match call.path_text("reviewId") {
        Some(_) => Some(call.review_id()?),
        None => None,
    };
    let request = call.json()?;
    let done =
        review_callback::review_callback(context.store()?, review, request, &call.correlation_id, call.now)
            .await?;
    serve::about_review(done.review_id);
    serve::about_document(done.document_id);
    Reply::ok(&done)
}

/// `GET /internal/reviews/{reviewId}/file`
pub async fn review_file(context: Arc<Context>, call: Call) -> Answer {
    auth::service::verify(context.service_keys(), call.bearer()?)?;
    let review = call.review_id()?;
    Reply::redirect(&review_file::review_file(context.store()?, context.objects()?, review).await?)
}

/// `GET /internal/reviews/{reviewId}`
pub async fn review_get(context: Arc<Context>, call: Call) -> Answer {
    auth::service::verify(context.service_keys(), call.bearer()?)?;
    let review = call.review_id()?;
    Reply::ok(&get_review::get_review(context.store()?, review).await?)
}
