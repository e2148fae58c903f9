//! The script: the requests in their order. A later request may depend on the effects of earlier ones.

mod auth;
mod documents;
mod operations;
mod reviews;

use chrono::Utc;
use filot_e2e::Result;
use filot_e2e::client::forge;
use filot_e2e::client::probe::Probe;
use filot_store::seed;
use serde_json::Value;

use crate::recorder::Recorder;

/// An id that names nothing.
const NOBODY: &str = "00000000-0000-7000-8000-00000000ffff";
/// Stack Auth's id of somebody who registers in the script, and their address.
const NEWCOMER: (&str, &str) = ("00000000-0000-4000-8000-0000000000bb", "newcomer@filot.test");

/// Asks everything.
pub async fn run(recorder: &mut Recorder<'_>) -> Result<()> {
    operations::probes(recorder).await?;
    // The newcomer owns nothing: to them the demo user's documents are somebody else's.
    let newcomer = auth::ask(recorder).await?;
    documents::ask(recorder, &newcomer).await?;
    reviews::ask(recorder, &newcomer).await?;
    operations::counts(recorder).await
}

/// The access token of the demo user in their session.
fn demo_token() -> Result<String> {
    session_token(&seed::SESSION.to_string())
}

/// The access token of the demo user in a session.
fn session_token(session: &str) -> Result<String> {
    let now = Utc::now().timestamp();
    forge::access(&forge::access_claims(&seed::USER.to_string(), session, now - 1, now + 600))
}

/// A body that is sent as it stands.
fn raw(mut probe: Probe, content_type: &str, body: impl Into<Vec<u8>>) -> Probe {
    probe.body = body.into();
    probe.header("content-type", content_type)
}

/// Who has no good bearer token for a route, and what is asked in their name.
async fn strangers(
    recorder: &mut Recorder<'_>,
    name: &str,
    method: &str,
    path: &str,
    good: &str,
) -> Result<()> {
    recorder.ask(&format!("{name}: no token"), recorder.to(method, path)?).await?;
    let nonsense = recorder.to(method, path)?.bearer("nonsense");
    recorder.ask(&format!("{name}: a token that is none"), nonsense).await?;
    let basic = recorder.to(method, path)?.header("authorization", format!("Basic {good}"));
    recorder.ask(&format!("{name}: another scheme"), basic).await?;
    Ok(())
}

/// The text of a field.
fn text(value: &Value) -> Result<String> {
    value.as_str().map(str::to_owned).ok_or_else(|| format!("expected text, got {value}").into())
}
