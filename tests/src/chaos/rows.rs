//! Documents, their events and reviews, read directly from the database after a fault run. It judges nothing.

use std::collections::BTreeMap;

use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::{DocumentStatus, VerificationStatus};
use tokio_postgres::{Client, Row};
use uuid::Uuid;

use crate::Result;

pub struct Document {
    pub id: Uuid,
    pub user: Uuid,
    pub object_key: Option<String>,
    pub at: DocumentState,
    pub events: Vec<Event>,
    pub evaluations: usize,
}

/// The part of a document's row that also follows from its events.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentState {
    pub status: DocumentStatus,
    pub verification: VerificationStatus,
    pub version: i64,
    pub attempts: i32,
    pub epoch: i64,
}

pub struct Event {
    pub name: String,
    pub from: Option<(DocumentStatus, VerificationStatus)>,
    pub actor: String,
    pub reason: Option<String>,
    pub after: DocumentState,
}

pub struct Review {
    pub id: Uuid,
    pub document: Uuid,
    pub status: ReviewStatus,
    pub dispatch: DispatchState,
    pub task: Option<String>,
}

fn parsed<T: std::str::FromStr>(row: &Row, column: &str) -> Result<T> {
    let text: &str = row.try_get(column)?;
    text.parse().map_err(|_| format!("{column} is {text}").into())
}

fn document_state(row: &Row, [status, verification]: [&str; 2]) -> Result<DocumentState> {
    Ok(DocumentState {
        status: parsed(row, status)?,
        verification: parsed(row, verification)?,
        version: row.try_get("version")?,
        attempts: row.try_get("attempts")?,
        epoch: row.try_get("lease_epoch")?,
    })
}

/// All documents by id, each with its events in order.
pub async fn documents(sql: &Client) -> Result<BTreeMap<Uuid, Document>> {
    let mut documents = BTreeMap::new();
    let all = "SELECT d.*, (SELECT count(*) FROM verification_results v WHERE v.document_id = d.id) AS evaluations \
               FROM documents d";
    for row in sql.query(all, &[]).await? {
        let document = Document {
            id: row.try_get("id")?,
            user: row.try_get("user_id")?,
            object_key: row.try_get("object_key")?,
            at: document_state(&row, ["status", "verification_status"])?,
            events: Vec::new(),
            evaluations: usize::try_from(row.try_get::<_, i64>("evaluations")?)?,
        };
        documents.insert(document.id, document);
    }
    for row in sql.query("SELECT * FROM document_events ORDER BY document_id, version", &[]).await? {
        let has_from = row.try_get::<_, Option<&str>>("from_status")?.is_some();
        let from = if has_from {
            Some((parsed(&row, "from_status")?, parsed(&row, "verification_from")?))
        } else {
            None
        };
        let event = Event {
            name: row.try_get("event")?,
            from,
            actor: row.try_get("actor")?,
            reason: row.try_get("reason")?,
            after: document_state(&row, ["to_status", "verification_to"])?,
        };
        let id: Uuid = row.try_get("document_id")?;
        documents
            .get_mut(&id)
            .ok_or_else(|| format!("events of {id}, which does not exist"))?
            .events
            .push(event);
    }
    Ok(documents)
}

/// All reviews.
pub async fn reviews(sql: &Client) -> Result<Vec<Review>> {
    let rows = sql.query("SELECT * FROM manual_reviews", &[]).await?;
    rows.iter()
        .map(|row| {
            Ok(Review {
                id: row.try_get("id")?,
                document: row.try_get("document_id")?,
                status: parsed(row, "status")?,
                dispatch: parsed(row, "dispatch_state")?,
                task: row.try_get("buli2_task_id")?,
            })
        })
        .collect()
}
