//! The caller's documents and their verification.

use filot_app::auth::principal::SignedInUser;
use filot_app::context::Context;
use filot_app::list_documents::ListQuery;
use filot_app::request_context::RequestContext;
use filot_app::{
    delete_document, download, escalate, get_document, list_documents, process, upload, verification_status,
};
use filot_platform::Role;

use crate::call::Call;
use crate::endpoint::{Endpoint, HttpFunction};
use crate::idempotent::{self, idempotent};
use crate::multipart;
use crate::reply::{Answer, Reply};
use crate::request_span;

/// `documents-upload`
pub static DOCUMENTS_UPLOAD: &dyn HttpFunction =
    &Endpoint::new(Role::DocumentsUpload, |context, call, request| {
        Box::pin(documents_upload(context, call, request))
    });
/// `documents-list`
pub static DOCUMENTS_LIST: &dyn HttpFunction =
    &Endpoint::new(Role::DocumentsList, |context, call, request| {
        Box::pin(documents_list(context, call, request))
    });
/// `documents-get`
pub static DOCUMENTS_GET: &dyn HttpFunction = &Endpoint::new(Role::DocumentsGet, |context, call, request| {
    Box::pin(documents_get(context, call, request))
});
/// `documents-download`
pub static DOCUMENTS_DOWNLOAD: &dyn HttpFunction =
    &Endpoint::new(Role::DocumentsDownload, |context, call, request| {
        Box::pin(documents_download(context, call, request))
    });
/// `documents-process`
pub static DOCUMENTS_PROCESS: &dyn HttpFunction =
    &Endpoint::new(Role::DocumentsProcess, |context, call, request| {
        Box::pin(documents_process(context, call, request))
    });
/// `documents-delete`
pub static DOCUMENTS_DELETE: &dyn HttpFunction =
    &Endpoint::new(Role::DocumentsDelete, |context, call, request| {
        Box::pin(documents_delete(context, call, request))
    });
/// `verification-status`
pub static VERIFICATION_STATUS: &dyn HttpFunction =
    &Endpoint::new(Role::VerificationStatus, |context, call, request| {
        Box::pin(verification_status(context, call, request))
    });
/// `verification-escalate`
pub static VERIFICATION_ESCALATE: &dyn HttpFunction =
    &Endpoint::new(Role::VerificationEscalate, |context, call, request| {
        Box::pin(verification_escalate(context, call, request))
    });

/// `POST /documents/upload`
async fn documents_upload(
    context: &Context,
    mut call: Call,
    request: RequestContext<SignedInUser>,
) -> Answer {
    let body = call.take_body();
    let mut form = multipart::read_upload(call.content_type(), body).await?;
    form.idempotency_key = idempotent::key(&call);
    let (store, objects, queues) = (context.store()?, context.objects()?, context.queues().await?);
    let uploaded = upload::upload(store, objects, queues, &context.user_limits()?, &request, form).await?;
    request_span::record_document(uploaded.document.id);
    let reply = Reply::created(&uploaded)?;
    Ok(if uploaded.replayed { idempotent::replayed(reply) } else { reply })
}

/// `GET /documents/{id}`
async fn documents_get(context: &Context, call: Call, request: RequestContext<SignedInUser>) -> Answer {
    let id = call.document_id()?;
    request_span::record_document(id);
    Reply::ok(&get_document::get_document(context.store()?, &request, id, context.numbers()).await?)
}

/// `GET /verification/status/{id}`
async fn verification_status(context: &Context, call: Call, request: RequestContext<SignedInUser>) -> Answer {
    let id = call.document_id()?;
    request_span::record_document(id);
    let (store, numbers) = (context.store()?, context.numbers());
    Reply::ok(&verification_status::verification_status(store, &request, id, numbers).await?)
}

/// `GET /documents`
async fn documents_list(context: &Context, call: Call, request: RequestContext<SignedInUser>) -> Answer {
    let query = ListQuery {
        cursor: call.query("cursor")?,
        limit: call.query("limit")?,
        status: call.query("status")?,
        document_type: call.query("type")?,
    };
    Reply::ok(&list_documents::list_documents(context.store()?, &request, query).await?)
}

/// `GET /documents/{id}/download`
async fn documents_download(context: &Context, call: Call, request: RequestContext<SignedInUser>) -> Answer {
    let id = call.document_id()?;
    request_span::record_document(id);
    Reply::ok(
        &download::download(context.store()?, context.objects()?, &request, id, context.download_lifetime()?)
            .await?,
    )
}

/// `POST /documents/{id}/process`
async fn documents_process(context: &Context, call: Call, request: RequestContext<SignedInUser>) -> Answer {
    let id = call.document_id()?;
    request_span::record_document(id);
    let work = async {
        let (store, queues) = (context.store()?, context.queues().await?);
        let queued = process::process(store, queues, &context.user_limits()?, &request, id).await?;
        Reply::accepted(&queued)
    };
    idempotent(context, &call, &request, "documents-process", work).await
}

/// `DELETE /documents/{id}`
async fn documents_delete(context: &Context, call: Call, request: RequestContext<SignedInUser>) -> Answer {
    let id = call.document_id()?;
    request_span::record_document(id);
    delete_document::delete_document(context.store()?, &request, id).await?;
    Ok(Reply::no_content())
}

/// `POST /verification/{id}/escalate`
async fn verification_escalate(
    context: &Context,
    call: Call,
    request: RequestContext<SignedInUser>,
) -> Answer {
    let id = call.document_id()?;
    request_span::record_document(id);
    let work = async {
        let store = context.store()?;
        let escalated = escalate::escalate(store, &request, id).await?;
        if let Some(dispatch) = context.review_dispatch().await {
            dispatch.wake().await;
        }
        Reply::ok(&escalated)
    };
    idempotent(context, &call, &request, "verification-escalate", work).await
}
