//! Taking a typed step: the one UPDATE that changes a document's state, and why it changed nothing.

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
    /// Only for the holder of the lease: `$10` is its owner and `$11` its epoch.
    pub(crate) under_lease: bool,
    /// Why, when there is a reason.
    pub(crate) reason: Option<ReasonCode>,
    /// Values of `$10` and so on.
    pub(crate) params: &'a [Param<'a>],
}

/// Takes a step if the row still has the state and version it starts from. Returns the new state and the new row.
///
/// # Errors
/// [`Miss::Stale`] in another state or version, [`Miss::LeaseLost`] if the step needs a lease and that is gone,
/// [`Miss::NotFound`] without a row.
pub(crate) async fn take<S, E>(
    db: &impl Db,
    step: Step<S, E>,
    origin: &Origin,
    now: DateTime<Utc>,
    also: Also<'_>,
) -> Result<(InState<E::To>, Row)>
where
    S: State<Status = DocumentStatus>,
    E: Edge<S>,
{
    let miss = if also.under_lease { lease_lost } else { stale_as_found };
    let sql = |set: &str, only_if: &str| update_and_explain(set, only_if, "documents.*");
    let row = changed(run(db, &step, origin, now, also, sql).await?, miss)?;
    Ok((step.taken(), row))
}

/// Takes a step on a row that this transaction has locked and looked at: the step cannot miss.
///
/// # Errors
/// [`StoreError::Invariant`] if it does.
pub(crate) async fn take_locked<S, E>(
    db: &impl Db,
    step: Step<S, E>,
    origin: &Origin,
    now: DateTime<Utc>,
    also: Also<'_>,
) -> Result<(InState<E::To>, Row)>
where
    S: State<Status = DocumentStatus>,
    E: Edge<S>,
{
    let sql = |set: &str, only_if: &str| {
        format!("UPDATE documents SET {set} WHERE id = $1 AND {only_if} RETURNING *")
    };
    let row = run(db, &step, origin, now, also, sql).await?;
    let row = row.ok_or(StoreError::Invariant("a locked row that changes"))?;
    Ok((step.taken(), row))
}

/// Runs the statement that `sql` makes of the step's assignments and conditions.
async fn run<S, E>(
    db: &impl Db,
    step: &Step<S, E>,
    origin: &Origin,
    now: DateTime<Utc>,
    also: Also<'_>,
    sql: impl Fn(&str, &str) -> String,
) -> Result<Option<Row>>
where
    S: State<Status = DocumentStatus>,
    E: Edge<S>,
{
    let Also { set, only_if, under_lease, reason, params: more } = also;
    let mut assignments = "status = $4, version = version + 1, last_event = $5, last_actor = $6, \
                           last_correlation_id = $7, last_reason = $8, updated_at = $9"
        .to_owned();
    if !set.is_empty() {
        assignments = format!("{assignments}, {set}");
    }
    let mut conditions = "version = $2 AND status = $3".to_owned();
    if under_lease {
        conditions.push_str(" AND lease_owner = $10 AND lease_epoch = $11");
    }
    if !only_if.is_empty() {
        conditions = format!("{conditions} AND {only_if}");
    }
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
    db.fetch_opt(&sql(&assignments, &conditions), &params).await
}

/// An UPDATE of document `$1` under a condition, and in the same statement a read of the row as the UPDATE found it: see
/// [`changed`].
///
/// The read locks the row as strongly as the UPDATE does. So it waits for a concurrent writer and then sees what that one
/// committed, as the UPDATE does. A plain read would see the snapshot from before the writer, in which nothing stands
/// against the UPDATE that changed nothing.
pub(crate) fn update_and_explain(set: &str, only_if: &str, returning: &str) -> String {
    format!(
        "WITH found AS ( \
           SELECT id AS found_id, status AS found_status, verification_status AS found_verification, \
             version AS found_version, lease_epoch AS found_epoch \
           FROM documents WHERE id = $1 FOR NO KEY UPDATE), \
         updated AS ( \
           UPDATE documents SET {set} FROM found WHERE id = found_id AND {only_if} RETURNING {returning}) \
         SELECT found.*, updated.* FROM found LEFT JOIN updated ON updated.id = found.found_id"
    )
}

/// The changed row out of [`update_and_explain`], whose `returning` names `id`.
///
/// # Errors
/// [`Miss::NotFound`] without a row, `miss` for a row that did not meet the condition.
pub(crate) fn changed(row: Option<Row>, miss: fn(&Row) -> Result<Miss>) -> Result<Row> {
    let row = row.ok_or(StoreError::Miss(Miss::NotFound))?;
    match get::<Option<Uuid>>(&row, "id")? {
        Some(_) => Ok(row),
        None => Err(miss(&row)?.into()),
    }
}

/// The miss of a write under a lease, out of [`update_and_explain`].
pub(crate) fn lease_lost(row: &Row) -> Result<Miss> {
    Ok(Miss::LeaseLost { epoch: get(row, "found_epoch")?, status: parse(row, "found_status")? })
}

fn stale_as_found(row: &Row) -> Result<Miss> {
    Ok(Miss::Stale {
        status: parse(row, "found_status")?,
        verification: parse(row, "found_verification")?,
        version: get(row, "found_version")?,
    })
}

/// The miss of a step that would start from another state or version than this locked row has.
pub(crate) fn stale(row: &Row) -> Result<Miss> {
    Ok(Miss::Stale {
        status: parse(row, "status")?,
        verification: parse(row, "verification_status")?,
        version: get(row, "version")?,
    })
}

/// Locks a document's row until the transaction ends.
pub(crate) async fn lock(db: &impl Db, id: DocumentId) -> Result<Row> {
    let id = id.as_uuid();
    let row = db.fetch_opt("SELECT * FROM documents WHERE id = $1 FOR UPDATE", &[p(&id)]).await?;
    row.ok_or(StoreError::Miss(Miss::NotFound))
}

/// The typed state of a row; `None` if the row is in another state.
pub(crate) fn witness<S: State<Status = DocumentStatus>>(row: &Row) -> Result<Option<InState<S>>> {
    let id = DocumentId::from_uuid(get::<Uuid>(row, "id")?);
    Ok(InState::witness(id, parse(row, "status")?, get(row, "version")?))
}
