//! The places to search: logs, queue messages, Redis traffic, error bodies, metrics, and every column of the database.

use filot_e2e::pii_markers::PiiMarker;
use filot_e2e::stack::redis_wire::RedisMonitor;
use filot_e2e::{Result, Stack};

use crate::run::Run;

/// One place to search.
pub struct Source {
    /// Its name, for messages.
    pub name: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Texts that it must contain: without them the run did not reach this place.
    pub must_hold: Vec<String>,
}

impl Source {
    fn new(name: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { name: name.into(), bytes, must_hold: Vec::new() }
    }

    fn holding(self, text: &str) -> Self {
        Self { must_hold: vec![text.to_owned()], ..self }
    }

    /// Whether the marker belongs here: users are found by their e-mail address.
    pub fn may_hold(&self, marker: &PiiMarker) -> bool {
        self.name == "column users.email" && marker.what.starts_with("e-mail")
    }
}

/// All places to search after a run.
pub async fn of(stack: &Stack, redis: &RedisMonitor, run: &Run) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let document = run.documents.first().ok_or("no document was sent")?;
    for entry in std::fs::read_dir(stack.logs())? {
        let path = entry?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        // The log of the stand-in itself is not ours; each of our programs has a file of its own.
        if name == "ministack.log" {
            continue;
        }
        let source = Source::new(format!("log {name}"), std::fs::read(&path)?);
        sources.push(if name.starts_with("worker") { source.holding(document) } else { source });
    }
    sources.push(Source::new("messages to the queues", stack.queue_proxy.recorded()).holding(document));
    sources.push(Source::new("Redis", redis.heard()).holding("filot"));
    sources.push(Source::new("error bodies", run.errors.join("\n").into_bytes()).holding("correlationId"));
    sources.push(Source::new("metrics", run.metrics.join("\n").into_bytes()).holding("filot"));
    sources.extend(columns(stack).await?);
    Ok(sources)
}

/// Every column that can hold text, with all its rows.
async fn columns(stack: &Stack) -> Result<Vec<Source>> {
    let listed = stack
        .sql
        .query(
            "SELECT c.table_name::text, c.column_name::text, c.data_type::text \
             FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name) \
             WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' \
             AND c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'ARRAY')",
            &[],
        )
        .await?;
    let mut found = Vec::new();
    for row in &listed {
        let (table, column, kind): (String, String, String) = (row.get(0), row.get(1), row.get(2));
        let value = if kind == "bytea" {
            format!("\"{column}\"")
        } else {
            format!("convert_to(\"{column}\"::text, 'UTF8')")
        };
        let sql = format!(
            "SELECT string_agg({value}, '\\x0a'::bytea) FROM public.\"{table}\" WHERE \"{column}\" IS NOT NULL"
        );
        let bytes: Option<Vec<u8>> = stack.sql.query_one(&sql, &[]).await?.get(0);
        found.push(Source::new(format!("column {table}.{column}"), bytes.unwrap_or_default()));
    }
    let has =
        |name: &str| found.iter().any(|source: &Source| source.name == name && !source.bytes.is_empty());
    for sealed in ["documents.result", "documents.ocr_text", "profiles.full_name", "manual_reviews.notes"] {
        if !has(&format!("column {sealed}")) {
            return Err(format!("{sealed} is empty: the run did not fill what is to be searched").into());
        }
    }
    Ok(found)
}
