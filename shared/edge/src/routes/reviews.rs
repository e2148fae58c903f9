//! Reviews, for BULI2 and internal callers.

use filot_app::auth::principal::{Reviewer, Service};
use filot_app::context::Context;
use filot_app::request_context::RequestContext;
use filot_app::{get_review, review_callback, review_file};
use filot_platform::Role;

use crate::call::Call;
use crate::endpoint::{Endpoint, HttpFunction};
use crate::reply::{Answer, Reply};
use crate::request_span;

/// `review-callback`
pub static REVIEW_CALLBACK: &dyn HttpFunction =
    &Endpoint::new(Role::ReviewCallback, |context, call, request| {
        Box::pin(review_callback(context, call, request))
    });
/// `review-get`
pub static REVIEW_GET: &dyn HttpFunction =
    &Endpoint::new(Role::ReviewGet, |context, call, request| Box::pin(review_get(context, call, request)));
/// `review-file`
pub static REVIEW_FILE: &dyn HttpFunction =
    &Endpoint::new(Role::ReviewFile, |context, call, request| Box::pin(review_file(context, call, request)));

/// `POST /internal/reviews`, `POST /internal/reviews/{reviewId}/callback`, and the function's URL
async fn review_callback(context: &Context, call: Call, request: RequestContext<Reviewer>) -> Answer {
    let review = match call.path_text("reviewId") {
        Some(_) => Some(call.review_id()?),
        None => None,
    };
    review.into_iter().for_each(request_span::record_review);
    let input = call.json()?;
    let done = review_callback::review_callback(context.store()?, &request, review, input).await?;
    request_span::record_review(done.review_id);
    request_span::record_document(done.document_id);
    Reply::ok(&done)
}

/// `GET /internal/reviews/{reviewId}/file`
async fn review_file(context: &Context, call: Call, request: RequestContext<Service>) -> Answer {
    let review = call.review_id()?;
    request_span::record_review(review);
    Reply::redirect(&review_file::review_file(context.store()?, context.objects()?, &request, review).await?)
}

/// `GET /internal/reviews/{reviewId}`
async fn review_get(context: &Context, call: Call, request: RequestContext<Service>) -> Answer {
    let review = call.review_id()?;
    request_span::record_review(review);
    Reply::ok(&get_review::get_review(context.store()?, &request, review).await?)
}
