//! Bringing the schema up to date: as the owner, on a direct connection, one run at a time.
//!
//! The product goes on meanwhile, so a migration must not make its statements wait. A statement that asks for a lock on a
//! table queues everybody who comes after it, however long it waits itself. Therefore it gives up after [`LOCK_TIMEOUT`],
//! its queue goes on, and the migration is tried again after a pause.
//!
//! - A migration is one transaction, and its line in the history is part of it: what gave up has left nothing behind.
//! - A migration that begins with [`WITHOUT_TRANSACTION`] is a list of steps, each a statement of its own, separated by
//!   lines that begin with [`STEP`]: `CREATE INDEX CONCURRENTLY`, `VALIDATE CONSTRAINT`, a copy in batches. A run that
//!   breaks off begins with the first step again, so every step may be repeated. The build of an index that was
//!   interrupted leaves an invalid one behind, which is dropped before the steps begin.

use std::time::{Duration, Instant};

use refinery::{Migration, Runner, Target};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, NoTls};

use crate::db::{Store, parse_url, said_by_database, tls};
use crate::error::{Result, StoreError};

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// Key of the advisory lock that makes migrations wait for each other ("filot" in ASCII).
const LOCK: i64 = 0x66_69_6c_6f_74;
/// How often a run asks whether the one before it has ended.
const LOCK_POLL: Duration = Duration::from_millis(100);
/// The longest that a run takes; the function's own bound is 300 s.
const MIGRATION_TIMEOUT: Duration = Duration::from_secs(240);
/// How long one statement of a migration may take.
const STATEMENT_TIMEOUT: &str = "200s";
/// How long a statement waits for a lock, and everybody behind it.
const LOCK_TIMEOUT: &str = "2s";
/// The same for steps behind which nobody waits.
const PATIENT_LOCK_TIMEOUT: &str = "100s";
/// For how long a migration that could not have its locks is tried again.
const RETRY_FOR: Duration = Duration::from_secs(150);
/// The first pause between two tries; each is twice as long as the one before.
const PAUSE_MIN: Duration = Duration::from_millis(500);
const PAUSE_MAX: Duration = Duration::from_secs(8);

/// Months for which events have a partition of their own in advance. Nothing breaks without one: the default takes them.
const MONTHS_AHEAD: u32 = 24;

/// First line of a migration that is a list of steps.
const WITHOUT_TRANSACTION: &str = "-- without a transaction";
/// Begins a line that ends a step.
const STEP: &str = "-- step";

/// The result of a migration run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationReport {
    /// Names of the migrations that were applied now; empty when the schema was up to date.
    pub applied: Vec<String>,
    /// Version the schema has now.
    pub version: i64,
    /// How often a lock could not be had in time, and was asked for again.
    pub lock_retries: u32,
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
        let migrations = embedded::migrations::runner().get_migrations().clone();
        let run = async {
            let report = apply(&mut client, &migrations).await?;
            make_months(&client).await?;
            Ok(report)
        };
        match tokio::time::timeout(MIGRATION_TIMEOUT, run).await {
            Ok(done) => done,
            Err(_) => Err(StoreError::Timeout),
        }
    }
}

/// Applies those of `migrations` that the database does not have, in order.
async fn apply(client: &mut Client, migrations: &[Migration]) -> Result<MigrationReport> {
    set(client, "statement_timeout", STATEMENT_TIMEOUT).await?;
    // Asked for again and again: a statement that waits has a snapshot, and the build of an index waits for all snapshots.
    let lock = format!("SELECT pg_try_advisory_lock({LOCK})");
    while !client.query_one(&lock, &[]).await?.try_get::<_, bool>(0)? {
        tokio::time::sleep(LOCK_POLL).await;
    }
    let version = migrations.iter().map(|migration| i64::from(migration.version())).max();
    let mut report =
        MigrationReport { applied: Vec::new(), version: version.unwrap_or_default(), lock_retries: 0 };
    let applied = apply_missing(client, migrations, &mut report).await;
    // The lock goes with the connection, whatever happens here.
    let unlocked = client.batch_execute(&format!("SELECT pg_advisory_unlock({LOCK})")).await;
    applied?;
    unlocked?;
    Ok(report)
}

