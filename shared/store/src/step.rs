//! Taking a typed step: the one UPDATE that changes a document's state.

use chrono::{DateTime, Utc};
use filot_domain::lifecycle::{DocumentStatus, Edge, InState, State, Step};
use filot_domain::{DocumentId, ReasonCode};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::{Db, Param, p};
use crate::error::{Miss, Result, StoreError};
use crate::origin::Origin;
use crate::row::{get, parse};

/// What a step changes besides the state. The SQL is written in this crate; its parameters start at `$10`.
#[derive(Default)]
pub(crate) struct Also<'a> {
    /// More assignments, without a leading comma.
    pub(crate) set: &'static str,
    /// More conditions, without a leading `AND`.
    pub(crate) only_if: &'static str,
    /// Why, when there is a reason.
    pub(crate) reason: Option<ReasonCode>,
    /// Values of `$10` and so on.
    pub(crate) params: &'a [Param<'a>],
}

/// Takes a step if the row still has the state and version it starts from; `None` if it does not.
pub(crate) async fn take<S, E>(
    db: &impl Db,
    step: Step<S, E>,
    origin: &Origin,
    now: DateTime<Utc>,
    also: Also<'_>,
) -> Result<Option<(InState<E::To>, Row)>>
where
    S: State<Status = DocumentStatus>,
    E: Edge<S>,
{
    let Also { set, only_if, reason, params: more } = also;
    let comma = if set.is_empty() { "" } else { ", " };
    let only_if = if only_if.is_empty() { "true" } else { only_if };
    let sql = format!(
        "UPDATE documents SET status = $4, version = version + 1, last_event = $5, last_actor = $6, \
         last_correlation_id = $7, last_reason = $8, updated_at = $9{comma}{set} \
         WHERE id = $1 AND version = $2 AND status = $3 AND {only_if} RETURNING *"
    );
    let id = step.id().as_uuid();
    let version = step.version();
    let (from, to): (&str, &str) = (step.from_status().into(), step.to_status().into());
    let event = step.event();
    let actor = origin.actor.to_string();
    let correlation = origin.correlation_id.as_str();
    let reason: Option<&str> = reason.map(Into::into);
    let mut params = vec![
        p(&id),
        p(&version),
        p(&from),
        p(&to),
        p(&event),
        p(&actor),
        p(&correlation),
        p(&reason),
        p(&now),
    ];
    params.extend(more.iter().cloned());
    Ok(db.fetch_opt(&sql, &params).await?.map(|row| (step.taken(), row)))
}

/// Locks a document's row until the transaction ends.
pub(crate) async fn lock(db: &impl Db, id: DocumentId) -> Result<Row> {
    let id = id.as_uuid();
    let row = db.fetch_opt("SELECT * FROM documents WHERE id = $1 FOR UPDATE", &[p(&id)]).await?;
    row.ok_or(StoreError::Miss(Miss::NotFound))
}

/// What a row says it is, as a typed state.
pub(crate) fn witness<S: State<Status = DocumentStatus>>(row: &Row) -> Result<Option<InState<S>>> {
    let id = DocumentId::from_uuid(get::<Uuid>(row, "id")?);
    Ok(InState::witness(id, parse(row, "status")?, get(row, "version")?))
}

/// The miss of a step that found another state or version.
pub(crate) fn stale(row: &Row) -> Result<Miss> {
    Ok(Miss::Stale {
        status: parse(row, "status")?,
        verification: parse(row, "verification_status")?,
        version: get(row, "version")?,
    })
}

/// Looks up why a step without a lease was missed.
pub(crate) async fn explain(db: &impl Db, id: DocumentId) -> Result<Miss> {
    let id = id.as_uuid();
    let sql = "SELECT status, verification_status, version FROM documents WHERE id = $1";
    match db.fetch_opt(sql, &[p(&id)]).await? {
        Some(row) => stale(&row),
        None => Ok(Miss::NotFound),
    }
}

/// Looks up why a write under a lease was missed.
pub(crate) async fn explain_lease(db: &impl Db, id: DocumentId) -> Result<Miss> {
    let id = id.as_uuid();
    match db.fetch_opt("SELECT status, lease_epoch FROM documents WHERE id = $1", &[p(&id)]).await? {
        Some(row) => Ok(Miss::LeaseLost { epoch: get(&row, "lease_epoch")?, status: parse(&row, "status")? }),
        None => Ok(Miss::NotFound),
    }
}
