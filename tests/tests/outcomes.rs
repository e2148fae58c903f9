//! The outcomes of a document on the running stack: approved, rejected, failed, reviewed; and who may see each.

use std::time::{Duration, Instant};

use filot_e2e::cards::Cards;
use filot_e2e::simulators::buli2::Reviewer;
use filot_e2e::simulators::stack_auth;
use filot_e2e::{Options, Result, Stack};
use reqwest::Method;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(90);
const LOG_PATIENCE: Duration = Duration::from_secs(10);

/// The state of a document follows from its events: each event begins in the state in which the one before ended.
async fn assert_inv_2_states_are_the_fold_of_events(stack: &Stack, id: &str) -> Result<()> {
    let key: uuid::Uuid = id.parse()?;
    let events = stack
        .sql
        .query(
            "SELECT version, event, from_status, to_status, verification_from, verification_to \
             FROM document_events WHERE document_id = $1 ORDER BY version",
            &[&key],
        )
        .await?;
    assert!(events.len() >= 3, "INV-2: only {} events", events.len());
    let mut at: (Option<String>, Option<String>) = (None, None);
    for event in &events {
        let from: (Option<String>, Option<String>) = (event.get(2), event.get(4));
        assert_eq!(from, at, "INV-2: {} does not follow", event.get::<_, String>(1));
        at = (Some(event.get(3)), Some(event.get(5)));
    }
    let (status, verification) = stack.state(id).await?;
    assert_eq!(at, (Some(status), Some(verification)), "INV-2: the row is not the fold of its events");
    Ok(())
}

async fn count(stack: &Stack, sql: &str, id: &str) -> Result<i64> {
    let key: uuid::Uuid = id.parse()?;
    Ok(stack.sql.query_one(sql, &[&key]).await?.get(0))
}

#[tokio::test(flavor = "multi_thread")]
async fn inv_1_every_outcome_is_reached_for_its_owner_alone() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let cards = Cards::demo()?;

    // INV-1, INV-2, INV-4: each card reaches its expected outcome.
    let mut approved = None;
    for (file, state) in [
        ("ktp-scan.jpg", "completed/auto_approved"),
        ("npwp-old.jpg", "completed/auto_approved"),
        ("receipt.jpg", "completed/auto_rejected"),
        ("corrupt.jpg", "failed/pending"),
    ] {
        let (card, content) = cards.get(file)?;
        let user = stack.api.new_user().await?;
        let id = stack.api.uploaded(&user, &card.document_type, file, &content).await?;
        let reached = stack.wait_for(&id, &["completed", "failed", "ai_evaluated"], PATIENCE).await?;
        let document = stack.api.document(&user, &id).await?;
        assert_eq!(format!("{}/{}", reached.0, reached.1), state, "{file}: {}", document["reasons"]);
        assert_inv_2_states_are_the_fold_of_events(&stack, &id).await?;
        let reasons = document["reasons"].to_string();
        match file {
            "ktp-scan.jpg" => {
                assert_eq!(document["fields"]["nik"]["value"], *card.fields["nik"], "{file}");
                assert!(document["score"].as_u64() >= Some(85), "{file}: {document}");
                approved = Some((user, id));
            }
            "receipt.jpg" => assert!(reasons.contains("not_a_card"), "INV-4: {reasons}"),
            "corrupt.jpg" => assert!(reasons.contains("file_unreadable"), "INV-8: {reasons}"),
            _ => {}
        }
    }
    let (owner, id) = approved.ok_or("nothing was approved")?;

    // The user counts as verified once a KTP of theirs is approved.
    let me = stack.api.call(Method::GET, "/auth/me", Some(&owner.access_token), None).await?.expect(200)?;
    assert_eq!(me["verificationStatus"], "verified", "{me}");

    // INV-4: the same identity under another user goes to a human.
    let (card, content) = cards.get("ktp-scan.jpg")?;
    stack.buli2.set_reviewer(Reviewer::Asleep);
    let other = stack.api.new_user().await?;
    let copy = stack.api.uploaded(&other, &card.document_type, &card.file, &content).await?;
    let held = stack.wait_for(&copy, &["completed", "failed", "ai_evaluated"], PATIENCE).await?;
    assert_eq!(held.1, "pending_manual_review", "INV-4: one identity under two users");
    let seen = stack.api.document(&other, &copy).await?;
    assert!(seen["reasons"].to_string().contains("identity_held_by_another"), "INV-4: {}", seen["reasons"]);

    inv_6_a_caller_sees_only_what_is_theirs(&stack, &owner.access_token, &other.access_token, &id).await
}

