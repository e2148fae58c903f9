//! What BULI2 asks and says.

use std::sync::Arc;

use filot_app::context::Context;
use filot_app::review_callback::{CallbackProof, authenticate};
use filot_app::{auth, get_review, review_callback, review_file};
use filot_platform::Role;
use http::header::HeaderName;

use crate::call::Call;
use crate::reply::Reply;
use crate::serve::{self, Answer, Endpoint};

const SIGNATURE: HeaderName = HeaderName::from_static("x-buli2-signature");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-buli2-timestamp");

/// `review-callback`
pub static REVIEW_CALLBACK: Endpoint =
    Endpoint::new(Role::ReviewCallback, |context, call| Box::pin(review_callback(context, call)));
/// `review-get`
pub static REVIEW_GET: Endpoint =
    Endpoint::new(Role::ReviewGet, |context, call| Box::pin(review_get(context, call)));
/// `review-file`
pub static REVIEW_FILE: Endpoint =
    Endpoint::new(Role::ReviewFile, |context, call| Box::pin(review_file(context, call)));

/// `POST /internal/reviews`, `POST /internal/reviews/{reviewId}/callback`, and the function's URL
async fn review_callback(context: Arc<Context>, call: Call) -> Answer {
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
async fn review_file(context: Arc<Context>, call: Call) -> Answer {
    auth::service::verify(context.service_keys(), call.bearer()?)?;
    let review = call.review_id()?;
    Reply::redirect(&review_file::review_file(context.store()?, context.objects()?, review).await?)
}

/// `GET /internal/reviews/{reviewId}`
async fn review_get(context: Arc<Context>, call: Call) -> Answer {
    auth::service::verify(context.service_keys(), call.bearer()?)?;
    let review = call.review_id()?;
    Reply::ok(&get_review::get_review(context.store()?, review).await?)
}
