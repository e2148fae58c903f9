//! `POST /documents/upload`: validate everything, then row, object, row, message, in this order.
//!
//! INV-1: an upload that is answered with success is in storage and in the database. The row exists before its object,
//! so no picture of an identity card is ever without a row, and what dies half-way is found and removed. The message
//! is the only step that may fail: the row says when it is due, and the sweeper sends it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use filot_cloud::{Objects, OcrQueues};
use filot_domain::lifecycle::DocumentStatus;
use filot_domain::{CorrelationId, DocumentId, DocumentType, UserId};
use filot_media::MediaError;
use filot_store::{BeginUpload, IdempotencyKey, Miss, NewDocument, Store, StoreError, UserLimits};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::principal::SignedInUser;
use crate::document_dto::DocumentDto;
use crate::enqueue::enqueue;
use crate::error::{AppError, FieldError, Result};
use crate::error_code::ErrorCode;
use crate::idempotency;
use crate::request_context::RequestContext;
use crate::user_limits;

/// The form as the client sent it, not validated.
#[derive(Clone, Default)]
pub struct UploadRequest {
    /// The form's `type`.
    pub document_type: Option<String>,
    /// The form's `file`.
    pub file: Option<UploadedFile>,
    /// The `Idempotency-Key` header.
    pub idempotency_key: Option<String>,
}

