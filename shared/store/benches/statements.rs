//! The time and the plan of every statement on a database of production's size: `./dev bench --database`.
//!
//! The same filling and the same calls as the test `statements`, and more of both. Times are the server's, from the start
//! of the execution to its end, triggers included. Prints Markdown.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a bench is no part of the product")]

#[path = "../tests/statements/calls.rs"]
mod calls;
#[path = "../tests/statements/fill.rs"]
mod fill;
#[path = "../tests/statements/plans.rs"]
mod plans;

use std::io::Write;
use std::time::Instant;

use filot_store::Store;
use filot_testkit::{Postgres, TestDb};

use crate::calls::Calls;
use crate::plans::{Execution, Log};

const DOCUMENTS: u32 = 300_000;
const ROUNDS: u32 = 40;
/// Characters of a statement that are shown.
const SHOWN: usize = 110;

#[tokio::main]
async fn main() {
    // `cargo test --benches` and nextest ask what there is: nothing that is a test.
    if std::env::args().any(|argument| argument == "--list" || argument == "--test") {
        return;
    }
    let documents = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(DOCUMENTS);
    let server = Postgres::start_own().await.unwrap();
    let db = server.database().await.unwrap();
    Store::migrate(&db.owner_url()).await.unwrap();
    let began = Instant::now();
    fill::fill(&db, documents).await;
    let took = began.elapsed().as_secs();
    let log = Log::of(&server, &db).await;
    let calls = Calls::new(&db.app_url());
    // The first round fills caches.
    calls.round(0).await;
    let warm = log.executions().len();
    for number in 1..=ROUNDS {
        calls.round(number).await;
    }
    drop(calls);
    let executions = log.executions().split_off(warm);
    print(documents, took, &db, executions).await;
}

async fn print(documents: u32, took: u64, db: &TestDb, executions: Vec<Execution>) {
    let mut out = std::io::stdout().lock();
    let events = documents * 7;
    writeln!(out, "{documents} documents, {events} events (filled in {took} s), {ROUNDS} rounds.\n").unwrap();
    writeln!(out, "| Statement | Runs | p50 ms | p95 ms | Plan |\n|---|---|---|---|---|").unwrap();
    let mut rows: Vec<(String, usize, f64, f64, String)> = plans::by_statement(executions)
        .into_iter()
        .map(|(text, runs)| {
            let mut times: Vec<f64> = runs.iter().map(|run| run.duration_ms).collect();
            times.sort_by(f64::total_cmp);
            let at = |percent: usize| times[((times.len() * percent).div_ceil(100)).max(1) - 1];
            let plan = plans::summary(&runs.last().unwrap().plan);
            (text, times.len(), at(50), at(95), plan)
        })
        .collect();
    rows.sort_by(|one, other| other.3.total_cmp(&one.3));
    for (text, runs, p50, p95, plan) in rows {
        let text: String = text.replace('|', "\\|").chars().take(SHOWN).collect();
        writeln!(out, "| `{text}` | {runs} | {p50:.2} | {p95:.2} | {plan} |").unwrap();
    }
    let owner = db.owner().await.unwrap();
    writeln!(out, "\n| Table | Updates | Heap-only | Dead rows |\n|---|---|---|---|").unwrap();
    let sql = "SELECT relname::text, n_tup_upd, n_tup_hot_upd, n_dead_tup FROM pg_stat_user_tables \
               WHERE n_tup_upd > 0 AND relname NOT LIKE '%edges' ORDER BY n_tup_upd DESC";
    // A connection tells its numbers when it ends.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    for row in owner.query(sql, &[]).await.unwrap() {
        let (name, all, hot, dead): (String, i64, i64, i64) =
            (row.get(0), row.get(1), row.get(2), row.get(3));
        writeln!(out, "| {name} | {all} | {hot} | {dead} |").unwrap();
    }
}
