//! Outages on the running stack: a worker, the queues or BULI2 goes away and comes back, and no document is lost or
//! decided twice.

use std::time::{Duration, Instant};

use filot_e2e::cards::Cards;
use filot_e2e::simulators::buli2::{Health, Reviewer};
use filot_e2e::{Options, Result, Stack};
use serde_json::json;

/// The sum of all waits on a slow machine: grace time of an upload, the schedule, the pause of a worker, and the reading.
const PATIENCE: Duration = Duration::from_secs(200);
/// The shortest allowed lease in seconds, so that the test need not wait for the default one.
const SHORT_LEASE: (&str, &str) = ("OCR_LEASE_S", "5");

fn short_leases() -> Options {
    let environment = vec![(SHORT_LEASE.0.to_owned(), SHORT_LEASE.1.to_owned())];
    Options { worker_environment: environment, ..Options::default() }
}

/// One reading, one evaluation, one decision.
async fn assert_one_result(stack: &Stack, id: &str) -> Result<()> {
    let key: uuid::Uuid = id.parse()?;
    for (what, sql) in [
        ("reading", "SELECT count(*) FROM document_events WHERE document_id = $1 AND event = 'read'"),
        ("evaluation", "SELECT count(*) FROM verification_results WHERE document_id = $1"),
        ("decision", "SELECT count(*) FROM document_events WHERE document_id = $1 AND event = 'decided'"),
    ] {
        let found: i64 = stack.sql.query_one(sql, &[&key]).await?.get(0);
        assert_eq!(found, 1, "INV-2, INV-3: {found} of one {what}");
    }
    Ok(())
}

/// INV-1, INV-3.
#[tokio::test(flavor = "multi_thread")]
async fn inv_1_another_worker_takes_over_from_a_killed_one() -> Result<()> {
    let mut stack = Stack::start(short_leases()).await?;
    let (cards, user) = (Cards::demo()?, stack.api.new_user().await?);
    let (card, content) = cards.get("ktp-scan.jpg")?;
    let id = stack.api.uploaded(&user, &card.document_type, &card.file, &content).await?;
    stack.wait_for(&id, &["processing"], PATIENCE).await?;
    stack.workers[0].kill();
    assert_eq!(stack.state(&id).await?.0, "processing", "the worker was too fast to be killed");
    stack.start_worker(&[]).await?;
    let end = stack.wait_for(&id, &["completed", "failed"], PATIENCE).await?;
    assert_eq!(end.1, "auto_approved");
    assert_one_result(&stack, &id).await?;
    let key: uuid::Uuid = id.parse()?;
    let row =
        stack.sql.query_one("SELECT attempts, lease_epoch FROM documents WHERE id = $1", &[&key]).await?;
    assert_eq!(row.get::<_, i32>(0), 1, "an unexplained loss of a lease is one attempt");
    assert!(row.get::<_, i64>(1) >= 2, "INV-3: the second worker's lease has a higher epoch");
    Ok(())
}

/// INV-1.
#[tokio::test(flavor = "multi_thread")]
async fn inv_1_sigterm_gives_a_document_back_without_an_attempt() -> Result<()> {
    let mut stack = Stack::start(short_leases()).await?;
    let (cards, user) = (Cards::demo()?, stack.api.new_user().await?);
    let (card, content) = cards.get("ktp-scan.jpg")?;
    let id = stack.api.uploaded(&user, &card.document_type, &card.file, &content).await?;
    stack.wait_for(&id, &["processing"], PATIENCE).await?;
    assert!(stack.workers[0].terminate(), "the worker was not gone 30 s after SIGTERM");
    stack.start_worker(&[]).await?;
    let end = stack.wait_for(&id, &["completed", "failed"], PATIENCE).await?;
    assert_eq!(end.1, "auto_approved");
    assert_one_result(&stack, &id).await?;
    let key: uuid::Uuid = id.parse()?;
    let row = stack.sql.query_one("SELECT attempts FROM documents WHERE id = $1", &[&key]).await?;
    assert_eq!(row.get::<_, i32>(0), 0, "giving work back costs no attempt");
    Ok(())
}

