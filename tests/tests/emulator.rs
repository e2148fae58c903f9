//! Every function under AWS's own runtime interface emulator: it starts as it does in Lambda, receives the events of
//! `events/`, and must answer with the status that their file names promise.

use std::collections::BTreeMap;
use std::path::Path;

use filot_e2e::stack::emulator::Emulator;
use filot_e2e::{Options, Result, Stack, paths};
use filot_platform::Role;
use serde_json::Value;

/// The name and the content of an event.
type Event = (String, Value);

/// The events of each function, in the order of their names: a first decision comes before a contrary one.
fn events() -> Result<BTreeMap<String, Vec<Event>>> {
    let mut events: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for folder in std::fs::read_dir(paths::root().join("events"))? {
        let folder = folder?;
        let mut of_function = Vec::new();
        for file in std::fs::read_dir(folder.path())? {
            let path = file?.path();
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            of_function.push((name, serde_json::from_slice(&std::fs::read(path)?)?));
        }
        of_function.sort_by(|a, b| a.0.cmp(&b.0));
        events.insert(folder.file_name().to_string_lossy().into_owned(), of_function);
    }
    assert_eq!(events.len(), Role::ALL.len() - 1, "every role but the worker's has events");
    Ok(events)
}

/// The outcome of an answer, in the form of [`promised`].
fn outcome(answer: &Value) -> String {
    if answer.get("errorType").is_some() {
        return "error".to_owned();
    }
    answer["statusCode"].as_u64().map_or_else(|| "done".to_owned(), |status| status.to_string())
}

/// The outcome that the name of an event promises: a status, `error` or `done`.
fn promised(name: &str) -> &str {
    match name.split('-').next() {
        Some(status) if status.parse::<u16>().is_ok() => status,
        Some("error") => "error",
        _ => "done",
    }
}

/// Sends every event to its function; returns the answers that are not `accepted`.
async fn run_all(
    environment: &BTreeMap<String, String>,
    log: &Path,
    accepted: fn(&str, &str) -> bool,
) -> Result<Vec<String>> {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (function, events) in events()? {
        let emulator = Emulator::start(&function, environment, log).await?;
        for (name, event) in events {
            let answer =
                emulator.invoke(&event).await.map_err(|error| format!("{function}/{name}: {error}"))?;
            let outcome = outcome(&answer);
            tried += 1;
            if !accepted(promised(&name), &outcome) {
                let code = answer["errorMessage"].as_str().or(answer["body"].as_str()).unwrap_or_default();
                wrong.push(format!("{function}/{name}: {outcome} {code}"));
            }
        }
    }
    eprintln!("emulator: {tried} events");
    assert!(tried > 80, "only {tried} events were tried");
    Ok(wrong)
}

/// INV-8: while its servers are away, a function answers requests that need none, and 503 to all others; it never hangs.
#[tokio::test]
async fn inv_8_functions_answer_while_their_servers_are_away() -> Result<()> {
    let nobody = |path: &str| format!("http://127.0.0.1:9{path}");
    let environment: BTreeMap<_, _> = [
        ("FILOT_ENV", "local".to_owned()),
        ("DATABASE_URL", "postgres://filot@127.0.0.1:9/filot".to_owned()),
        ("DATABASE_SCORING_URL", "postgres://filot@127.0.0.1:9/filot".to_owned()),
        ("DATABASE_REVIEWS_URL", "postgres://filot@127.0.0.1:9/filot".to_owned()),
        ("DATABASE_MIGRATE_URL", "postgres://filot@127.0.0.1:9/filot".to_owned()),
        ("REDIS_URL", "redis://127.0.0.1:9".to_owned()),
        ("CF_R2_ENDPOINT", nobody("")),
        ("CF_R2_ACCESS_KEY_ID", "test".to_owned()),
        ("CF_R2_SECRET_ACCESS_KEY", "test".to_owned()),
        ("CF_R2_BUCKET_NAME", "filot".to_owned()),
        ("OCR_GPU_QUEUE_URL", nobody("/gpu")),
        ("OCR_CPU_QUEUE_URL", nobody("/cpu")),
        ("OCR_GPU_DLQ_URL", nobody("/gpu-dead-letters")),
        ("OCR_CPU_DLQ_URL", nobody("/cpu-dead-letters")),
        ("STACK_API_URL", nobody("")),
        ("BULI2_API_URL", nobody("")),
        ("BULI2_CALLBACK_URL", nobody("")),
        ("SCORING_FUNCTION", "scoring".to_owned()),
        ("REVIEW_DISPATCH_FUNCTION", "review-dispatch".to_owned()),
        ("AWS_ENDPOINT_URL_SQS", nobody("")),
        ("AWS_ENDPOINT_URL_LAMBDA", nobody("")),
        ("AWS_REGION", "ap-southeast-1".to_owned()),
        ("AWS_ACCESS_KEY_ID", "test".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "test".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    let folder = tempfile::tempdir()?;
    let wrong = run_all(&environment, &folder.path().join("emulator.log"), |promised, outcome| {
        // A function without a route fails, so that Lambda or the schedule invokes it again.
        outcome == promised || outcome == "503" || (promised == "done" && outcome == "error")
    })
    .await?;
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}

/// INV-8: without its secrets a function has no configuration; it answers 503, instead of the gateway's 502.
#[tokio::test]
async fn inv_8_a_function_without_secrets_answers_503() -> Result<()> {
    let environment: BTreeMap<_, _> = [
        ("FILOT_ENV", "production"),
        ("OCR_GPU_QUEUE_URL", "http://127.0.0.1:9/gpu"),
        ("OCR_CPU_QUEUE_URL", "http://127.0.0.1:9/cpu"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_REGION", "ap-southeast-1"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let folder = tempfile::tempdir()?;
    let emulator = Emulator::start("health", &environment, &folder.path().join("health.log")).await?;
    let event =
        events()?.remove("health").and_then(|mut events| events.pop()).ok_or("health has an event")?.1;
    for _ in 0..2 {
        let answer = emulator.invoke(&event).await?;
        assert_eq!(answer["statusCode"], 503, "{answer}");
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
        assert_eq!(body["code"], "unavailable", "{answer}");
    }
    Ok(())
}

/// With the stack running, every event gets exactly the promised answer.
#[tokio::test(flavor = "multi_thread")]
async fn every_event_gets_its_promised_answer_under_the_emulator() -> Result<()> {
    let options = Options { without_worker: true, demo_data: true, ..Options::default() };
    let stack = Stack::start(options).await?;
    let log = stack.logs().join("emulator.log");
    let wrong = run_all(&stack.function_environment(), &log, |promised, outcome| promised == outcome).await?;
    assert!(wrong.is_empty(), "{wrong:#?}");
    Ok(())
}
