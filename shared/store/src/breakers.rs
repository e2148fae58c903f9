//! The memory of circuit breakers, shared by all instances: the domain's rules, applied under a row lock.

use chrono::{DateTime, Utc};
use filot_domain::breaker::{Admission, Breaker, BreakerPolicy};
use tokio_postgres::Row;

use crate::db::{Db, Store, begin, commit, p};
use crate::error::Result;
use crate::row::{count, get};

impl Store {
    /// The stored state of a breaker; closed if there is none.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn breaker_load(&self, name: &str) -> Result<Breaker> {
        let row =
            self.client().await?.fetch_opt("SELECT * FROM breakers WHERE name = $1", &[p(&name)]).await?;
        row.as_ref().map_or(Ok(Breaker::default()), breaker)
    }

    /// Asks whether a call may pass. The one probe of a half-open breaker is noted before this returns.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn breaker_admit(
        &self,
        name: &str,
        policy: &BreakerPolicy,
        now: DateTime<Utc>,
    ) -> Result<Admission> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let admission = lock(&tx, name, now).await?.admit(policy, now);
        if let Admission::Probe(probing) = &admission {
            save(&tx, name, probing, now).await?;
        }
        commit(tx).await?;
        Ok(admission)
    }

    /// Notes how a call went.
    ///
    /// # Errors
    /// No miss: only a database that fails, as `StoreError` says.
    pub async fn breaker_record(
        &self,
        name: &str,
        policy: &BreakerPolicy,
        succeeded: bool,
        now: DateTime<Utc>,
    ) -> Result<Breaker> {
        let mut client = self.client().await?;
        let tx = begin(&mut client).await?;
        let before = lock(&tx, name, now).await?;
        let after = if succeeded { before.succeeded() } else { before.failed(policy, now) };
        if after != before {
            save(&tx, name, &after, now).await?;
        }
        commit(tx).await?;
        Ok(after)
    }
}

fn breaker(row: &Row) -> Result<Breaker> {
    Ok(Breaker {
        consecutive_failures: count(row, "consecutive_failures")?,
        opened_at: get(row, "opened_at")?,
        probe_started_at: get(row, "probe_started_at")?,
    })
}

async fn lock(db: &impl Db, name: &str, now: DateTime<Utc>) -> Result<Breaker> {
    let sql = "SELECT * FROM breakers WHERE name = $1 FOR UPDATE";
    if let Some(row) = db.fetch_opt(sql, &[p(&name)]).await? {
        return breaker(&row);
    }
    db.change(
        "INSERT INTO breakers (name, consecutive_failures, updated_at) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING",
        &[p(&name), p(&now)],
    )
    .await?;
    db.fetch_opt(sql, &[p(&name)]).await?.as_ref().map_or(Ok(Breaker::default()), breaker)
}

async fn save(db: &impl Db, name: &str, breaker: &Breaker, now: DateTime<Utc>) -> Result<()> {
    let failures = i32::try_from(breaker.consecutive_failures).unwrap_or(i32::MAX);
    db.change(
        "UPDATE breakers SET consecutive_failures = $2, opened_at = $3, probe_started_at = $4, updated_at = $5 \
         WHERE name = $1",
        &[p(&name), p(&failures), p(&breaker.opened_at), p(&breaker.probe_started_at), p(&now)],
    )
    .await
    .map(|_| ())
}
