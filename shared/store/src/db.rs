//! Connections: a lazy pool, TLS when the URL asks for it, a bound on every wait, and typed unnamed statements.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::{DateTime, Utc};
use deadpool_postgres::{
    Hook, HookError, Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Transaction,
};
use filot_domain::fraud::FraudPolicy;
use filot_platform::config::Database;
use serde_json::Value;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Config, NoTls, Row};
use tokio_postgres_rustls::MakeRustlsConnect;
use uuid::Uuid;

use crate::config::{ConfigError, StoreConfig};
use crate::error::{Result, StoreError};
use crate::row::get;
use crate::sealing::Sealer;

/// How long an answer may take. The database ends a statement after 8 s, so no answer means that it cannot be reached.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(10);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const WAIT_TIMEOUT: Duration = Duration::from_secs(10);
const RECYCLE_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that was used this recently is believed to be alive: asking costs each request a round trip.
const BELIEVED: Duration = Duration::from_secs(1);

/// The database, as the role of the functions and workers. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    pool: Pool,
    sealer: Sealer,
    fraud: FraudPolicy,
    statement_timeout: Duration,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("pool", &self.inner.pool.status()).finish_non_exhaustive()
    }
}

impl TryFrom<&Database> for Store {
    type Error = ConfigError;

    /// The configured database. Nothing is connected before the first call needs it.
    fn try_from(database: &Database) -> std::result::Result<Self, ConfigError> {
        Self::connect(StoreConfig::try_from(database)?).map_err(ConfigError::of("DATABASE_URL"))
    }
}

impl Store {
    /// Prepares a pool. Nothing is connected before the first call needs it.
    ///
    /// # Errors
    /// The URL cannot be understood, or TLS cannot be set up.
    pub fn connect(config: StoreConfig) -> Result<Self> {
        Self::connect_with(config, STATEMENT_TIMEOUT)
    }

    fn connect_with(config: StoreConfig, statement_timeout: Duration) -> Result<Self> {
        let StoreConfig { url, max_connections, sealing, identity_hash, fraud } = config;
        let pg = parse_url(&url)?;
        // That a connection was closed is seen without asking.
        let manager_config = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let manager = if pg.get_ssl_mode() == SslMode::Require {
            Manager::from_config(pg, tls()?, manager_config)
        } else {
            Manager::from_config(pg, NoTls, manager_config)
        };
        let pool = Pool::builder(manager)
            .max_size(max_connections.max(1))
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(WAIT_TIMEOUT))
            .create_timeout(Some(CONNECT_TIMEOUT))
            .recycle_timeout(Some(RECYCLE_TIMEOUT))
            .pre_recycle(alive())
            .build()
            .map_err(|error| StoreError::Config(error.to_string()))?;
        let sealer = Sealer::new(sealing, identity_hash);
        Ok(Self { inner: Arc::new(Inner { pool, sealer, fraud, statement_timeout }) })
    }

    /// The database's time.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn database_time(&self) -> Result<DateTime<Utc>> {
        let row = self.client().await?.fetch_opt("SELECT clock_timestamp() AS now", &[]).await?;
        get(&row.ok_or(StoreError::Corrupt { what: "now" })?, "now")
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// The database does not answer.
    pub async fn ping(&self) -> Result<()> {
        self.client().await?.fetch("SELECT 1", &[]).await.map(|_| ())
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    pub(crate) fn fraud_policy(&self) -> &FraudPolicy {
        &self.inner.fraud
    }

    pub(crate) async fn client(&self) -> Result<Connection> {
        let object = self.inner.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(_) => StoreError::Unavailable("no connection in time".to_owned()),
            PoolError::Backend(error) => StoreError::Unavailable(said_by_database(&error)),
            other => StoreError::Unavailable(other.to_string()),
        })?;
        let answers = Answers { within: self.inner.statement_timeout, is_late: AtomicBool::new(false) };
        Ok(Connection { object: Some(object), answers })
    }
}

/// A function sleeps between calls, and a connection may have died unnoticed meanwhile: it is asked before it is used.
fn alive() -> Hook {
    Hook::async_fn(|client, metrics| {
        Box::pin(async move {
            if metrics.last_used() < BELIEVED {
                return Ok(());
            }
            match tokio::time::timeout(RECYCLE_TIMEOUT, client.simple_query("")).await {
                Ok(asked) => asked.map(|_| ()).map_err(HookError::Backend),
                Err(_) => Err(HookError::message("no answer in time")),
            }
        })
    })
}

/// A failure in words that hold no part of the URL and no value of a row.
pub(crate) fn said_by_database(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(db) => format!("{} {}", db.code().code(), db.message()),
        None => error.to_string(),
    }
}

