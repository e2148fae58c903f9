//! The caller's documents and their verification.

use std::sync::Arc;

use filot_app::context::Context;
use filot_app::list_documents::ListQuery;
use filot_app::{
    delete_document, download, escalate, get_document, list_documents, process, upload, verification_status,
};
use filot_platform::Role;

use crate::call::Call;
use crate::idempotent::{self, idempotent};
use crate::multipart;
use crate::reply::Reply;
use crate::serve::{self, Answer, Endpoint};

/// `documents-upload`
pub static DOCUMENTS_UPLOAD: Endpoint =
    Endpoint::new(Role::DocumentsUpload, |context, call| Box::pin(documents_upload(context, call)));
/// `documents-list`
pub static DOCUMENTS_LIST: Endpoint =
    Endpoint::new(Role::DocumentsList, |context, call| Box::pin(documents_list(context, call)));
/// `documents-get`
pub static DOCUMENTS_GET: Endpoint =
    Endpoint::new(Role::DocumentsGet, |context, call| Box::pin(documents_get(context, call)));
/// `documents-download`
pub static DOCUMENTS_DOWNLOAD: Endpoint =
    Endpoint::new(Role::DocumentsDownload, |context, call| Box::pin(documents_download(context, call)));
/// `documents-process`
pub static DOCUMENTS_PROCESS: Endpoint =
    Endpoint::new(Role::DocumentsProcess, |context, call| Box::pin(documents_process(context, call)));
/// `documents-delete`
pub static DOCUMENTS_DELETE: Endpoint =
    Endpoint::new(Role::DocumentsDelete, |context, call| Box::pin(documents_delete(context, call)));
/// `verification-status`
pub static VERIFICATION_STATUS: Endpoint =
    Endpoint::new(Role::VerificationStatus, |context, call| Box::pin(verification_status(context, call)));
/// `verification-escalate`
pub static VERIFICATION_ESCALATE: Endpoint =
    Endpoint::new(Role::VerificationEscalate, |context, call| Box::pin(verification_escalate(context, call)));

/// `POST /documents/upload`
async fn documents_upload(context: Arc<Context>, mut call: Call) -> Answer {
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
async fn documents_get(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.document_id()?;
    Reply::ok(&get_document::get_document(context.store()?, &caller, id, call.now).await?)
}

/// `GET /verification/status/{id}`
async fn verification_status(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.document_id()?;
    Reply::ok(&verification_status::verification_status(context.store()?, &caller, id, call.now).await?)
}

/// `GET /documents`
async fn documents_list(context: Arc<Context>, call: Call) -> Answer {
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
async fn documents_download(context: Arc<Context>, call: Call) -> Answer {
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
async fn documents_process(context: Arc<Context>, call: Call) -> Answer {
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
async fn documents_delete(context: Arc<Context>, call: Call) -> Answer {
    let caller = call.caller(context.access_tokens())?;
    let id = call.document_id()?;
    delete_document::delete_document(context.store()?, &caller, id, &call.correlation_id, call.now).await?;
    Ok(Reply::no_content())
}

/// `POST /verification/{id}/escalate`
async fn verification_escalate(context: Arc<Context>, call: Call) -> Answer {
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
