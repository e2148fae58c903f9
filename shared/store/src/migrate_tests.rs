//! A migration makes nobody wait, on a real server with a reader that holds the table.

use filot_testkit::{Postgres, TestDb};

use super::*;

async fn database() -> TestDb {
    Postgres::shared().await.unwrap().database().await.unwrap()
}

/// A connection on which a statement that has to wait behind others fails.
async fn impatient(db: &TestDb) -> Client {
    let client = db.owner().await.unwrap();
    client.batch_execute("SET lock_timeout = '30s'").await.unwrap();
    client
}

fn migrations(files: &[(&str, &str)]) -> Vec<Migration> {
    files.iter().map(|(name, sql)| Migration::unapplied(name, sql).unwrap()).collect()
}

/// Applies in a task of its own, on a connection of its own.
fn applying(db: &TestDb, all: Vec<Migration>) -> tokio::task::JoinHandle<Result<MigrationReport>> {
    let url = db.owner_url();
    tokio::spawn(async move {
        let (mut client, connection) = url.parse::<tokio_postgres::Config>().unwrap().connect(NoTls).await?;
        tokio::spawn(connection);
        apply(&mut client, &all).await
    })
}

/// Returns once a connection of the database waits for a lock, as `which` says.
async fn wait_for_a_waiter(db: &TestDb, which: &str) {
    let client = db.owner().await.unwrap();
    let sql = format!(
        "SELECT EXISTS (SELECT FROM pg_locks l JOIN pg_stat_activity a USING (pid) \
         WHERE NOT l.granted AND a.datname = current_database() AND {which})"
    );
    while !client.query_one(&sql, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
}

const TABLE: (&str, &str) = ("V1__table", "CREATE TABLE t (id int NOT NULL); INSERT INTO t VALUES (1), (2)");

#[tokio::test]
async fn nobody_waits_behind_a_migration_that_waits() {
    let db = database().await;
    applying(&db, migrations(&[TABLE])).await.unwrap().unwrap();
    let reader = db.owner().await.unwrap();
    reader.batch_execute("BEGIN; SELECT FROM t").await.unwrap();

    let widened = migrations(&[TABLE, ("V2__wider", "ALTER TABLE t ADD COLUMN name text")]);
    let migration = applying(&db, widened);
    wait_for_a_waiter(&db, "l.mode = 'AccessExclusiveLock'").await;
    // Queued behind the migration, ahead of which the reader is: only that the migration gives up lets it through.
    let other = impatient(&db).await;
    other.batch_execute("SELECT FROM t; INSERT INTO t VALUES (3)").await.unwrap();
    assert!(other.batch_execute("SELECT name FROM t").await.is_err(), "the reader still holds the table");

    reader.batch_execute("COMMIT").await.unwrap();
    let report = migration.await.unwrap().unwrap();
    assert_eq!((report.applied, report.version), (vec!["V2__wider".to_owned()], 2));
    assert!(report.lock_retries > 0);
    other.batch_execute("SELECT name FROM t").await.unwrap();
}

#[tokio::test]
async fn an_index_is_built_while_others_read_and_write() {
    let db = database().await;
    applying(&db, migrations(&[TABLE])).await.unwrap().unwrap();
    let writer = db.owner().await.unwrap();
    writer.batch_execute("BEGIN; INSERT INTO t VALUES (3)").await.unwrap();
    let steps = format!(
        "{WITHOUT_TRANSACTION}\n-- Why.\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_id ON t (id);\n{STEP}: why\n\
         ALTER TABLE t DROP CONSTRAINT IF EXISTS t_positive;\n{STEP}\n\
         ALTER TABLE t ADD CONSTRAINT t_positive CHECK (id > 0) NOT VALID;\n{STEP}\n\
         ALTER TABLE t VALIDATE CONSTRAINT t_positive;\n"
    );
    let indexed = migrations(&[TABLE, ("V2__index", &steps)]);
    let migration = applying(&db, indexed.clone());
    wait_for_a_waiter(&db, "a.query LIKE '%INDEX CONCURRENTLY%'").await;
    let other = impatient(&db).await;
    other.batch_execute("SELECT FROM t; INSERT INTO t VALUES (4)").await.unwrap();
    writer.batch_execute("COMMIT").await.unwrap();
    assert_eq!(migration.await.unwrap().unwrap().applied, ["V2__index"]);
    let sql = "SELECT indisvalid, convalidated FROM pg_index, pg_constraint \
               WHERE indexrelid = 't_id'::regclass AND conname = 't_positive'";
    let row = other.query_one(sql, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), (true, true));
    assert!(applying(&db, indexed).await.unwrap().unwrap().applied.is_empty());
}

