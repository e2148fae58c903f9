//! `./dev demo`: sends the sample cards through the whole stack and prints the fields, score and decision of each.

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::cards::{Card, Cards};
use crate::console::say;
use crate::{Options, Result, Stack, User};

const PATIENCE: Duration = Duration::from_secs(120);
/// States in which the pipeline has nothing more to do.
const SETTLED: [&str; 2] = ["completed", "failed"];

/// The result of one card: a row of the printed table.
struct Row {
    card: Card,
    document: Value,
    stages: Value,
    total_ms: u128,
    right_fields: usize,
    is_expected: bool,
}

/// Runs the demonstration.
///
/// # Errors
///
/// A card with another outcome than the expected one.
pub async fn run() -> Result<()> {
    say("making the sample cards (invented people)");
    let cards = Cards::demo()?;
    say("starting the stack");
    let stack =
        Stack::start(Options { prints_progress: true, keeps_logs: true, ..Options::default() }).await?;

    say(&format!("sending {} files to {}", cards.cards.len(), stack.api.base()));
    let mut rows = Vec::new();
    for card in &cards.cards {
        let row = send(&stack, &cards, card).await.map_err(|error| format!("{}: {error}", card.file))?;
        rows.push(row);
    }
    table(&rows)?;
    say(&format!("logs: {}", stack.logs().display()));
    let wrong: Vec<_> =
        rows.iter().filter(|row| !row.is_expected).map(|row| row.card.file.as_str()).collect();
    if wrong.is_empty() { Ok(()) } else { Err(format!("not as expected: {}", wrong.join(", ")).into()) }
}

async fn send(stack: &Stack, cards: &Cards, card: &Card) -> Result<Row> {
    // One user for each file: a user who holds two identities is sent to a human.
    let user: User = stack.api.new_user().await?;
    let content = cards.content(card)?;
    let clock = Instant::now();
    let id = stack.api.uploaded(&user, &card.document_type, &card.file, &content).await?;
    progress(&clock, card, "201, uploaded");
    let deadline = clock + PATIENCE;
    let mut seen = String::new();
    loop {
        let (status, verification) = stack.state(&id).await?;
        let state = format!("{status}, {verification}");
        if state != seen {
            progress(&clock, card, &state);
            seen = state;
        }
        if SETTLED.contains(&status.as_str()) {
            break;
        }
        if Instant::now() > deadline {
            return Err(format!("still {seen} after {PATIENCE:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let total_ms = clock.elapsed().as_millis();
    let document = stack.api.document(&user, &id).await?;
    let key: uuid::Uuid = id.parse()?;
    let stages: Option<Value> =
        stack.sql.query_one("SELECT stage_ms FROM documents WHERE id = $1", &[&key]).await?.get(0);
    let right_fields =
        card.fields.iter().filter(|(name, value)| document["fields"][name]["value"] == **value).count();
    let is_expected = is_expected(card, &document);
    Ok(Row {
        card: card.clone(),
        document,
        stages: stages.unwrap_or(Value::Null),
        total_ms,
        right_fields,
        is_expected,
    })
}

fn is_expected(card: &Card, document: &Value) -> bool {
    let status = document["status"].as_str().unwrap_or_default();
    let verification = document["verificationStatus"].as_str().unwrap_or_default();
    match card.expected.as_str() {
        "approved" => verification == "auto_approved",
        "rejected" => verification == "auto_rejected",
        "failed" => status == "failed",
        // The simulated reviewer rejects a card that contradicts itself.
        "reviewed" => verification == "manually_rejected" && document["review"]["status"] == "rejected",
        _ => false,
    }
}

fn table(rows: &[Row]) -> Result<()> {
    let header = ["file", "type", "fields read", "score", "decision", "ms", "ms per stage", "expected"];
    let mut lines = vec![header.map(str::to_owned).to_vec()];
    for row in rows {
        let document = &row.document;
        let read = document["fields"].as_object().map_or(0, serde_json::Map::len);
        let fields = match row.card.fields.len() {
            0 => format!("{read}"),
            printed => format!("{read}, {} of {printed} right", row.right_fields),
        };
        let verification = document["verificationStatus"].as_str().unwrap_or_default();
        let decision = match document["status"].as_str().unwrap_or_default() {
            "failed" => format!("failed: {}", reasons(document)),
            _ => match document["decision"].as_str() {
                Some("needs_review") => format!("needs_review, {verification}"),
                _ => verification.to_owned(),
            },
        };
        lines.push(vec![
            row.card.file.clone(),
            row.card.document_type.clone(),
            fields,
            document["score"].as_u64().map_or_else(|| "-".to_owned(), |score| score.to_string()),
            decision,
            row.total_ms.to_string(),
            stages(&row.stages),
            format!("{} {}", row.card.expected, if row.is_expected { "✓" } else { "✗ NOT AS EXPECTED" }),
        ]);
    }
    let widths: Vec<usize> = (0..header.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default())
        .collect();
    let mut out = std::io::stdout().lock();
    writeln!(out)?;
    for (n, line) in lines.iter().enumerate() {
        let cells: Vec<_> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        writeln!(out, "{}", cells.join("  ").trim_end())?;
        if n == 0 {
            writeln!(out, "{}", "-".repeat(widths.iter().sum::<usize>() + 2 * (widths.len() - 1)))?;
        }
    }
    writeln!(out)?;
    for row in rows.iter().filter(|row| !row.document["fields"].is_null()) {
        writeln!(out, "{} ({})", row.card.file, if row.card.why.is_empty() { "-" } else { &row.card.why })?;
        for (name, field) in row.document["fields"].as_object().into_iter().flatten() {
            let value = field["value"].as_str().unwrap_or_default();
            let printed = match row.card.fields.get(name) {
                Some(printed) if printed != value => format!("   printed: {printed}"),
                _ => String::new(),
            };
            let confidence = field["confidence"].as_f64().unwrap_or_default();
            writeln!(out, "    {name:<14} {value:<44} {confidence:.2}{printed}")?;
        }
        let said = reasons(&row.document);
        if !said.is_empty() {
            writeln!(out, "    reasons: {said}")?;
        }
    }
    Ok(())
}

fn reasons(document: &Value) -> String {
    let all = document["reasons"].as_array().into_iter().flatten();
    all.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

fn stages(stages: &Value) -> String {
    let all = stages.as_object().into_iter().flatten();
    all.map(|(stage, ms)| format!("{stage} {:.0}", ms.as_f64().unwrap_or_default()))
        .collect::<Vec<_>>()
        .join(", ")
}

fn progress(clock: &Instant, card: &Card, what: &str) {
    let _ = writeln!(std::io::stderr(), "  {:22} {:6.2} s  {what}", card.file, clock.elapsed().as_secs_f64());
}