/// A file as it came. Its name is not kept: it may be personal, and it is never used.
#[derive(Clone)]
pub struct UploadedFile {
    /// Its content.
    pub bytes: Bytes,
    /// The media type that the client declares.
    pub content_type: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadResponse {
    /// The document.
    pub document: DocumentDto,
    /// Follows the document through the pipeline.
    #[schema(value_type = crate::schema::CorrelationId)]
    pub correlation_id: CorrelationId,
    /// Whether this upload had been taken before, under the same idempotency key.
    #[serde(skip)]
    pub replayed: bool,
}

/// A validated request.
struct Valid {
    document_type: DocumentType,
    mime: &'static str,
    bytes: Bytes,
    content_sha256: [u8; 32],
    idempotency: Option<IdempotencyKey>,
}

/// Takes a document.
///
/// # Errors
/// `validation_failed` with every wrong part of the form; a `file_…` or `image_…` code for a file that is not accepted;
/// `unavailable` when the file cannot be stored; `idempotency_in_progress` and `idempotency_key_reused`;
/// `too_many_attempts` after too many documents that did not pass; `documents_in_flight`, `daily_quota_reached` and
/// `storage_full` when the user has reached a limit.
pub async fn upload(
    store: &Store,
    objects: &Objects,
    queues: &OcrQueues,
    limits: &UserLimits,
    request: &RequestContext<SignedInUser>,
    input: UploadRequest,
) -> Result<UploadResponse> {
    let valid = validate(input)?;
    let (caller, now) = (&*request.principal, request.now);
    let id = DocumentId::from_uuid(Uuid::now_v7());
    let new = NewDocument {
        id,
        document_type: valid.document_type,
        object_key: object_key(caller.user_id, id),
        content_sha256: valid.content_sha256,
        mime: valid.mime.to_owned(),
        bytes: valid.bytes.len() as u64,
        idempotency: valid.idempotency,
    };
    let origin = request.origin();
    let begun = store.begin_upload(caller, &new, limits, &origin, now).await?;
    let (receiving, object_key, correlation_id) = match begun {
        BeginUpload::Fresh { document, object_key, correlation_id } => (document, object_key, correlation_id),
        BeginUpload::Replay { document, correlation_id } => {
            return Ok(UploadResponse { document: document.into(), correlation_id, replayed: true });
        }
        BeginUpload::InProgress => return Err(idempotency::in_progress()),
        BeginUpload::KeyReused => return Err(idempotency::key_reused()),
        BeginUpload::TooManyAttempts { until } => return Err(too_many_attempts(until, now)),
        BeginUpload::Refused(exceeded) => return Err(user_limits::refusal(exceeded, now)),
    };
    let id = receiving.id();

    if let Err(error) = objects.put(&object_key, valid.bytes, valid.mime).await {
        if let Err(error) = store.release_upload(receiving, now).await {
            tracing::warn!(document_id = %id, %error, "not released; the same upload has to wait a minute");
        }
        return Err(AppError::unavailable(format!("the file could not be stored: {error}")));
    }

    let queue = queues.preferred();
    let summary = match store.finish_upload(receiving, queue, &origin, now).await {
        Ok(summary) => summary,
        Err(error) => {
            if is_discarded(&error) {
                remove_stray(objects, &object_key, id).await;
            }
            return Err(AppError::unavailable(format!("the upload could not be finished: {error}")));
        }
    };
    if let Err(error) = enqueue(queues, store, id, queue, &correlation_id, now).await {
        tracing::warn!(document_id = %id, %error, "not enqueued; the sweeper will");
    }
    Ok(UploadResponse { document: summary.into(), correlation_id, replayed: false })
}

fn too_many_attempts(until: DateTime<Utc>, now: DateTime<Utc>) -> AppError {
    let wait_s = (until - now).num_seconds().max(0).saturating_add(1);
    AppError {
        retry_after_s: Some(u32::try_from(wait_s).unwrap_or(u32::MAX)),
        ..AppError::new(
            ErrorCode::TooManyAttempts,
            "Too many of your documents did not pass lately. Please wait for the reviewer, or try again later.",
        )
    }
}

/// Whether the row was given up on while the object was being stored.
fn is_discarded(error: &StoreError) -> bool {
    matches!(error.miss(), Some(Miss::NotFound | Miss::Stale { status: DocumentStatus::Erased, .. }))
}

/// Removes an object whose row is gone: the sweeper may have looked for the object before it arrived.
async fn remove_stray(objects: &Objects, object_key: &str, id: DocumentId) {
    if let Err(error) = objects.delete(object_key).await {
        tracing::error!(document_id = %id, %error, "an object without a row could not be removed");
    }
}

/// Where a document's file is. Made of our ids alone.
fn object_key(user: UserId, document: DocumentId) -> String {
    format!("documents/{user}/{document}")
}

fn validate(request: UploadRequest) -> Result<Valid> {
    let mut errors = Vec::new();
    let document_type = match request.document_type.as_deref().map(str::parse::<DocumentType>) {
        Some(Ok(document_type)) => Some(document_type),
        Some(Err(_)) => {
            errors.push(FieldError::new("type", "must be KTP or NPWP"));
            None
        }
        None => {
            errors.push(FieldError::new("type", "is missing"));
            None
        }
    };
    if request.file.as_ref().is_none_or(|file| file.bytes.is_empty()) {
        errors.push(FieldError::new("file", "is missing or empty"));
    }
    errors.extend(request.idempotency_key.as_deref().and_then(idempotency::check_key));
    let (Some(document_type), Some(file), true) = (document_type, request.file, errors.is_empty()) else {
        return Err(AppError::invalid(errors));
    };
    let kind = filot_media::inspect(&file.bytes, file.content_type.as_deref()).map_err(refused_file)?.kind;
    let content_sha256: [u8; 32] = Sha256::digest(&file.bytes).into();
    let idempotency = request
        .idempotency_key
        .map(|key| IdempotencyKey { key, request_hash: request_hash(document_type, &content_sha256) });
    Ok(Valid { document_type, mime: kind.mime(), bytes: file.bytes, content_sha256, idempotency })
}

/// What makes two uploads the same request.
fn request_hash(document_type: DocumentType, content_sha256: &[u8; 32]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(document_type.to_string());
    hasher.update([0]);
    hasher.update(content_sha256);
    hasher.finalize().into()
}

fn refused_file(error: MediaError) -> AppError {
    let code = match error {
        MediaError::Empty => ErrorCode::FileEmpty,
        MediaError::TooManyBytes => ErrorCode::FileTooLarge,
        MediaError::TooManyPixels => ErrorCode::ImageTooLarge,
        MediaError::NoPixels => ErrorCode::ImageEmpty,
        MediaError::UnknownKind => ErrorCode::FileTypeUnknown,
        MediaError::TypeMismatch { .. } => ErrorCode::FileTypeMismatch,
        MediaError::Damaged(_) => ErrorCode::FileDamaged,
        MediaError::Unsupported(_) => ErrorCode::FileUnsupported,
        MediaError::Encrypted => ErrorCode::FileEncrypted,
    };
    AppError {
        errors: vec![FieldError::new("file", error.to_string())],
        ..AppError::new(code, error.to_string())
    }
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;
