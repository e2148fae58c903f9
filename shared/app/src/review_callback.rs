//! The reviewer's decision comes in: `POST /internal/reviews`, `POST /internal/reviews/{reviewId}/callback`, and the
//! function's own URL.
//!
//! The first decision wins; the same again is fine, the contrary is not.

use filot_domain::review::ReviewDecision;
use filot_domain::{DocumentId, ReviewId, UserId};
use filot_store::{Callback, CallbackOutcome, Store};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::principal::Reviewer;
use crate::error::{AppError, FieldError, Result};
use crate::error_code::ErrorCode;
use crate::request_context::RequestContext;

const NOTES_CHARS_MAX: usize = 1000;
const TASK_ID_CHARS_MAX: usize = 255;
/// When to ask again while a dispatch has not had its answer: longer than one call to BULI2 usually takes.
const NOT_YET_RETRY_S: u32 = 5;

/// The body. Fields we do not know are ignored.
#[derive(Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallbackRequest {
    /// The review, as we named it.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub review_id: Option<String>,
    /// The task, as BULI2 named it.
    #[serde(default)]
    #[schema(min_length = 1, max_length = 255, pattern = "^[^\\u0000-\\u001f\\u007f-\\u009f]*$")]
    pub task_id: Option<String>,
    /// `approved` or `rejected`.
    #[schema(value_type = crate::schema::ReviewDecision)]
    pub decision: String,
    /// For the user, at most 1000 characters.
    #[serde(default)]
    #[schema(max_length = 1000, pattern = "^[^\\u0000]*$")]
    pub notes: Option<String>,
    /// If present, must be the review's document.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub document_id: Option<String>,
    /// If present, must be the document's owner.
    #[serde(default)]
    #[schema(value_type = Option<uuid::Uuid>)]
    pub user_id: Option<String>,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallbackResponse {
    /// The review.
    #[schema(value_type = uuid::Uuid)]
    pub review_id: ReviewId,
    /// Its document.
    #[schema(value_type = uuid::Uuid)]
    pub document_id: DocumentId,
    /// The decision that holds; `null` when the document was erased and nobody waits for one.
    #[schema(value_type = Option<crate::schema::ReviewDecision>, required)]
    pub decision: Option<ReviewDecision>,
    /// Whether this very callback decided; `false` when the same was said before, or the document was erased.
    pub applied: bool,
}

/// Applies a decision. `review` is the id of the path, if it has one.
///
/// # Errors
/// `validation_failed` with every wrong field; `not_found` for an unknown review; `already_decided` for a contrary decision;
/// `identity_conflict` for the approval of an identity that another user holds;
/// `ids_mismatch` when the ids are of different reviews; `not_yet_acknowledged` for a task id while its review is being sent.
pub async fn review_callback(
    store: &Store,
    request: &RequestContext<Reviewer>,
    review: Option<ReviewId>,
    input: CallbackRequest,
) -> Result<CallbackResponse> {
    let callback = validate(review, request.principal.signed_path(), input)?;
    let decision = Some(callback.decision);
    match store.apply_callback(&callback, &request.origin(), request.now).await? {
        CallbackOutcome::Applied { review, document, .. } => {
            Ok(CallbackResponse { review_id: review, document_id: document, decision, applied: true })
        }
        CallbackOutcome::Repeated { review, document } => {
            Ok(CallbackResponse { review_id: review, document_id: document, decision, applied: false })
        }
        // Nothing is left to do, and every sender stops at a success.
        CallbackOutcome::Cancelled { review, document } => {
            Ok(CallbackResponse { review_id: review, document_id: document, decision: None, applied: false })
        }
        CallbackOutcome::Contrary { status, .. } => {
            Err(AppError::new(ErrorCode::AlreadyDecided, format!("The review is already {status}.")))
        }
        CallbackOutcome::IdentityConflict { .. } => Err(AppError::new(
            ErrorCode::IdentityConflict,
            "Another user holds the identity on this card, so it cannot be approved. The review stays open and is sent \
             again with this reason: reject it, or settle first whose identity it is.",
        )),
        CallbackOutcome::Unknown => Err(AppError::not_found()),
        CallbackOutcome::Mismatch => Err(AppError::new(
            ErrorCode::IdsMismatch,
            "The ids in this callback belong to different reviews.",
        )),
        CallbackOutcome::NotYetAcknowledged => Err(AppError {
            retry_after_s: Some(NOT_YET_RETRY_S),
            ..AppError::new(
                ErrorCode::NotYetAcknowledged,
                "No review has this task id yet, but one is being sent. Please try again.",
            )
        }),
    }
}

/// What a well-formed request asks for; `path` is the review of the path, if it has one.
///
/// A signature that vouches for the body alone must not decide the review of whatever path the body is sent to: unless the
/// path is signed as well, the body names the review.
///
/// # Errors
/// Every field that is wrong, at once.
pub fn validate(path: Option<ReviewId>, path_is_signed: bool, request: CallbackRequest) -> Result<Callback> {
    let mut errors = Vec::new();
    let body_review: Option<ReviewId> = parsed("reviewId", request.review_id.as_deref(), &mut errors);
    let document: Option<DocumentId> = parsed("documentId", request.document_id.as_deref(), &mut errors);
    let user_id: Option<UserId> = parsed("userId", request.user_id.as_deref(), &mut errors);
    let decision: Option<ReviewDecision> = request.decision.parse().ok();
    if decision.is_none() {
        errors.push(FieldError::new("decision", "must be approved or rejected"));
    }
    let is_long = |text: &str, max: usize| text.chars().count() > max;
    if request.notes.as_deref().is_some_and(|notes| is_long(notes, NOTES_CHARS_MAX) || notes.contains('\0')) {
        errors.push(FieldError::new("notes", "must have at most 1000 characters, none of them NUL"));
    }
    let task_is_wrong = |task: &str| {
        task.is_empty() || is_long(task, TASK_ID_CHARS_MAX) || task.chars().any(char::is_control)
    };
    if request.task_id.as_deref().is_some_and(task_is_wrong) {
        errors.push(FieldError::new(
            "taskId",
            "must have 1 to 255 characters, none of them a control character",
        ));
    }
    if path.is_some() && body_review.is_some() && path != body_review {
        errors.push(FieldError::new("reviewId", "is not the review of the path"));
    }
    if path.is_some() && !path_is_signed && request.review_id.is_none() {
        errors.push(FieldError::new("reviewId", "must be in the body, because the path is not signed"));
    }
    let review = path.or(body_review);
    if review.is_none() && request.review_id.is_none() && request.task_id.is_none() {
        errors.push(FieldError::new("reviewId", "reviewId or taskId is needed"));
    }
    match (decision, errors.is_empty()) {
        (Some(decision), true) => Ok(Callback {
            review,
            task_id: request.task_id,
            document,
            user_id,
            decision,
            notes: request.notes,
        }),
        _ => Err(AppError::invalid(errors)),
    }
}

fn parsed<T: std::str::FromStr>(
    field: &'static str,
    text: Option<&str>,
    errors: &mut Vec<FieldError>,
) -> Option<T> {
    let value = text?.parse().ok();
    if value.is_none() {
        errors.push(FieldError::new(field, "is not a valid id"));
    }
    value
}

#[cfg(test)]
#[path = "review_callback_tests.rs"]
mod tests;
