//! BULI2's routes: reviews, their cards, and signed decisions through the gateway and through the function's own URL.

use chrono::Utc;
use filot_buli2::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use filot_e2e::Result;
use filot_e2e::client::forge;
use filot_e2e::client::probe::Probe;
use filot_platform::local;
use filot_store::seed;
use serde_json::{Value, json};

use super::{NOBODY, demo_token, strangers, text};
use crate::recorder::Recorder;

/// Longer than a timestamp may be away.
const TOO_FAR_S: i64 = 3600;

/// Asks everything of these routes.
pub async fn ask(recorder: &mut Recorder<'_>, newcomer: &str) -> Result<()> {
    let review = seed::REVIEW.to_string();
    look(recorder, newcomer, &review).await?;
    refusals(recorder, &review).await?;
    decisions(recorder, &review).await?;
    escalated(recorder).await
}

async fn look(recorder: &mut Recorder<'_>, newcomer: &str, review: &str) -> Result<()> {
    recorder.group("review");
    for (name, path) in [("review", "/internal/reviews/{id}"), ("card", "/internal/reviews/{id}/file")] {
        let at = |id: &str| path.replace("{id}", id);
        strangers(recorder, name, "GET", &at(review), local::SERVICE_INTERNAL_KEY).await?;
        let probe = recorder.to("GET", &at(review))?.bearer(newcomer);
        recorder.ask(&format!("{name}: a user's token"), probe).await?;
        for (what, id) in [("unknown", NOBODY), ("no id", "no-id"), ("pending", review)] {
            let probe = recorder.to("GET", &at(id))?.bearer(local::SERVICE_INTERNAL_KEY);
            recorder.ask(&format!("{name}: {what}"), probe).await?;
        }
    }
    Ok(())
}

/// A callback with BULI2's key, and whatever signature its body deserves under this secret at this time.
fn signed(probe: Probe, body: &str, secret: &str, at: i64) -> Probe {
    let timestamp = at.to_string();
    let signature = sign(secret.as_bytes(), Some(&timestamp), body.as_bytes());
    let mut probe = probe
        .bearer(local::SERVICE_INTERNAL_KEY)
        .header("content-type", "application/json")
        .header(TIMESTAMP_HEADER, timestamp)
        .header(SIGNATURE_HEADER, signature);
    probe.body = body.as_bytes().to_vec();
    probe
}

fn by_buli2(probe: Probe, body: &Value) -> Probe {
    signed(probe, &body.to_string(), local::BULI2_SIGNATURE_SECRET, Utc::now().timestamp())
}

async fn refusals(recorder: &mut Recorder<'_>, review: &str) -> Result<()> {
    recorder.group("callback");
    let path = format!("/internal/reviews/{review}/callback");
    let body =
        json!({"reviewId": review, "decision": "approved", "notes": "Sesuai", "documentId": seed::IN_REVIEW});
    let (text, now) = (body.to_string(), Utc::now().timestamp());
    let secret = local::BULI2_SIGNATURE_SECRET;
    let to = |recorder: &Recorder<'_>| recorder.to("POST", &path);

    recorder.ask("no key, no signature", to(recorder)?.json(&body)).await?;
    let mut probe = signed(to(recorder)?, &text, secret, now);
    probe.headers.retain(|(name, _)| name != "authorization");
    recorder.ask("no key", probe).await?;
    let mut probe = signed(to(recorder)?, &text, secret, now);
    probe.headers.retain(|(name, _)| name != "authorization");
    recorder.ask("a user's token", probe.bearer(&demo_token()?)).await?;
    let probe = to(recorder)?.bearer(local::SERVICE_INTERNAL_KEY).json(&body);
    recorder.ask("no signature", probe).await?;
    recorder.ask("a forged signature", signed(to(recorder)?, &text, forge::FOREIGN_SECRET, now)).await?;
    recorder.ask("an old timestamp", signed(to(recorder)?, &text, secret, now - TOO_FAR_S)).await?;
    recorder.ask("a future timestamp", signed(to(recorder)?, &text, secret, now + TOO_FAR_S)).await?;
    let mut probe = signed(to(recorder)?, &text, secret, now);
    probe.body.push(b' ');
    recorder.ask("another body than was signed", probe).await?;

    for (what, body) in [
        ("no decision", json!({"documentId": seed::IN_REVIEW})),
        ("an unknown decision", json!({"reviewId": review, "decision": "perhaps"})),
        ("no review in the body", json!({"decision": "approved", "taskId": seed::TASK_ID})),
        ("another review in the body", json!({"decision": "approved", "reviewId": NOBODY})),
        (
            "another document in the body",
            json!({"reviewId": review, "decision": "approved", "documentId": seed::COMPLETED}),
        ),
        ("another user in the body", json!({"reviewId": review, "decision": "approved", "userId": NOBODY})),
        (
            "notes that are too long",
            json!({"reviewId": review, "decision": "approved", "notes": "n".repeat(1001)}),
        ),
        ("values of other types", json!({"decision": 1})),
        ("a list", json!([])),
    ] {
        recorder.ask(what, by_buli2(to(recorder)?, &body)).await?;
    }
    recorder.ask("malformed JSON", signed(to(recorder)?, "{", secret, now)).await?;
    for (what, id) in [("an unknown review", NOBODY), ("no id", "no-id")] {
        let probe = recorder.to("POST", &format!("/internal/reviews/{id}/callback"))?;
        recorder.ask(what, by_buli2(probe, &json!({"reviewId": id, "decision": "approved"}))).await?;
    }
    for (what, body) in [
        ("by body: names nothing", json!({"decision": "approved"})),
        ("by body: an unknown review", json!({"reviewId": NOBODY, "decision": "approved"})),
        ("by body: an unknown task", json!({"taskId": "task-99999", "decision": "approved"})),
    ] {
        let probe = recorder.to("POST", "/internal/reviews")?;
        recorder.ask(what, by_buli2(probe, &body)).await?;
    }
    let body = json!({"reviewId": review, "decision": "approved"}).to_string();
    let probe = signed(recorder.to_function_url("/")?, &body, forge::FOREIGN_SECRET, now);
    recorder.ask("function URL: a forged signature", probe).await?;
    Ok(())
}