#[tokio::test]
async fn steps_that_broke_off_are_repeated_from_the_first() {
    let db = database().await;
    let steps = format!(
        "{WITHOUT_TRANSACTION}\nCREATE TABLE IF NOT EXISTS u (id int);\n{STEP}\n\
         CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_once ON t (id);\n"
    );
    let all = migrations(&[TABLE, ("V2__once", &steps)]);
    let owner = db.owner().await.unwrap();
    applying(&db, migrations(&[TABLE])).await.unwrap().unwrap();
    owner.batch_execute("INSERT INTO t VALUES (1)").await.unwrap();
    let error = applying(&db, all.clone()).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("23505"), "{error}");
    let valid = "SELECT indisvalid FROM pg_index WHERE indexrelid = 't_once'::regclass";
    assert!(!owner.query_one(valid, &[]).await.unwrap().get::<_, bool>(0), "left behind");

    owner.batch_execute("DELETE FROM t WHERE ctid = (SELECT max(ctid) FROM t)").await.unwrap();
    assert_eq!(applying(&db, all).await.unwrap().unwrap().applied, ["V2__once"]);
    assert!(owner.query_one(valid, &[]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn a_migration_that_fails_leaves_nothing_behind() {
    let db = database().await;
    let all = migrations(&[TABLE, ("V2__wrong", "CREATE TABLE u (id int); SELECT 1 / 0")]);
    let error = applying(&db, all).await.unwrap().unwrap_err();
    assert!(error.to_string().contains("22012"), "{error}");
    let owner = db.owner().await.unwrap();
    let left = "SELECT to_regclass('u') IS NULL, max(version) FROM refinery_schema_history";
    let row = owner.query_one(left, &[]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), (true, 1));
}

/// Migrations that were written before the rules below.
const BEFORE_THE_RULES: [i32; 9] = [1, 2, 3, 4, 5, 6, 7, 10, 11];

/// What holds a table for as long as it is read. Tables that the same migration makes are nobody's yet.
#[test]
fn no_migration_holds_a_table_while_it_reads_it() {
    for migration in embedded::migrations::runner().get_migrations() {
        if BEFORE_THE_RULES.contains(&migration.version()) {
            continue;
        }
        let sql = migration.sql().unwrap_or_default();
        let statements: Vec<String> = sql
            .lines()
            .filter(|line| !line.trim_start().starts_with("--"))
            .collect::<Vec<_>>()
            .join(" ")
            .split(';')
            .map(|statement| statement.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect();
        let is_new = |table: &str| {
            let table = table.trim_end_matches('(');
            statements.iter().any(|made| made.starts_with(&format!("CREATE TABLE {table} ")))
        };
        for statement in &statements {
            let index = statement.starts_with("CREATE INDEX") || statement.starts_with("CREATE UNIQUE INDEX");
            let indexed =
                statement.split(" ON ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("");
            assert!(
                !index || statement.contains(" CONCURRENTLY ") || is_new(indexed),
                "{migration}: CONCURRENTLY is missing: {statement}"
            );
            let drops = statement.starts_with("DROP INDEX");
            assert!(!drops || statement.contains(" CONCURRENTLY "), "{migration}: {statement}");
            let altered = statement.strip_prefix("ALTER TABLE ").and_then(|rest| rest.split(' ').next());
            let checks = statement.contains(" ADD CONSTRAINT ")
                && (statement.contains(" CHECK ") || statement.contains(" FOREIGN KEY "));
            assert!(
                !checks || statement.contains(" NOT VALID") || altered.is_some_and(is_new),
                "{migration}: NOT VALID is missing, and VALIDATE CONSTRAINT as a step: {statement}"
            );
            assert!(
                !statement.contains(" SET NOT NULL"),
                "{migration}: a validated CHECK first: {statement}"
            );
        }
    }
}
