//! The impatient sender, on the running stack: two accounts send all they can, and one honest user sends one card.

#![expect(clippy::panic, reason = "a test may stop at the first surprise")]

use std::time::Duration;

use filot_e2e::cards::Cards;
use filot_e2e::{Options, Result, Stack, User};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// The sum of all waits on a slow machine.
const PATIENCE: Duration = Duration::from_secs(240);
/// Uploads that each eager account tries.
const TRIES: usize = 6;
/// `UserDocumentsInFlightMax` of the template.
const IN_FLIGHT_MAX: usize = 3;

/// Uploads until nothing is taken any more. Returns the accepted documents and the number of refusals.
async fn send_all(stack: &Stack, user: &User, content: &[u8]) -> Result<(Vec<String>, usize)> {
    let (mut accepted, mut refused) = (Vec::new(), 0);
    for _ in 0..TRIES {
        let answer = stack.api.upload(user, "KTP", "card.jpg", content).await?;
        match answer.status.as_u16() {
            201 => accepted.push(answer.body["document"]["id"].as_str().unwrap_or_default().to_owned()),
            429 => {
                assert_eq!(answer.body["code"], "documents_in_flight");
                assert!(answer.headers.contains_key("retry-after"), "a refusal says when to come back");
                refused += 1;
            }
            status => panic!("{status}: {}", answer.body),
        }
    }
    Ok((accepted, refused))
}

/// INV-1: what was accepted is read, and whoever holds a reader waits for those who have not had one.
#[tokio::test(flavor = "multi_thread")]
async fn inv_1_two_accounts_do_not_hold_every_reader() -> Result<()> {
    // The deadline is long enough for a card on a slow machine.
    let environment = [("OCR_READERS", "2"), ("OCR_GPU_CONCURRENCY", "2"), ("OCR_READER_DEADLINE_S", "15")];
    let stack = Stack::start(Options {
        worker_environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
        limits_users: true,
        ..Options::default()
    })
    .await?;
    let cards = Cards::demo()?;
    let (_, content) = cards.get("ktp-scan.jpg")?;
    let (first, second, honest) =
        (stack.api.new_user().await?, stack.api.new_user().await?, stack.api.new_user().await?);

    // Readers that stand still are the most expensive files there are. The worker stands still until all was sent, so that
    // every message is in the queue when it looks.
    let worker = Pid::from_raw(i32::try_from(stack.workers[0].id())?);
    for reader in filot_testkit::process::children_of(stack.workers[0].id(), "gpu-worker") {
        kill(Pid::from_raw(reader), Signal::SIGSTOP)?;
    }
    kill(worker, Signal::SIGSTOP)?;
    let mut eager = Vec::new();
    let mut refused = 0;
    for user in [&first, &second] {
        let (accepted, refusals) = send_all(&stack, user, &content).await?;
        assert_eq!((accepted.len(), refusals), (IN_FLIGHT_MAX, TRIES - IN_FLIGHT_MAX));
        refused += refusals;
        eager.extend(accepted);
    }
    let card = stack.api.uploaded(&honest, "KTP", "card.jpg", &content).await?;
    kill(worker, Signal::SIGCONT)?;

    stack.wait_for(&card, &["completed", "ai_evaluated"], PATIENCE).await?;
    for id in &eager {
        stack.wait_for(id, &["completed", "ai_evaluated"], PATIENCE).await?;
    }
    // Before the honest user's card, each eager account had one turn at most.
    let key: uuid::Uuid = card.parse()?;
    let sql = "SELECT d.user_id::text, count(*) FROM document_events e JOIN documents d ON d.id = e.document_id \
               WHERE e.event IN ('claimed', 'reclaimed') AND d.id <> $1 \
                 AND e.at <= (SELECT min(at) FROM document_events WHERE document_id = $1 AND event = 'claimed') \
               GROUP BY d.user_id";
    let turns: Vec<i64> = stack.sql.query(sql, &[&key]).await?.iter().map(|row| row.get(1)).collect();
    assert!(turns.iter().all(|turns| *turns <= 1), "turns before the honest user's: {turns:?}");
    eprintln!("adversary: impatient sender attempts={} refused={refused} paid=0", 2 * TRIES);
    Ok(())
}
