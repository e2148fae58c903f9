//! One function per route: parse, one use case, answer.

use std::sync::Arc;

use filot_app::context::Context;
use filot_app::review_callback::{CallbackProof, authenticate};
use filot_app::{
    auth, get_document, login, me, register, review_callback, review_file, upload, verification_status,
};
use filot_domain::ReviewId;
use http::StatusCode;
use http::header::HeaderName;

use crate::call::Call;
use crate::multipart;
use crate::reply::Reply;
use crate::serve::Answer;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const SIGNATURE: HeaderName = HeaderName::from_static("x-buli2-signature");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-buli2-timestamp");

/// `GET /health`
pub async fn health(context: Arc<Context>, call: Call) -> Answer {
    let health = context.health(call.now).await;
    let status = if health.ok { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    Reply::json(status, &health)
}

/// `POST /auth/register`
pub async fn auth_register(context: Arc<Context>, call: Call) -> Answer {
    let identity = context.stack()?.verify(call.bearer()?, call.now).await?;
    let request = call.optional_json()?;
    let registered = register::register(context.store()?, &identity, request, call.now).await?;
    if registered.created { Reply::created(&registered) } else { Reply::ok(&registered) }
}

/// `POST /auth/login`
pub async fn auth_login(context: Arc<Context>, call: Call) -> Answer {
    let identity = context.stack()?.verify(call.bearer()?, call.now).await?;
    Reply::ok(&login::login(context.store()?, context.access_tokens(), &identity, call.now).await?)
}

/// `GET /auth/me`
pub async fn auth_me(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    Reply::ok(&me::me(context.store()?, &caller, call.now).await?)
}

/// `POST /documents/upload`
pub async fn documents_upload(context: Arc<Context>, mut call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let body = call.take_body();
    let mut request = multipart::read_upload(call.content_type(), body).await?;
    request.idempotency_key = call.headers().get(IDEMPOTENCY_KEY).map(|key| {
        // What is no text becomes an empty key, which is refused: a key that is sent must not be ignored.
        key.to_str().unwrap_or_default().to_owned()
    });
    let uploaded = upload::upload(
        context.store()?,
        context.objects()?,
        context.queues().await?,
        &caller,
        request,
        &call.correlation_id,
        call.now,
    )
    .await?;
    Reply::created(&uploaded)
}

/// `GET /documents/{id}`
pub async fn documents_get(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.path_id("id")?;
    Reply::ok(&get_document::get_document(context.store()?, &caller, id, call.now).await?)
}

/// `GET /verification/status/{id}`
pub async fn verification_status(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.path_id("id")?;
    Reply::ok(&verification_status::verification_status(context.store()?, &caller, id, call.now).await?)
}

/// `POST /internal/reviews`, `POST /internal/reviews/{reviewId}/callback`, and the function's URL
pub async fn review_callback(context: Arc<Context>, call: Call) -> Answer {
    let proof = CallbackProof {
        service_key: call.bearer().ok(),
        signature: call.header(&SIGNATURE),
        timestamp: call.header(&TIMESTAMP),
    };
    authenticate(&context.callback_secrets(), &proof, call.body(), call.now)?;
    let review = match call.path_text("reviewId") {
        Some(_) => Some(call.path_id::<ReviewId>("reviewId")?),
        None => None,
    };
    let request = call.json()?;
    let done =
        review_callback::review_callback(context.store()?, review, request, &call.correlation_id, call.now)
            .await?;
    Reply::ok(&done)
}

/// `GET /internal/reviews/{reviewId}/file`
pub async fn review_file(context: Arc<Context>, call: Call) -> Answer {
    auth::service::verify(context.service_keys(), call.bearer()?)?;
    let review = call.path_id("reviewId")?;
    Reply::redirect(&review_file::review_file(context.store()?, context.objects()?, review).await?)
}