async fn apply_missing(
    client: &mut Client,
    migrations: &[Migration],
    report: &mut MigrationReport,
) -> Result<()> {
    let runner = || Runner::new(migrations);
    let mut tries = Tries::new();
    set(client, "lock_timeout", LOCK_TIMEOUT).await?;
    // Compares the history with the files, and applies nothing.
    runner().set_target(Target::Version(0)).run_async(client).await.map_err(|error| refused(&error))?;
    let done = runner().get_applied_migrations_async(client).await.map_err(|error| refused(&error))?;
    let mut missing: Vec<&Migration> = migrations
        .iter()
        .filter(|migration| done.iter().all(|done| done.version() != migration.version()))
        .collect();
    missing.sort_unstable();
    for migration in missing {
        let target = match steps_of(migration.sql().unwrap_or_default()) {
            Some(steps) => {
                run_steps(client, &steps, &mut tries).await?;
                Target::FakeVersion(migration.version())
            }
            None => Target::Version(migration.version()),
        };
        while let Err(error) = runner().set_target(target).run_async(client).await {
            if !tries.again(database_error(&error)).await {
                return Err(refused(&error));
            }
        }
        report.applied.push(migration.to_string());
        report.lock_retries = tries.retries;
    }
    Ok(())
}

/// The tries of a run at locks that it could not have.
struct Tries {
    until: Instant,
    pause: Duration,
    retries: u32,
}

impl Tries {
    fn new() -> Self {
        Self { until: Instant::now() + RETRY_FOR, pause: PAUSE_MIN, retries: 0 }
    }

    /// Pauses and returns `true` if `error` is a lock that could not be had in time, and there is time for another try.
    async fn again(&mut self, error: Option<&tokio_postgres::Error>) -> bool {
        let is_lock = error.and_then(tokio_postgres::Error::code) == Some(&SqlState::LOCK_NOT_AVAILABLE);
        if !is_lock || Instant::now() >= self.until {
            return false;
        }
        tokio::time::sleep(self.pause).await;
        self.pause = (self.pause * 2).min(PAUSE_MAX);
        self.retries += 1;
        true
    }
}

/// Makes the partitions of `document_events` for the months to come. The lock keeps two runs from making the same.
async fn make_months(client: &Client) -> Result<()> {
    let sql = format!("SELECT create_event_months({MONTHS_AHEAD}) FROM pg_advisory_xact_lock({LOCK})");
    let mut tries = Tries::new();
    while let Err(error) = client.batch_execute(&sql).await {
        if !tries.again(Some(&error)).await {
            return Err(StoreError::Migration(said_by_database(&error)));
        }
    }
    Ok(())
}

/// The statements of a migration that runs without a transaction; `None` for any other.
fn steps_of(sql: &str) -> Option<Vec<String>> {
    let rest = sql.strip_prefix(WITHOUT_TRANSACTION)?;
    let mut steps = vec![String::new()];
    for line in rest.lines() {
        match steps.last_mut() {
            Some(step) if !line.starts_with(STEP) => {
                step.push_str(line);
                step.push('\n');
            }
            _ => steps.push(String::new()),
        }
    }
    let has_statement =
        |step: &String| step.lines().map(str::trim).any(|line| !line.is_empty() && !line.starts_with("--"));
    steps.retain(has_statement);
    Some(steps)
}

async fn run_steps(client: &Client, steps: &[String], tries: &mut Tries) -> Result<()> {
    let invalid = "SELECT format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname) FROM pg_index i \
                   JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
                   WHERE NOT i.indisvalid AND c.relkind = 'i' AND n.nspname = 'public'";
    let rows = client.query(invalid, &[]).await?;
    let drops: Vec<String> = rows.iter().map(|row| row.try_get(0)).collect::<std::result::Result<_, _>>()?;
    for step in drops.iter().chain(steps) {
        // These wait for others, and nobody who reads or writes waits for them.
        let is_patient = step.contains(" CONCURRENTLY ") || step.contains(" VALIDATE CONSTRAINT ");
        set(client, "lock_timeout", if is_patient { PATIENT_LOCK_TIMEOUT } else { LOCK_TIMEOUT }).await?;
        while let Err(error) = client.batch_execute(step).await {
            if is_patient || !tries.again(Some(&error)).await {
                return Err(StoreError::Migration(said_by_database(&error)));
            }
        }
    }
    set(client, "lock_timeout", LOCK_TIMEOUT).await
}

async fn set(client: &Client, setting: &str, value: &str) -> Result<()> {
    Ok(client.batch_execute(&format!("SET {setting} = '{value}'")).await?)
}

fn refused(error: &refinery::Error) -> StoreError {
    StoreError::Migration(why(error))
}

/// The database's error, which refinery keeps in the sources of its own.
fn database_error(error: &refinery::Error) -> Option<&tokio_postgres::Error> {
    let mut source = std::error::Error::source(error);
    while let Some(inner) = source {
        if let Some(error) = inner.downcast_ref() {
            return Some(error);
        }
        source = inner.source();
    }
    None
}

/// The database's words.
fn why(error: &refinery::Error) -> String {
    match database_error(error) {
        Some(inner) => format!("{}: {}", error.kind(), said_by_database(inner)),
        None => error.kind().to_string(),
    }
}

#[cfg(test)]
#[path = "migrate_tests.rs"]
mod tests;
