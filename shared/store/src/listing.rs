//! A user's own documents as a list, and the file of one of them.

use chrono::{DateTime, Utc};
use filot_domain::lifecycle::DocumentStatus;
use filot_domain::{DocumentId, DocumentType};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Store, p};
use crate::documents::{DocumentSummary, summary};
use crate::error::{Miss, Result};
use crate::origin::Caller;
use crate::row::get;

/// A place in a user's list: right after the document that was created then and has this id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListPosition {
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// Its id, because two may have been created at once.
    pub id: DocumentId,
}

/// Conditions on the listed documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListFilter {
    /// Only in this state.
    pub status: Option<DocumentStatus>,
    /// Only of this type.
    pub document_type: Option<DocumentType>,
    /// Only older than this.
    pub after: Option<ListPosition>,
    /// At most this many.
    pub limit: u32,
}

/// A part of a user's list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentPage {
    /// Newest first.
    pub documents: Vec<DocumentSummary>,
    /// Start of the next page; `None` on the last.
    pub next: Option<ListPosition>,
}

impl Store {
    /// The caller's documents, newest first. What is still being received, and what was erased, is not shown.
    ///
    /// A page goes on from a key, not from a count: what is uploaded or erased meanwhile neither repeats nor hides
    /// another document.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session.
    pub async fn list_documents(
        &self,
        caller: &Caller,
        filter: &ListFilter,
        now: DateTime<Utc>,
    ) -> Result<DocumentPage> {
        let (session, user) = (caller.session_id.as_uuid(), caller.user_id.as_uuid());
        let status: Option<&str> = filter.status.map(Into::into);
        let kind: Option<&str> = filter.document_type.map(Into::into);
        let after_at = filter.after.map(|position| position.created_at);
        let after_id = filter.after.map(|position| position.id.as_uuid());
        // One more than wanted says whether the list goes on.
        let limit = i64::from(filter.limit) + 1;
        let rows = self
            .client()
            .await?
            .fetch(
                "SELECT d.* FROM sessions s LEFT JOIN LATERAL ( \
                   SELECT d.id, d.type, d.status, d.verification_status, d.mime, d.bytes, d.created_at, d.processed_at \
                   FROM documents d WHERE d.user_id = s.user_id AND d.status NOT IN ('receiving', 'erased') \
                     AND ($4 IS NULL OR d.status = $4) AND ($5 IS NULL OR d.type = $5) \
                     AND ($6 IS NULL OR (d.created_at, d.id) < ($6, $7)) \
                   ORDER BY d.created_at DESC, d.id DESC LIMIT $8) d ON true \
                 WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $3 \
                 ORDER BY d.created_at DESC, d.id DESC",
                &[
                    p(&session),
                    p(&user),
                    p(&now),
                    p(&status),
                    p(&kind),
                    p(&after_at),
                    p(&after_id),
                    p(&limit),
                ],
            )
            .await?;
        if rows.is_empty() {
            return Err(Miss::SessionEnded.into());
        }
        let mut documents = rows.iter().filter_map(listed).collect::<Result<Vec<_>>>()?;
        let goes_on = documents.len() > filter.limit as usize;
        documents.truncate(filter.limit as usize);
        let last = documents.last().filter(|_| goes_on);
        let next = last.map(|last| ListPosition { created_at: last.created_at, id: last.id });
        Ok(DocumentPage { documents, next })
    }

    /// The object key of a document of the caller's.
    ///
    /// # Errors
    /// `Miss::SessionEnded` without a valid session, `Miss::NotFound` without such a document of the
    /// caller's.
    pub async fn document_file(&self, caller: &Caller, id: DocumentId, now: DateTime<Utc>) -> Result<String> {
        let (session, user, id) = (caller.session_id.as_uuid(), caller.user_id.as_uuid(), id.as_uuid());
        let sql = "SELECT d.object_key FROM sessions s \
                   LEFT JOIN documents d ON d.id = $3 AND d.user_id = s.user_id \
                     AND d.status NOT IN ('receiving', 'erased') \
                   WHERE s.id = $1 AND s.user_id = $2 AND s.ended_at IS NULL AND s.expires_at > $4";
        let row = self.client().await?.fetch_opt(sql, &[p(&session), p(&user), p(&id), p(&now)]).await?;
        let row = row.ok_or(Miss::SessionEnded)?;
        get::<Option<String>>(&row, "object_key")?.ok_or(Miss::NotFound.into())
    }
}

/// A listed document; nothing for the one row that only says that the session holds.
fn listed(row: &Row) -> Option<Result<DocumentSummary>> {
    match get::<Option<Uuid>>(row, "id") {
        Ok(None) => None,
        Ok(Some(_)) => Some(summary(row)),
        Err(error) => Some(Err(error)),
    }
}
