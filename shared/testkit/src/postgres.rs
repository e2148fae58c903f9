//! A real Postgres for tests: the machine's own binaries on a temporary directory and a free port, or the server that
//! `FILOT_TEST_POSTGRES_URL` names. It knows roles and databases, and nothing about what the product stores in them.
//!
//! A server that was started here can be killed and resumed, for tests of what an outage does.
//!
//! Every test gets a database of its own, owned by an owner who may neither make roles nor anything a superuser may, as in
//! production. Functions and workers connect as one of [`GROUPS`], tests that play all of them as [`APP`].

use std::fs::File;
use std::io;
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio_postgres::{Client, Config, NoTls};

/// Why a server or a database cannot be made.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// Names a server to use instead of starting one; the URL must be that of a superuser.
pub const URL_VARIABLE: &str = "FILOT_TEST_POSTGRES_URL";

/// Role that owns the databases and runs migrations.
const OWNER: &str = "filot_test_owner";
/// Roles of the functions and workers, as `shared/store/roles.sql` makes them.
pub const GROUPS: [&str; 4] = ["filot_app", "filot_worker", "filot_scoring", "filot_reviews"];
/// A member of all groups: a test plays every function in one process.
const APP: &str = "filot_test_app";
/// Servers started here listen on the loopback address only and take everybody who says who they are.
const PASSWORD: &str = "filot-test";
const START_TRIES: u32 = 5;
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// A running server. Stopped, and its directory removed, when the last handle is gone.
#[derive(Debug)]
pub struct Postgres {
    admin: Config,
    host: String,
    port: u16,
    // Stops the server before its directory goes: fields are dropped in order.
    own: Option<Own>,
    _directory: Option<TempDir>,
}

/// A server that was started here, and what it takes to start it again.
#[derive(Debug)]
struct Own {
    server: Mutex<Option<Server>>,
    bin: PathBuf,
    data: PathBuf,
    account: Option<String>,
}

/// A database of one test's own; dropped with this handle.
#[derive(Debug)]
pub struct TestDb {
    name: String,
    postgres: Arc<Postgres>,
}

impl Postgres {
    /// The server that the environment names, or a new one.
    ///
    /// # Errors
    /// The server cannot be started or reached.
    pub async fn start() -> Result<Arc<Self>, Error> {
        match std::env::var(URL_VARIABLE) {
            Ok(url) => Self::existing(&url)?.ready().await,
            Err(_) => Self::start_own().await,
        }
    }

    /// A new server, whatever the environment names: for a test that stops it.
    ///
    /// # Errors
    /// The server cannot be started or reached.
    pub async fn start_own() -> Result<Arc<Self>, Error> {
        tokio::task::spawn_blocking(Self::launch).await??.ready().await
    }

    async fn ready(self) -> Result<Arc<Self>, Error> {
        self.wait().await?;
        self.make_roles().await?;
        Ok(Arc::new(self))
    }

    /// The one server of this process: started for the first who asks, stopped after the last.
    ///
    /// # Errors
    /// The server cannot be started or reached.
    pub async fn shared() -> Result<Arc<Self>, Error> {
        static SHARED: Mutex<Weak<Postgres>> = Mutex::new(Weak::new());
        let current = || SHARED.lock().unwrap_or_else(PoisonError::into_inner).upgrade();
        if let Some(running) = current() {
            return Ok(running);
        }
        // Two at once may both start one: the loser's stops as soon as it is dropped.
        let started = Self::start().await?;
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = shared.upgrade() {
            return Ok(running);
        }
        *shared = Arc::downgrade(&started);
        Ok(started)
    }

    /// A fresh, empty database.
    ///
    /// # Errors
    /// The server cannot be started or reached.
    pub async fn database(self: &Arc<Self>) -> Result<TestDb, Error> {
        let name = format!("filot_test_{}", uuid::Uuid::now_v7().simple());
        let client = connect(&self.admin).await?;
        client.batch_execute(&format!("CREATE DATABASE {name} OWNER {OWNER}")).await?;
        Ok(TestDb { name, postgres: Arc::clone(self) })
    }

    /// The log of a server that was started here.
    ///
    /// # Errors
    /// The server was not started here.
    pub fn log(&self) -> Result<PathBuf, Error> {
        let own = self.own.as_ref().ok_or_else(|| format!("the server of {URL_VARIABLE} logs elsewhere"))?;
        Ok(log_of(&own.data))
    }

    /// The superuser's connection settings, for a test that has to break the server.
    pub const fn admin(&self) -> &Config {
        &self.admin
    }

    /// Ends the server as a crash does: nothing is flushed, every connection is gone. Blocks until it is dead.
    ///
    /// # Errors
    /// The server was not started here, or does not end.
    pub fn stop(&self) -> Result<(), Error> {
        let own =
            self.own.as_ref().ok_or_else(|| format!("the server of {URL_VARIABLE} is not ours to stop"))?;
        drop(own.server.lock().unwrap_or_else(PoisonError::into_inner).take());
        Ok(())
    }

