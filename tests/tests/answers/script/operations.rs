//! Routes for operators: health, the OpenAPI document, metrics, queues; and functions without a route.

use filot_e2e::Result;
use filot_platform::local;
use filot_store::seed;
use serde_json::json;

use super::{NOBODY, demo_token};
use crate::recorder::Recorder;

/// What does not depend on the rest of the script.
pub async fn probes(recorder: &mut Recorder<'_>) -> Result<()> {
    recorder.group("operations");
    let health = |recorder: &Recorder<'_>| recorder.to("GET", "/health");
    recorder.ask("health", health(recorder)?).await?;
    let probe = health(recorder)?.header("x-correlation-id", "given by-the-client");
    recorder.ask("health: a correlation id that is malformed", probe).await?;
    let probe = health(recorder)?.header("x-correlation-id", "3174015708950001");
    recorder.ask("health: a correlation id that looks like a person's number", probe).await?;
    let origin = recorder.stack.api_page.url().trim_end_matches("/docs/").to_owned();
    let probe = health(recorder)?.header("origin", origin);
    recorder.ask("health: from an allowed origin", probe).await?;
    let probe = health(recorder)?.header("origin", "https://somebody.example");
    recorder.ask("health: from another origin", probe).await?;
    recorder.ask("openapi", recorder.to("GET", "/openapi.json")?).await?;

    let queue = |recorder: &Recorder<'_>| recorder.to("POST", "/internal/ocr/queue");
    let key = local::SERVICE_INTERNAL_KEY;
    recorder.ask("queue status: no key", queue(recorder)?).await?;
    recorder.ask("queue status: a wrong key", queue(recorder)?.bearer("wrong")).await?;
    recorder.ask("queue status: a user's token", queue(recorder)?.bearer(&demo_token()?)).await?;
    recorder.ask("queue status", queue(recorder)?.bearer(key)).await?;

    let scored = json!({"documentId": seed::COMPLETED, "correlationId": "recorded-answers"});
    recorder.invoke("scoring: decided before", "scoring", &scored).await?;
    let waiting = json!({"documentId": seed::UPLOADED, "correlationId": "recorded-answers"});
    recorder.invoke("scoring: not read yet", "scoring", &waiting).await?;
    let unknown = json!({"documentId": NOBODY, "correlationId": "recorded-answers"});
    recorder.invoke("scoring: unknown document", "scoring", &unknown).await?;
    recorder.invoke("scoring: no request", "scoring", &json!({"document": 1})).await?;
    let read = json!({"documentId": seed::READ, "correlationId": "recorded-answers"});
    recorder.invoke("scoring: decides", "scoring", &read).await?;
    recorder.invoke("scoring: the same again", "scoring", &read).await?;
    recorder.invoke("migrate: nothing to do", "migrate", &json!({})).await
}

/// What counts everything that the script did.
pub async fn counts(recorder: &mut Recorder<'_>) -> Result<()> {
    recorder.group("counts");
    let queue = recorder.to("POST", "/internal/ocr/queue")?.bearer(local::SERVICE_INTERNAL_KEY);
    recorder.ask("queue status at the end", queue).await?;
    let metrics = |recorder: &Recorder<'_>| recorder.to("GET", "/metrics");
    recorder.ask("metrics as JSON", metrics(recorder)?).await?;
    recorder.ask("metrics as text", metrics(recorder)?.header("accept", "text/plain")).await?;
    let probe = metrics(recorder)?.header("accept", "text/plain;q=0.2, application/json");
    recorder.ask("metrics as JSON, which is preferred", probe).await?;
    Ok(())
}
