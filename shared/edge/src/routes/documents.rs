//! The caller's documents and their verification.

use std::sync::Arc;

use filot_app::context::Context;
use filot_app::list_documents::ListQuery;
use filot_app::{
    delete_document, download, escalate, get_document, list_documents, process, upload, verification_status,
};

use crate::call::Call;
use crate::idempotent::{self, idempotent};
use crate::multipart;
use crate::reply::Reply;
use crate::serve::{self, Answer};

/// `POST /documents/upload`
pub async fn documents_upload(context: Arc<Context>, mut call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let body = call.take_body();
    let mut request = multipart::read_upload(call.content_type(), body).await?;
    request.idempotency_key = idempotent::key(&call);
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
    serve::about_document(uploaded.document.id);
    let reply = Reply::created(&uploaded)?;
    Ok(if uploaded.replayed { idempotent::replayed(reply) } else { reply })
}

/// `GET /documents/{id}`
pub async fn documents_get(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.document_id()?;
    Reply::ok(&get_document::get_document(context.store()?, &caller, id, call.now).await?)
}

/// `GET /verification/status/{id}`
pub async fn verification_status(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.document_id()?;
    Reply::ok(&verification_status::verification_status(context.store()?, &caller, id, call.now).await?)
}

/// `GET /documents`
pub async fn documents_list(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let query = ListQuery {
        cursor: call.query("cursor")?,
        limit: call.query("limit")?,
        status: call.query("status")?,
        document_type: call.query("type")?,
    };
    Reply::ok(&list_documents::list_documents(context.store()?, &caller, query, call.now).await?)
}

/// `GET /documents/{id}/download`
pub async fn documents_download(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.document_id()?;
    Reply::ok(
        &download::download(
            context.store()?,
            context.objects()?,
            &caller,
            id,
            context.download_lifetime()?,
            call.now,
        )
        .await?,
    )
}

/// `POST /documents/{id}/process`
pub async fn documents_process(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.document_id()?;
    let work = async {
        let (store, queues) = (context.store()?, context.queues().await?);
        let queued = process::process(store, queues, &caller, id, &call.correlation_id, call.now).await?;
        Reply::accepted(&queued)
    };
    idempotent(&context, &call, &caller, "documents-process", work).await
}

/// `DELETE /documents/{id}`
pub async fn documents_delete(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.document_id()?;
    delete_document::delete_document(context.store()?, &caller, id, &call.correlation_id, call.now).await?;
    Ok(Reply::no_content())
}

/// `POST /verification/{id}/escalate`
pub async fn verification_escalate(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.document_id()?;
    let work = async {
        let store = context.store()?;
        let escalated = escalate::escalate(store, &caller, id, &call.correlation_id, call.now).await?;
        context.wake_review_dispatch().await;
        Reply::ok(&escalated)
    };
    idempotent(&context, &call, &caller, "verification-escalate", work).await
}