/// INV-1.
#[tokio::test(flavor = "multi_thread")]
async fn inv_1_the_sweeper_queues_uploads_that_no_queue_took() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let (cards, user) = (Cards::demo()?, stack.api.new_user().await?);
    let (card, content) = cards.get("ktp-scan.jpg")?;
    stack.queue_proxy.close();
    let id = stack.api.uploaded(&user, &card.document_type, &card.file, &content).await?;
    assert_eq!(stack.state(&id).await?.0, "uploaded");
    stack.queue_proxy.open();
    // The template's schedule invokes the sweeper every minute.
    let end = stack.wait_for(&id, &["completed", "failed"], PATIENCE).await?;
    assert_eq!(end.1, "auto_approved");
    assert_one_result(&stack, &id).await?;

    // A message that is delivered again, late, has no effect.
    let body = json!({
        "documentId": id,
        "correlationId": "a-message-that-comes-twice",
        "enqueuedAt": chrono::Utc::now().to_rfc3339(),
    });
    let queue = &stack.deployment.cpu_queue_url;
    stack.sqs().send_message().queue_url(queue).message_body(body.to_string()).send().await?;
    drained(&stack).await?;
    assert_one_result(&stack, &id).await
}

/// Waits until the queue is empty: no visible message, none in flight.
async fn drained(stack: &Stack) -> Result<()> {
    use aws_sdk_sqs::types::QueueAttributeName::{
        ApproximateNumberOfMessages as Visible, ApproximateNumberOfMessagesNotVisible as InFlight,
    };
    let deadline = Instant::now() + PATIENCE;
    loop {
        let answer = stack
            .sqs()
            .get_queue_attributes()
            .queue_url(&stack.deployment.cpu_queue_url)
            .attribute_names(Visible)
            .attribute_names(InFlight)
            .send()
            .await?;
        let attributes = answer.attributes.unwrap_or_default();
        if [Visible, InFlight].iter().all(|name| attributes.get(name).is_some_and(|count| count == "0")) {
            return Ok(());
        }
        assert!(Instant::now() < deadline, "the queue does not drain: {attributes:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// INV-5.
#[tokio::test(flavor = "multi_thread")]
async fn inv_5_a_review_waits_for_buli2_as_long_as_it_is_down() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let (cards, user) = (Cards::demo()?, stack.api.new_user().await?);
    let (card, content) = cards.get("ktp-contradiction.jpg")?;
    stack.buli2.set_reviewer(Reviewer::Approves);
    stack.buli2.set_health(Health::Answers(503, None));
    let mut calls = stack.buli2.calls();
    let id = stack.api.uploaded(&user, &card.document_type, &card.file, &content).await?;
    stack.wait_for(&id, &["ai_evaluated/pending_manual_review"], PATIENCE).await?;
    // A dispatch failed, and the review still waits in the outbox.
    tokio::time::timeout(PATIENCE, calls.wait_for(|calls| *calls >= 1)).await??;
    stack.invoke("review-dispatch", &json!({})).await?;
    let key: uuid::Uuid = id.parse()?;
    let waiting = "SELECT count(*) FROM manual_reviews WHERE document_id = $1 AND status = 'pending' \
                   AND dispatch_state IN ('queued', 'sending')";
    let found: i64 = stack.sql.query_one(waiting, &[&key]).await?.get(0);
    assert_eq!(found, 1, "INV-5: a review without a dispatch row");
    assert!(stack.buli2.task_of(&id).is_none());

    // BULI2 is back: the schedule dispatches the review after its back-off.
    stack.buli2.set_health(Health::Well);
    let deadline = Instant::now() + PATIENCE;
    while stack.buli2.task_of(&id).is_none() {
        assert!(Instant::now() < deadline, "INV-5: BULI2 never got the review");
        stack.invoke("review-dispatch", &json!({})).await?;
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let end = stack.wait_for(&id, &["completed", "failed"], PATIENCE).await?;
    assert_eq!(end.1, "manually_approved");
    assert_eq!(stack.buli2.task_of(&id).map(|task| task.times_sent), Some(1));
    Ok(())
}
