//! What the server did for each statement, out of the log of its own `auto_explain`.

use std::collections::BTreeMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::sync::Arc;

use filot_testkit::{Postgres, TestDb};
use serde_json::Value;

/// One execution of one statement, a trigger's included.
pub struct Execution {
    pub text: String,
    pub duration_ms: f64,
    pub plan: Value,
}

/// The log of a server, from where it ended when it was opened.
pub struct Log {
    path: PathBuf,
    begin: u64,
}

impl Log {
    /// Has the server log every statement on `db` with its plan, from the next connection on.
    pub async fn of(server: &Arc<Postgres>, db: &TestDb) -> Self {
        let admin = {
            let (client, connection) = server.admin().connect(tokio_postgres::NoTls).await.unwrap();
            tokio::spawn(connection);
            client
        };
        for setting in [
            "session_preload_libraries = 'auto_explain'",
            "log_min_messages = 'log'",
            "auto_explain.log_min_duration = 0",
            "auto_explain.log_analyze = on",
            "auto_explain.log_timing = off",
            "auto_explain.log_nested_statements = on",
            "auto_explain.log_format = 'json'",
        ] {
            admin.batch_execute(&format!("ALTER DATABASE {} SET {setting}", db.name())).await.unwrap();
        }
        let path = server.log().unwrap();
        let begin = std::fs::metadata(&path).unwrap().len();
        Self { path, begin }
    }

    /// Everything that was executed since.
    pub fn executions(&self) -> Vec<Execution> {
        let mut file = std::fs::File::open(&self.path).unwrap();
        file.seek(SeekFrom::Start(self.begin)).unwrap();
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        let text = String::from_utf8_lossy(&text);
        let mut executions = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            let Some((_, rest)) = line.split_once("duration: ") else { continue };
            let Some((duration, _)) = rest.split_once(" ms  plan:") else { continue };
            let mut json = String::new();
            while let Some(next) = lines.next_if(|line| line.starts_with('\t')) {
                json.push_str(next);
                json.push('\n');
            }
            let json: Value = serde_json::from_str(&json).unwrap();
            let text = json["Query Text"].as_str().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
            executions.push(Execution {
                text,
                duration_ms: duration.parse().unwrap(),
                plan: json["Plan"].clone(),
            });
        }
        executions
    }
}

/// The nodes of a plan, from the top.
pub fn nodes(plan: &Value) -> Vec<&Value> {
    let mut all = vec![plan];
    for child in plan["Plans"].as_array().into_iter().flatten() {
        all.extend(nodes(child));
    }
    all
}

/// The parts of a plan that say how rows are found.
pub fn summary(plan: &Value) -> String {
    let mut parts: Vec<String> = Vec::new();
    for node in nodes(plan) {
        let kind = node["Node Type"].as_str().unwrap_or_default();
        let place =
            ["Index Name", "Relation Name", "Function Name"].iter().find_map(|key| node[*key].as_str());
        let part = match (kind, place) {
            (
                "ModifyTable" | "LockRows" | "Limit" | "Result" | "Append" | "CTE Scan" | "Subquery Scan",
                _,
            ) => continue,
            ("Index Scan" | "Bitmap Index Scan", Some(index)) => index.to_owned(),
            ("Index Only Scan", Some(index)) => format!("{index} alone"),
            ("Bitmap Heap Scan", _) => continue,
            (kind, Some(place)) => format!("{kind} {place}"),
            (kind, None) => kind.to_owned(),
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    parts.join(", ")
}

/// The executions of each statement, by its text.
pub fn by_statement(executions: Vec<Execution>) -> BTreeMap<String, Vec<Execution>> {
    let mut all: BTreeMap<String, Vec<Execution>> = BTreeMap::new();
    for execution in executions {
        all.entry(execution.text.clone()).or_default().push(execution);
    }
    all
}