async fn decisions(recorder: &mut Recorder<'_>, review: &str) -> Result<()> {
    recorder.group("decision");
    let path = format!("/internal/reviews/{review}/callback");
    let approved =
        json!({"reviewId": review, "decision": "approved", "notes": "Sesuai", "documentId": seed::IN_REVIEW});
    let contrary = json!({"reviewId": review, "decision": "rejected"});
    let nobodys = json!({"reviewId": NOBODY, "decision": "rejected"});
    let to = |recorder: &Recorder<'_>| recorder.to("POST", &path);
    recorder.ask("approved", by_buli2(to(recorder)?, &approved)).await?;
    recorder.ask("the same again", by_buli2(to(recorder)?, &approved)).await?;
    recorder.ask("the contrary", by_buli2(to(recorder)?, &contrary)).await?;
    for (what, body) in [
        ("by review: the same again", json!({"reviewId": review, "decision": "approved"})),
        ("by task: the same again", json!({"taskId": seed::TASK_ID, "decision": "approved"})),
        ("by task: the contrary", json!({"taskId": seed::TASK_ID, "decision": "rejected"})),
    ] {
        let probe = recorder.to("POST", "/internal/reviews")?;
        recorder.ask(what, by_buli2(probe, &body)).await?;
    }
    for (what, path, body) in [
        ("function URL: the same again", format!("/{review}"), &approved),
        ("function URL: the contrary", format!("/{review}"), &contrary),
        ("function URL: an unknown review", format!("/{NOBODY}"), &nobodys),
    ] {
        let probe = recorder.to_function_url(&path)?;
        recorder.ask(what, by_buli2(probe, body)).await?;
    }
    let key = local::SERVICE_INTERNAL_KEY;
    for (what, path, token) in [
        ("review, decided", format!("/internal/reviews/{review}"), key.to_owned()),
        ("card, decided", format!("/internal/reviews/{review}/file"), key.to_owned()),
        ("document, decided", format!("/documents/{}", seed::IN_REVIEW), demo_token()?),
        ("verification, decided", format!("/verification/status/{}", seed::IN_REVIEW), demo_token()?),
        ("me, with an approved card", "/auth/me".to_owned(), demo_token()?),
    ] {
        let probe = recorder.to("GET", &path)?.bearer(&token);
        recorder.ask(what, probe).await?;
    }
    Ok(())
}

/// The review that the script's escalation made.
async fn escalated(recorder: &mut Recorder<'_>) -> Result<()> {
    let document = seed::REJECTED.to_string();
    let task =
        recorder.stack.buli2.task_of(&document).ok_or("BULI2 has no review of the escalated document")?;
    let review = text(&task.request["reviewId"])?;
    let get = |recorder: &Recorder<'_>| -> Result<Probe> {
        Ok(recorder.to("GET", &format!("/internal/reviews/{review}"))?.bearer(local::SERVICE_INTERNAL_KEY))
    };
    recorder.ask("escalated: pending", get(recorder)?).await?;
    let body = json!({"taskId": task.task_id, "decision": "rejected", "notes": null});
    let probe = recorder.to("POST", "/internal/reviews")?;
    recorder.ask("escalated: rejected by its task", by_buli2(probe, &body)).await?;
    recorder.ask("escalated: decided", get(recorder)?).await?;
    let probe = recorder.to("DELETE", &format!("/documents/{document}"))?.bearer(&demo_token()?);
    recorder.ask("escalated: its document deleted", probe).await?;
    recorder.ask("escalated: of an erased document", get(recorder)?).await?;
    Ok(())
}
