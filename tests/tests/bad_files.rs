//! INV-1, INV-8: the corpus of bad files, sent as a client would: all that the upload function can refuse by their first
//! bytes, and some of every class through the whole stack.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;
use std::time::{Duration, Instant};

use filot_e2e::client::event;
use filot_e2e::stack::redis_wire;
use filot_e2e::stack::runtime_api::Instance;
use filot_e2e::{Options, Result, Stack, User, paths};
use filot_testkit::bad_files::{self, BadFile};
use reqwest::Method;
use serde_json::Value;

/// Uploads are limited to ten a minute and user.
const FILES_PER_USER: usize = 10;
const PER_CLASS: usize = 6;
/// Some files use the full time limit of a reader in every attempt.
const PATIENCE: Duration = Duration::from_secs(240);

/// A file that was answered 201.
struct Taken {
    user: User,
    id: String,
    name: String,
}

/// Sends a file; expects 201 or a client error.
async fn send(stack: &Stack, user: &User, file: &BadFile) -> Result<std::result::Result<Taken, String>> {
    let kind = if file.bytes.len().is_multiple_of(2) { "KTP" } else { "NPWP" };
    let answer = stack.api.upload_as(user, kind, file.mime, &file.bytes).await?;
    let status = answer.status.as_u16();
    if status == 201 {
        let id = answer.body["document"]["id"].as_str().ok_or("an upload without an id")?.to_owned();
        return Ok(Ok(Taken { user: user.clone(), id, name: file.name.clone() }));
    }
    assert!((400..500).contains(&status), "INV-8: {} is answered {status}: {}", file.name, answer.body);
    let media = answer.headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
    assert!(media.starts_with("application/problem+json"), "{}: {media}: {}", file.name, answer.body);
    let code = answer.body["code"].as_str().ok_or_else(|| format!("{}: {}", file.name, answer.body))?;
    Ok(Err(format!("{status} {code}")))
}

/// Waits until no document is being processed.
async fn all_final(stack: &Stack) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let open = stack
            .sql
            .query(
                "SELECT id::text || ' ' || status || ', attempt ' || attempts FROM documents \
                 WHERE status NOT IN ('completed', 'failed', 'ai_evaluated')",
                &[],
            )
            .await?;
        if open.is_empty() {
            return Ok(());
        }
        if Instant::now() > deadline {
            let open: Vec<String> = open.iter().map(|row| row.get(0)).collect();
            return Err(format!("INV-1: not final after {PATIENCE:?}: {open:#?}").into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn told(counts: &BTreeMap<String, usize>) -> String {
    counts.iter().map(|(what, count)| format!("{what} {count}")).collect::<Vec<_>>().join(", ")
}

/// Panics in the logs of the stack, and where. A decoder may panic inside a reader, which catches it and reports the file
/// as damaged.
fn panics(stack: &Stack) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(stack.logs())? {
        let path = entry?.path();
        let text = String::from_utf8_lossy(&std::fs::read(&path)?).into_owned();
        let lines = text.lines().filter(|line| line.contains("panic") && !line.contains("a reader says"));
        found.extend(lines.map(|line| format!("{}: {line}", path.display())));
    }
    Ok(found)
}

/// Sends every file that its first bytes identify as bad to the function itself, and a form above the size limit. Each
/// must be refused with a code. Returns the number of refusals by code.
async fn refusals(stack: &Stack) -> Result<BTreeMap<String, usize>> {
    let user = stack.api.new_user().await?;
    let mut command = Command::new(paths::program("documents-upload")?);
    let mut function = Instance::start(command.env_clear().envs(stack.environment())).await?;
    let six_megabytes =
        BadFile { name: "6 MB".to_owned(), class: "large", mime: "image/jpeg", bytes: vec![0xff; 6_000_000] };
    let given_away = bad_files::corpus()
        .into_iter()
        .filter(|file| filot_media::inspect(&file.bytes, Some(file.mime)).is_err());
    let mut refused = BTreeMap::new();
    for (n, file) in given_away.chain([six_megabytes]).enumerate() {
        if n % FILES_PER_USER == 0 {
            // Rate limits are tested elsewhere.
            redis_wire::command(&stack.redis.url(), &["FLUSHALL"]).await?;
        }
        let event = event::upload(&user.access_token, "203.0.113.7", "KTP", file.mime, &file.bytes);
        let (_, answer) = function.invoke(&event).await?;
        let status = answer["statusCode"].as_u64().unwrap_or_default();
        assert!((400..500).contains(&status) && status != 429, "INV-8: {} is answered {answer}", file.name);
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
        let code = body["code"].as_str().ok_or_else(|| format!("{}: {answer}", file.name))?;
        *refused.entry(format!("{status} {code}")).or_default() += 1;
    }
    Ok(refused)
}

#[tokio::test(flavor = "multi_thread")]
async fn inv_8_bad_files_are_refused_or_fail_with_a_reason() -> Result<()> {
    let stack = Stack::start(Options::default()).await?;
    let given_away = refusals(&stack).await?;
    let all: usize = given_away.values().sum();
    println!("bad files at the upload function: {all} refused: {}", told(&given_away));
    assert!(all >= 2000, "only {all} files were refused");
    let files = bad_files::sample(PER_CLASS);
    let classes: BTreeSet<_> = files.iter().map(|file| file.class).collect();
    assert!(files.len() >= 150, "only {} files", files.len());

    let (mut taken, mut refused) = (Vec::new(), BTreeMap::<String, usize>::new());
    for some in files.chunks(FILES_PER_USER) {
        let user = stack.api.new_user().await?;
        for file in some {
            match send(&stack, &user, file).await? {
                Ok(document) => taken.push(document),
                Err(code) => *refused.entry(code).or_default() += 1,
            }
        }
    }
    all_final(&stack).await?;

    let mut outcomes = BTreeMap::<String, usize>::new();
    for Taken { user, id, name } in &taken {
        let document = stack.api.document(user, id).await?;
        let status = document["status"].as_str().unwrap_or_default().to_owned();
        let outcome = if status == "failed" {
            let reasons: Vec<&str> =
                document["reasons"].as_array().into_iter().flatten().filter_map(|r| r.as_str()).collect();
            assert!(!reasons.is_empty(), "INV-8: {name} failed without a reason: {document}");
            format!("failed {}", reasons.join("+"))
        } else {
            let verification = document["verificationStatus"].as_str().unwrap_or_default();
            assert!(verification != "pending", "INV-1: {name}: {document}");
            assert!(document["score"].is_number(), "INV-1: {name}: {document}");
            verification.to_owned()
        };
        *outcomes.entry(outcome).or_default() += 1;
    }
    println!(
        "bad files on the stack: {} of {} classes, refused by code: {}; {} taken: {}",
        files.len(),
        classes.len(),
        told(&refused),
        taken.len(),
        told(&outcomes)
    );

    // The stack still works: the same worker, every function, and a good card is approved.
    assert_eq!(stack.workers.len(), 1);
    stack.workers[0].health().await?;
    let health = stack.api.call(Method::GET, "/health", None, None).await?.expect(200)?;
    assert_eq!(health["status"], "ok", "{health}");
    let user = stack.api.new_user().await?;
    let id = stack.api.uploaded(&user, "KTP", "card.jpg", bad_files::KTP).await?;
    let (status, _) = stack.wait_for(&id, &["completed", "ai_evaluated", "failed"], PATIENCE).await?;
    assert_ne!(status, "failed", "INV-8: a good card is no longer read");
    let panics = panics(&stack)?;
    assert!(panics.is_empty(), "INV-8: {panics:#?}");
    Ok(())
}