/// Reads a connection URL and sets the bounds of a connection.
pub(crate) fn parse_url(url: &str) -> Result<Config> {
    // Verification against roots and host name is always full here, so libpq's finer modes mean the same as `require`.
    let url =
        url.replace("sslmode=verify-full", "sslmode=require").replace("sslmode=verify-ca", "sslmode=require");
    // The parser's message may quote the URL, and the URL holds a password.
    let mut config: Config =
        url.parse().map_err(|_| StoreError::Config("the database URL cannot be understood".to_owned()))?;
    config
        .application_name("filot")
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_user_timeout(Duration::from_secs(15))
        .keepalives_idle(Duration::from_secs(30));
    Ok(config)
}

/// TLS with the public roots.
pub(crate) fn tls() -> Result<MakeRustlsConnect> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let roots = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| StoreError::Config(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(MakeRustlsConnect::new(config))
}

/// A parameter and the type it is sent as: unnamed statements need no round trip to learn their types.
pub(crate) type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// Rust types with one Postgres type.
pub(crate) trait Typed: ToSql + Sync {
    const TYPE: Type;
}

macro_rules! typed {
    ($($rust:ty => $pg:ident;)+) => {$( impl Typed for $rust { const TYPE: Type = Type::$pg; } )+};
}

typed! {
    Uuid => UUID;
    &str => TEXT;
    String => TEXT;
    i16 => INT2;
    i32 => INT4;
    i64 => INT8;
    f64 => FLOAT8;
    bool => BOOL;
    DateTime<Utc> => TIMESTAMPTZ;
    Vec<u8> => BYTEA;
    &[u8] => BYTEA;
    Vec<&str> => TEXT_ARRAY;
    Vec<i32> => INT4_ARRAY;
    Vec<i64> => INT8_ARRAY;
    Vec<Uuid> => UUID_ARRAY;
    Value => JSONB;
}

impl<T: Typed> Typed for Option<T> {
    const TYPE: Type = T::TYPE;
}

/// A parameter of a statement.
pub(crate) fn p<T: Typed>(value: &T) -> Param<'_> {
    (value, T::TYPE)
}

/// A connection or a transaction: statements run on it.
pub(crate) trait Db: Sync {
    /// All rows of a statement.
    fn fetch(&self, sql: &str, params: &[Param<'_>]) -> impl Future<Output = Result<Vec<Row>>> + Send;

    /// The one row of a statement, if there is one.
    fn fetch_opt(&self, sql: &str, params: &[Param<'_>]) -> impl Future<Output = Result<Option<Row>>> + Send {
        async { Ok(self.fetch(sql, params).await?.into_iter().next()) }
    }

    /// Number of rows a statement changed.
    fn change(&self, sql: &str, params: &[Param<'_>]) -> impl Future<Output = Result<u64>> + Send;
}

/// A connection out of the pool. It goes back, unless an answer did not come in time: then a statement may still run on it,
/// and it is closed, which ends the statement.
pub(crate) struct Connection {
    /// `None` only while it is dropped.
    object: Option<Object>,
    answers: Answers,
}

/// A transaction on a connection.
pub(crate) struct Tx<'a> {
    transaction: Transaction<'a>,
    answers: &'a Answers,
}

/// How long an answer may take, and whether one came too late.
struct Answers {
    within: Duration,
    is_late: AtomicBool,
}

impl Answers {
    /// Waits for the database, but not for ever.
    async fn wait<T>(
        &self,
        call: impl Future<Output = std::result::Result<T, tokio_postgres::Error>>,
    ) -> Result<T> {
        match tokio::time::timeout(self.within, call).await {
            Ok(answer) => Ok(answer?),
            Err(_) => {
                self.is_late.store(true, Ordering::Relaxed);
                Err(StoreError::Timeout)
            }
        }
    }
}

impl Connection {
    fn object(&self) -> Result<&Object> {
        self.object.as_ref().ok_or(StoreError::Invariant("a connection that is in use"))
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(object) = self.object.take().filter(|_| self.answers.is_late.load(Ordering::Relaxed)) {
            drop(Object::take(object));
        }
    }
}

impl Db for Connection {
    async fn fetch(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        self.answers.wait(self.object()?.query_typed(sql, params)).await
    }

    async fn change(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        self.answers.wait(self.object()?.execute_typed(sql, params)).await
    }
}

impl Db for Tx<'_> {
    async fn fetch(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>> {
        self.answers.wait(self.transaction.query_typed(sql, params)).await
    }

    async fn change(&self, sql: &str, params: &[Param<'_>]) -> Result<u64> {
        self.answers.wait(self.transaction.execute_typed(sql, params)).await
    }
}

/// Opens a transaction. Dropped without [`commit`], it is rolled back.
pub(crate) async fn begin(client: &mut Connection) -> Result<Tx<'_>> {
    let Connection { object, answers } = client;
    let object = object.as_mut().ok_or(StoreError::Invariant("a connection that is in use"))?;
    let transaction = answers.wait(object.transaction()).await?;
    Ok(Tx { transaction, answers })
}

/// Makes a transaction's writes hold.
pub(crate) async fn commit(tx: Tx<'_>) -> Result<()> {
    tx.answers.wait(tx.transaction.commit()).await
}

#[cfg(test)]
#[path = "db_tests.rs"]
mod tests;
