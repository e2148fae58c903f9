//! Bringing the schema up to date: as the owner, on a direct connection, one at a time.

use std::time::Duration;

use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, NoTls};

use crate::db::{Store, parse_url, said_by_database, tls};
use crate::error::{Result, StoreError};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Key of the advisory lock that makes migrations wait for each other ("filot" in ASCII).
const LOCK: i64 = 0x66_69_6c_6f_74;
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(240);

/// The result of a migration run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// Names of the migrations that were applied now; empty when the schema was up to date.
    pub applied: Vec<String>,
    /// Version the schema has now.
    pub version: i64,
}

impl Store {
    /// Applies what is missing. Safe to run again and at the same time: a second run waits and then finds nothing.
    ///
    /// `migrate_url` is the owner's, and direct: a session-level lock does not survive transaction pooling.
    ///
    /// # Errors
    /// `StoreError::Migration` names what the database refused; `StoreError::Timeout` after the longest wait.
    pub async fn migrate(migrate_url: &str) -> Result<MigrationReport> {
        let config = parse_url(migrate_url)?;
        let failed = |error: tokio_postgres::Error| StoreError::Unavailable(said_by_database(&error));
        // The connection's own task ends when the client is dropped.
        let mut client = if config.get_ssl_mode() == SslMode::Require {
            let (client, connection) = config.connect(tls()?).await.map_err(failed)?;
            tokio::spawn(connection);
            client
        } else {
            let (client, connection) = config.connect(NoTls).await.map_err(failed)?;
            tokio::spawn(connection);
            client
        };
        match tokio::time::timeout(MIGRATION_TIMEOUT, apply(&mut client)).await {
            Ok(done) => done,
            Err(_) => Err(StoreError::Timeout),
        }
    }
}

async fn apply(client: &mut Client) -> Result<MigrationReport> {
    client.batch_execute("SET statement_timeout = '200s'; SET lock_timeout = '200s'").await?;
    client.batch_execute(&format!("SELECT pg_advisory_lock({LOCK})")).await?;
    let ran = embedded::migrations::runner().run_async(client).await;
    // The lock goes with the connection, whatever happens here.
    let unlocked = client.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).await;
    let report = ran.map_err(|error| StoreError::Migration(why(&error)))?;
    unlocked?;
    let applied = report.applied_migrations().iter().map(ToString::to_string).collect();
    let version =
        embedded::migrations::runner().get_migrations().iter().map(|m| i64::from(m.version())).max();
    Ok(MigrationReport { applied, version: version.unwrap_or_default() })
}

/// The database's words, which refinery keeps in the sources of its error.
fn why(error: &refinery::Error) -> String {
    let mut said = error.kind().to_string();
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        said = match inner.downcast_ref::<tokio_postgres::Error>() {
            Some(inner) => format!("{said}: {}", said_by_database(inner)),
            None => format!("{said}: {inner}"),
        };
        source = inner.source();
    }
    said
}