/// INV-6: the log says which document a request was about, and a replayed upload is marked.
#[tokio::test(flavor = "multi_thread")]
async fn inv_6_logs_name_the_document_and_replays_are_marked() -> Result<()> {
    let stack = Stack::start(Options { without_worker: true, ..Options::default() }).await?;
    let cards = Cards::demo()?;
    let (card, content) = cards.get("ktp-scan.jpg")?;
    let user = stack.api.new_user().await?;
    let upload =
        || stack.api.upload_with_key(&user, &card.document_type, "ktp-scan.jpg", &content, "the-one-upload");
    let (first, again) = (upload().await?, upload().await?);
    assert!(!first.headers.contains_key("idempotency-replayed"));
    assert_eq!(again.headers.get("idempotency-replayed").ok_or("no Idempotency-Replayed")?, "true");
    let (first, again) = (first.expect(201)?, again.expect(201)?);
    assert_eq!(first["document"]["id"], again["document"]["id"]);
    assert_eq!(first["correlationId"], again["correlationId"], "the one that follows the document");
    let id = first["document"]["id"].as_str().ok_or("no id")?;

    stack.api.document(&user, id).await?;
    for route in ["POST /documents/upload", "GET /documents/{id}"] {
        let deadline = Instant::now() + LOG_PATIENCE;
        while !is_told(&stack, route, id)? {
            // The line is written before the answer, but the stand-in may copy it to the file a moment later.
            assert!(Instant::now() < deadline, "no line of {route} names {id}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
    Ok(())
}

/// Whether a line about an answered request of this route names the document.
fn is_told(stack: &Stack, route: &str, id: &str) -> Result<bool> {
    for entry in std::fs::read_dir(stack.logs())? {
        let text = String::from_utf8_lossy(&std::fs::read(entry?.path())?).into_owned();
        let mut lines =
            text.lines().filter_map(|line| serde_json::from_str::<Value>(line.get(line.find('{')?..)?).ok());
        if lines.any(|line| line["route"] == route && line["documentId"] == id) {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn inv_6_a_caller_sees_only_what_is_theirs(
    stack: &Stack,
    owner: &str,
    stranger: &str,
    id: &str,
) -> Result<()> {
    let paths = [format!("/documents/{id}"), format!("/verification/status/{id}")];
    for path in &paths {
        stack.api.call(Method::GET, path, Some(owner), None).await?.expect(200)?;
        let others = stack.api.call(Method::GET, path, Some(stranger), None).await?;
        let correlation = others.headers.get("x-correlation-id").ok_or("no X-Correlation-Id")?.clone();
        let kind = others.headers.get("content-type").ok_or("no Content-Type")?.clone();
        let problem = others.expect(404)?;
        assert_eq!(problem["correlationId"], correlation.to_str()?, "INV-6: {problem}");
        assert!(kind.to_str()?.starts_with("application/problem+json"), "{kind:?}");
        assert!(problem["code"].is_string(), "{problem}");
        // No token, a malformed one, and one of another kind.
        stack.api.call(Method::GET, path, None, None).await?.expect(401)?;
        stack.api.call(Method::GET, path, Some("nonsense"), None).await?.expect(401)?;
        let foreign = stack_auth::token("somebody", "somebody@example.com")?;
        stack.api.call(Method::GET, path, Some(&foreign), None).await?.expect(401)?;
    }
    stack.api.call(Method::GET, "/auth/me", None, None).await?.expect(401)?;
    stack.api.call(Method::POST, "/auth/login", None, Some(&json!({}))).await?.expect(401)?;
    stack.api.call(Method::POST, "/auth/login", Some(owner), Some(&json!({}))).await?.expect(401)?;
    // Tokens of both published keys of Stack Auth are accepted.
    let second = stack_auth::token_of_second_key("with-the-second-key", "second@example.com")?;
    stack.api.call(Method::POST, "/auth/register", Some(&second), Some(&json!({}))).await?.expect(201)?;
    stack.api.call(Method::POST, "/auth/register", Some(&second), Some(&json!({}))).await?.expect(200)?;
    // The internal routes take the service key alone.
    let review = "/internal/reviews/0193f8a0-0000-7000-8000-000000000000/file";
    stack.api.call(Method::GET, review, Some(owner), None).await?.expect(401)?;
    let body = json!({"reviewId": "0193f8a0-0000-7000-8000-000000000000", "decision": "approved"});
    stack.api.call(Method::POST, "/internal/reviews", Some(owner), Some(&body)).await?.expect(401)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn inv_2_a_human_decides_both_ways_and_the_first_decision_wins() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let cards = Cards::demo()?;
    let (card, content) = cards.get("ktp-contradiction.jpg")?;
    for (reviewer, decision, contrary) in
        [(Reviewer::Approves, "approved", "rejected"), (Reviewer::Rejects, "rejected", "approved")]
    {
        stack.buli2.set_reviewer(reviewer);
        let user = stack.api.new_user().await?;
        let id = stack.api.uploaded(&user, &card.document_type, &card.file, &content).await?;
        let state = stack.wait_for(&id, &["completed", "failed"], PATIENCE).await?;
        assert_eq!(state.1, format!("manually_{decision}"));
        let task = stack.buli2.task_of(&id).ok_or("BULI2 has no task")?;
        assert!(task.saw_card, "the reviewer could not open the card");
        assert!(
            task.request["callbackUrl"].as_str().is_some_and(|url| url.contains("lambda-url")),
            "the callback goes to the function URL"
        );
        // INV-5: one review, acknowledged.
        let acknowledged = "SELECT count(*) FROM manual_reviews \
                            WHERE document_id = $1 AND dispatch_state = 'acknowledged'";
        assert_eq!(count(&stack, acknowledged, &id).await?, 1, "INV-5");
        // The same decision again is accepted, the contrary one is a conflict, and the state does not change.
        assert_eq!(stack.buli2.decide(&id, decision).await?, 200);
        assert_eq!(stack.buli2.decide(&id, contrary).await?, 409);
        assert_eq!(stack.state(&id).await?.1, format!("manually_{decision}"));
        assert_inv_2_states_are_the_fold_of_events(&stack, &id).await?;
        let document: Value = stack.api.document(&user, &id).await?;
        assert_eq!(document["review"]["status"], decision);
    }
    Ok(())
}
