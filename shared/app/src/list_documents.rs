//! `GET /documents`: the caller's documents, newest first, page by page.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::DateTime;
use filot_domain::{DocumentId, DocumentStatus, DocumentType};
use filot_store::{ListFilter, ListPosition, Store};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::auth::principal::SignedInUser;
use crate::document_dto::DocumentDto;
use crate::error::{AppError, FieldError, Result};
use crate::request_context::RequestContext;

/// Documents of a page when the query has no `limit`.
pub const LIMIT_DEFAULT: u32 = 20;
/// Documents of a page at most.
pub const LIMIT_MAX: u32 = 100;

/// Microseconds since 1970, then the id.
const CURSOR_BYTES: usize = 8 + 16;

/// Which documents are wanted.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// `nextCursor` of the page before.
    pub cursor: Option<String>,
    /// 1 to [`LIMIT_MAX`].
    pub limit: Option<u32>,
    /// Only in this state.
    pub status: Option<DocumentStatus>,
    /// Only of this type.
    pub document_type: Option<DocumentType>,
}

/// The answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListResponse {
    /// Newest first.
    pub documents: Vec<DocumentDto>,
    /// Asks for the next page; absent on the last one.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// A page of the caller's documents.
///
/// # Errors
/// `validation_failed` for a limit or a cursor that cannot be.
pub async fn list_documents(
    store: &Store,
    request: &RequestContext<SignedInUser>,
    query: ListQuery,
) -> Result<ListResponse> {
    let page = store.list_documents(&request.principal, &validate(query)?, request.now).await?;
    Ok(ListResponse {
        documents: page.documents.into_iter().map(Into::into).collect(),
        next_cursor: page.next.as_ref().map(cursor),
    })
}

fn validate(query: ListQuery) -> Result<ListFilter> {
    let mut errors = Vec::new();
    let limit = query.limit.unwrap_or(LIMIT_DEFAULT);
    if !(1..=LIMIT_MAX).contains(&limit) {
        errors.push(FieldError::new("limit", format!("must be between 1 and {LIMIT_MAX}")));
    }
    let after = query.cursor.as_deref().map(position);
    if after == Some(None) {
        errors.push(FieldError::new("cursor", "is not one that this list gave out"));
    }
    if !errors.is_empty() {
        return Err(AppError::invalid(errors));
    }
    let ListQuery { status, document_type, .. } = query;
    Ok(ListFilter { status, document_type, after: after.flatten(), limit })
}

/// A position as text that means nothing to anybody else.
fn cursor(position: &ListPosition) -> String {
    let mut bytes = [0; CURSOR_BYTES];
    let (at, id) = bytes.split_at_mut(8);
    at.copy_from_slice(&position.created_at.timestamp_micros().to_be_bytes());
    id.copy_from_slice(position.id.as_uuid().as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The position a cursor says, if it says one. Times that the database does not know are none.
fn position(cursor: &str) -> Option<ListPosition> {
    let bytes: [u8; CURSOR_BYTES] = BASE64_URL_SAFE_NO_PAD.decode(cursor).ok()?.try_into().ok()?;
    let (at, id) = bytes.split_first_chunk::<8>()?;
    let created_at = DateTime::from_timestamp_micros(i64::from_be_bytes(*at))?;
    let is_known = (DateTime::UNIX_EPOCH.timestamp()..=MAX_S).contains(&created_at.timestamp());
    let id = DocumentId::from_uuid(Uuid::from_slice(id).ok()?);
    is_known.then_some(ListPosition { created_at, id })
}

/// The end of the year 9999.
const MAX_S: i64 = 253_402_300_799;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error_code::ErrorCode;

    fn at(micros: i64, id: u128) -> ListPosition {
        ListPosition {
            created_at: DateTime::from_timestamp_micros(micros).unwrap(),
            id: DocumentId::from_uuid(Uuid::from_u128(id)),
        }
    }

    #[test]
    fn a_cursor_says_where_it_was_made() {
        for place in [at(0, 0), at(1_800_000_000_123_456, 7), at(253_402_300_799_999_999, u128::MAX)] {
            assert_eq!(position(&cursor(&place)), Some(place));
        }
    }

    #[test]
    fn what_is_no_cursor_is_named() {
        let good = cursor(&at(1_800_000_000_000_000, 7));
        let negative = BASE64_URL_SAFE_NO_PAD.encode([0xff; CURSOR_BYTES]);
        let far = BASE64_URL_SAFE_NO_PAD.encode([0x7f; CURSOR_BYTES]);
        let long = format!("{good}AA");
        let padded = format!("{good}=");
        for bad in ["", "x", "%00", &good[1..], &long, &padded, &negative, &far, "\u{1F600}"] {
            let query = ListQuery { cursor: Some(bad.to_owned()), ..ListQuery::default() };
            let error = validate(query).unwrap_err();
            assert_eq!((error.code, error.errors[0].field), (ErrorCode::ValidationFailed, "cursor"), "{bad}");
        }
    }

    #[test]
    fn a_page_has_bounds() {
        let limited =
            |limit| validate(ListQuery { limit, ..ListQuery::default() }).map(|filter| filter.limit);
        assert_eq!(limited(None).unwrap(), LIMIT_DEFAULT);
        assert_eq!((limited(Some(1)).unwrap(), limited(Some(100)).unwrap()), (1, 100));
        for bad in [0, 101, u32::MAX] {
            assert_eq!(limited(Some(bad)).unwrap_err().errors[0].field, "limit");
        }
    }
}