    /// Starts it again on the same port and data. Blocks until it listens; it may still be recovering then.
    ///
    /// # Errors
    /// The server was not started here, or does not start again.
    pub fn resume(&self) -> Result<(), Error> {
        let own =
            self.own.as_ref().ok_or_else(|| format!("the server of {URL_VARIABLE} is not ours to start"))?;
        // The file names a process that is dead; its number may be somebody else's by now.
        let _ = std::fs::remove_file(own.data.join("postmaster.pid"));
        let server = Server::spawn(&own.bin, &own.data, own.account.as_deref(), self.port)?;
        *own.server.lock().unwrap_or_else(PoisonError::into_inner) = Some(server);
        Ok(())
    }

    fn existing(url: &str) -> Result<Self, Error> {
        let admin: Config = url.parse()?;
        let host = match admin.get_hosts().first() {
            Some(tokio_postgres::config::Host::Tcp(host)) => host.clone(),
            _ => return Err(format!("{URL_VARIABLE} names no TCP host").into()),
        };
        let port = admin.get_ports().first().copied().unwrap_or(5432);
        Ok(Self { admin, host, port, own: None, _directory: None })
    }

    fn launch() -> Result<Self, Error> {
        let bin = binaries()?;
        let directory = tempfile::Builder::new().prefix("filot-postgres-").tempdir()?;
        let account = account()?;
        if let Some(account) = &account {
            run(Command::new("chown").arg(account).arg(directory.path()))?;
        }
        let data = directory.path().join("data");
        run(as_account(account.as_deref(), &bin.join("initdb")).arg("--pgdata").arg(&data).args([
            "--username=postgres",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ]))?;
        let mut last: Error = "not tried".into();
        for _ in 0..START_TRIES {
            // The port may be taken between asking and using it: then another one is tried.
            let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
            match Server::spawn(&bin, &data, account.as_deref(), port) {
                Ok(server) => {
                    let mut admin = Config::new();
                    admin.host("127.0.0.1").port(port).user("postgres").dbname("postgres");
                    return Ok(Self {
                        admin,
                        host: "127.0.0.1".to_owned(),
                        port,
                        own: Some(Own { server: Mutex::new(Some(server)), bin, data, account }),
                        _directory: Some(directory),
                    });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    async fn wait(&self) -> Result<(), Error> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            match connect(&self.admin).await {
                Ok(_) => return Ok(()),
                Err(error) if Instant::now() > deadline => return Err(error),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }

    /// Roles belong to the whole server, and other test processes may be making them too.
    async fn make_roles(&self) -> Result<(), Error> {
        let client = connect(&self.admin).await?;
        let role = |name: &str, rights: &str| {
            format!(
                "DO $$ BEGIN \
                   IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{name}') THEN CREATE ROLE {name}; END IF; \
                   ALTER ROLE {name} LOGIN PASSWORD '{PASSWORD}' NOSUPERUSER {rights}; END $$;"
            )
        };
        // Statements sent together are one transaction: the lock must outlive it.
        client.batch_execute("SELECT pg_advisory_lock(7)").await?;
        client.batch_execute(&role(OWNER, "NOCREATEDB NOCREATEROLE")).await?;
        for name in GROUPS.into_iter().chain([APP]) {
            client.batch_execute(&role(name, "NOCREATEDB NOCREATEROLE")).await?;
        }
        client.batch_execute("GRANT filot_app TO filot_scoring, filot_reviews").await?;
        client.batch_execute(&format!("GRANT {} TO {APP}", GROUPS.join(", "))).await?;
        client.batch_execute("SELECT pg_advisory_unlock(7)").await?;
        Ok(())
    }
}

impl TestDb {
    /// For migrations.
    pub fn owner_url(&self) -> String {
        self.url(OWNER)
    }

    /// For what functions and workers do, all of them together.
    pub fn app_url(&self) -> String {
        self.url(APP)
    }

    /// For what the functions and workers of one of [`GROUPS`] do.
    pub fn group_url(&self, group: &str) -> String {
        self.url(group)
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A connection as the owner, to look behind the product's back.
    ///
    /// # Errors
    /// The server cannot be started or reached.
    pub async fn owner(&self) -> Result<Client, Error> {
        connect(&self.owner_url().parse()?).await
    }

    /// A connection with the rights of all functions and workers.
    ///
    /// # Errors
    /// The server cannot be started or reached.
    pub async fn app(&self) -> Result<Client, Error> {
        connect(&self.app_url().parse()?).await
    }

    /// A connection as one of [`GROUPS`].
    ///
    /// # Errors
    /// The server cannot be started or reached.
    pub async fn group(&self, group: &str) -> Result<Client, Error> {
        connect(&self.group_url(group).parse()?).await
    }

    fn url(&self, role: &str) -> String {
        let Postgres { host, port, .. } = &*self.postgres;
        format!("postgres://{role}:{PASSWORD}@{host}:{port}/{}", self.name)
    }
}

impl Drop for TestDb {
    fn drop(&mut self) {
        let (admin, name) = (self.postgres.admin.clone(), self.name.clone());
        // A runtime of its own: this runs inside or outside another one, also while a failed test unwinds.
        let dropped = std::thread::spawn(move || -> Result<(), Error> {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let client = connect(&admin).await?;
                client.batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await?;
                Ok(())
            })
        });
        // A database that stays behind goes with its server.
        drop(dropped.join());
    }
}

async fn connect(config: &Config) -> Result<Client, Error> {
    let mut config = config.clone();
    config.connect_timeout(Duration::from_secs(5));
    let (client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// The log of a server that was started here. It holds nothing unless a database sets `log_min_messages`.
fn log_of(data: &Path) -> PathBuf {
    data.with_file_name("log")
}

/// The server's process.
#[derive(Debug)]
struct Server {
    child: Option<Child>,
}

impl Server {
    fn spawn(bin: &Path, data: &Path, account: Option<&str>, port: u16) -> Result<Self, Error> {
        let mut command = as_account(account, &bin.join("postgres"));
        command
            .arg("-D")
            .arg(data)
            .args(["-p", &port.to_string(), "-h", "127.0.0.1", "-k", ""])
            // Nothing survives this machine, but what was committed survives the server: it may be killed and resumed.
            .args(["-c", "fsync=off", "-c", "full_page_writes=off"])
            .args(["-c", "max_connections=500", "-c", "shared_buffers=32MB", "-c", "log_min_messages=fatal"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::options().create(true).append(true).open(log_of(data))?);
        // The server is told to die with the thread that started it, and this one lives as long as the server.
        let (tell, told) = std::sync::mpsc::sync_channel(1);
        std::thread::spawn(move || {
            let spawned = command.spawn();
            let alive = spawned.as_ref().ok().map(Child::id);
            let _ = tell.send(spawned);
            while alive.is_some_and(|pid| Path::new(&format!("/proc/{pid}")).exists()) {
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let mut child = told.recv()??;
        // A port that was taken shows at once.
        let deadline = Instant::now() + START_TIMEOUT;
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if let Some(status) = child.try_wait()? {
                return Err(format!("postgres ended with {status}").into());
            }
            if Instant::now() > deadline {
                return Err("postgres did not listen in time".into());
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { child: Some(child) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        if let Ok(pid) = i32::try_from(child.id()) {
            // Immediate shutdown: nothing in there is worth a checkpoint.
            let _ =
                nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGQUIT);
        }
        let _ = child.wait();
    }
}

/// The newest version of Postgres on this machine, at least 15.
fn binaries() -> Result<PathBuf, Error> {
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .map_err(|_| "no Postgres under /usr/lib/postgresql: install the package postgresql")?;
    versions
        .filter_map(Result::ok)
        .filter_map(|entry| {
            Some((entry.file_name().to_str()?.parse::<u32>().ok()?, entry.path().join("bin")))
        })
        .filter(|(version, bin)| *version >= 15 && bin.join("initdb").exists())
        .max()
        .map(|(_, bin)| bin)
        .ok_or_else(|| "no Postgres 15 or newer under /usr/lib/postgresql".into())
}

/// Postgres refuses to run as root: the account to run it as, if we are.
fn account() -> Result<Option<String>, Error> {
    // The owner of our own process entry is the user we are.
    if std::fs::metadata("/proc/self")?.uid() != 0 {
        return Ok(None);
    }
    let passwd = std::fs::read_to_string("/etc/passwd")?;
    ["postgres", "nobody"]
        .into_iter()
        .find(|name| passwd.lines().any(|line| line.split(':').next() == Some(name)))
        .map(|name| Some(name.to_owned()))
        .ok_or_else(|| "neither a postgres nor a nobody account to run Postgres as".into())
}

/// A command that runs as `account` and is told to quit when we are gone.
fn as_account(account: Option<&str>, program: &Path) -> Command {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "QUIT"]);
    if let Some(account) = account {
        command.args(["--reuid", account, "--clear-groups"]);
        // `nobody` has no group of its own name.
        let group = if account == "nobody" { "nogroup" } else { account };
        command.args(["--regid", group]);
    }
    command.arg("--").arg(program).env_remove("PGDATA").env_remove("PGHOST").env_remove("PGPORT");
    command
}

fn run(command: &mut Command) -> Result<(), Error> {
    let output = command.stdin(Stdio::null()).output().map_err(|error: io::Error| {
        format!("{} cannot be run: {error}", command.get_program().to_string_lossy())
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{} failed: {said}", command.get_program().to_string_lossy()).into())
}
