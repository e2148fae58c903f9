//! How the server executes every statement on a database that is as large as a test can afford: no table that grows is
//! read from end to end, no backlog is sorted, nothing is read to be thrown away, and a document's steps are heap-only.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod calls;
mod fill;
mod plans;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use filot_store::Store;
use filot_testkit::{Postgres, TestDb};
use serde_json::Value;

use self::calls::Calls;
use self::plans::{Log, nodes};

const DOCUMENTS: u32 = 12_000;
const ROUNDS: u32 = 3;
/// The largest batch of a call, and what a sort of it may see when two lists of it are joined.
const SORTED_MAX: f64 = 300.0;
/// Rows that a scan may throw away for those that it keeps: a batch that others hold.
const DISCARDED_MAX: f64 = 300.0;
/// Tables that do not grow, or that the sweeper empties each minute.
const SMALL: [&str; 8] = [
    "document_edges",
    "verification_edges",
    "review_edges",
    "dispatch_edges",
    "breakers",
    "document_counts",
    "document_count_changes",
    "refinery_schema_history",
];

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// What is wrong with a plan.
fn faults(plan: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for node in nodes(plan) {
        let kind = node["Node Type"].as_str().unwrap();
        let relation = node["Relation Name"].as_str().unwrap_or_default();
        // The partitions of months to come are empty.
        let is_empty = relation.starts_with("document_events_")
            && number(&node["Actual Rows"]) + number(&node["Rows Removed by Filter"]) == 0.0;
        if kind == "Seq Scan" && !SMALL.contains(&relation) && !is_empty {
            faults.push(format!("reads all of {relation}"));
        }
        if matches!(kind, "Sort" | "Incremental Sort") {
            let sorted: f64 = node["Plans"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|child| number(&child["Actual Rows"]))
                .sum();
            if sorted > SORTED_MAX {
                faults.push(format!("sorts {sorted} rows"));
            }
        }
        let discarded =
            number(&node["Rows Removed by Filter"]) + number(&node["Rows Removed by Join Filter"]);
        if discarded > DISCARDED_MAX && !SMALL.contains(&relation) {
            faults.push(format!("reads {discarded} rows of {relation} for nothing"));
        }
    }
    faults
}

#[tokio::test(flavor = "multi_thread")]
async fn no_statement_reads_a_table_or_sorts_a_backlog() {
    let server = Postgres::start_own().await.unwrap();
    let db = server.database().await.unwrap();
    Store::migrate(&db.owner_url()).await.unwrap();
    fill::fill(&db, DOCUMENTS).await;
    let log = Log::of(&server, &db).await;
    let calls = Calls::new(&db.app_url());
    for number in 0..ROUNDS {
        calls.round(number).await;
    }
    let executions = log.executions();
    drop(calls);
    assert_steps_are_heap_only(&db).await;
    let seen = plans::by_statement(executions);

    let mut wrong: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (text, executions) in &seen {
        for execution in executions {
            for fault in faults(&execution.plan) {
                let how = plans::summary(&execution.plan);
                wrong
                    .entry(text)
                    .or_default()
                    .insert(format!("{fault}: {} ms by {how}", execution.duration_ms));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    let uncalled = uncalled();
    assert!(uncalled.is_empty(), "calls.rs makes no call of {uncalled:?}");
    let unseen: Vec<_> =
        literals().into_iter().filter(|sql| !seen.keys().any(|text| is_in(text, sql))).collect();
    assert!(unseen.is_empty(), "calls.rs leads to none of these: {unseen:#?}");
}

/// Of the updates of documents, all but those of an erasure and of a key that is over write no index.
async fn assert_steps_are_heap_only(db: &TestDb) {
    let owner = db.owner().await.unwrap();
    // A connection tells its numbers before it ends.
    let left = "SELECT EXISTS (SELECT FROM pg_stat_activity \
                WHERE datname = current_database() AND application_name = 'filot')";
    while owner.query_one(left, &[]).await.unwrap().get::<_, bool>(0) {
        tokio::task::yield_now().await;
    }
    let updates = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'documents'";
    let row = owner.query_one(updates, &[]).await.unwrap();
    let (all, heap_only): (i64, i64) = (row.get(0), row.get(1));
    assert!(all > 100 && heap_only * 10 > all * 8, "{heap_only} of {all} updates are heap-only");
}

fn sources() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let skipped = ["seed.rs", "migrate.rs"];
    files
        .filter(|path| {
            let name = path.file_name().unwrap().to_str().unwrap();
            !skipped.contains(&name) && !name.ends_with("_tests.rs")
        })
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

/// Calls of the store that no round makes.
fn uncalled() -> Vec<String> {
    let made = include_str!("calls.rs");
    let declared = sources().join("\n");
    declared
        .lines()
        .filter_map(|line| line.trim().strip_prefix("pub async fn "))
        .filter_map(|rest| rest.split(['(', '<']).next())
        .filter(|name| !made.contains(&format!(".{name}(")))
        .map(str::to_owned)
        .collect()
}

/// The statements in the sources: literals that begin as a statement does. A name in braces stands for anything.
fn literals() -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        for piece in source.split('"').skip(1).step_by(2) {
            let text = piece.replace("\\\n", " ").split_whitespace().collect::<Vec<_>>().join(" ");
            let begins = ["SELECT ", "INSERT INTO ", "UPDATE ", "DELETE FROM ", "WITH "];
            let is_whole = begins.iter().any(|verb| text.starts_with(verb)) && text.contains(' ');
            if is_whole && text.len() > 20 {
                found.push(text);
            }
        }
    }
    found
}

/// Whether `text` is the statement `sql`, with anything where that has a name in braces.
fn is_in(text: &str, sql: &str) -> bool {
    let mut rest = text;
    for (number, part) in sql.split('{').enumerate() {
        let part = if number == 0 { part } else { part.split_once('}').map_or(part, |(_, after)| after) };
        match rest.find(part.trim()) {
            Some(at) => rest = &rest[at + part.trim().len()..],
            None => return false,
        }
    }
    true
}
