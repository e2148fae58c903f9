//! A reviewer that uses everything the contract allows: decides before the answer to the request, late, twice, both
//! ways at once, by task id alone, by a signed path, or never. Sometimes somebody else tries a forged signature first.

use std::sync::Arc;
use std::time::Duration;

use rand::Rng;
use serde_json::{Value, json};

use super::callback::send_decision;
use super::state::{Shared, Task, lock};

/// Tries of a decision until it is accepted or refused.
const TRIES: u32 = 120;
const PAUSE: Duration = Duration::from_millis(500);
/// Timeout of a decision that is sent before the answer to the request.
const EARLY: Duration = Duration::from_secs(5);

/// Where a decision names its review.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Naming {
    /// In the signed body, by its id.
    Body,
    /// In the signed body, by the task's id.
    Task,
    /// In the path, which is signed as well.
    Path,
}

/// What the reviewer does with one task, drawn at random.
#[derive(Debug, Clone, Copy)]
struct Behaviour {
    decision: &'static str,
    sleeps: bool,
    is_early: bool,
    late_ms: u64,
    repeats: bool,
    contradicts: bool,
    at_once: bool,
    naming: Naming,
    is_forged_first: bool,
}

fn draw(shared: &Shared) -> Behaviour {
    let mut rng = lock(&shared.rng);
    Behaviour {
        decision: if rng.random_bool(0.6) { "approved" } else { "rejected" },
        sleeps: rng.random_bool(0.04),
        is_early: rng.random_bool(0.25),
        late_ms: rng.random_range(0..3000),
        repeats: rng.random_bool(0.3),
        contradicts: rng.random_bool(0.3),
        at_once: rng.random_bool(0.15),
        naming: match rng.random_range(0..10) {
            0 | 1 => Naming::Task,
            2 | 3 => Naming::Path,
            _ => Naming::Body,
        },
        is_forged_first: rng.random_bool(0.1),
    }
}

/// Takes a task; returns when the request may be answered.
pub(super) async fn take(shared: &Arc<Shared>, task: Task) {
    let behaviour = draw(shared);
    if behaviour.sleeps {
        return;
    }
    let mut early = false;
    if behaviour.is_early {
        let sent =
            tokio::time::timeout(EARLY, say(shared, &task, behaviour.decision, behaviour.naming)).await;
        early = matches!(sent, Ok(Some(status)) if is_answer(status));
    }
    let shared = Arc::clone(shared);
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(behaviour.late_ms)).await;
        if behaviour.is_forged_first {
            forge(&shared, &task, contrary(behaviour.decision)).await;
        }
        if behaviour.at_once {
            tokio::join!(
                until_answered(&shared, &task, behaviour.decision, behaviour.naming),
                until_answered(&shared, &task, contrary(behaviour.decision), Naming::Body),
            );
        } else if !early {
            until_answered(&shared, &task, behaviour.decision, behaviour.naming).await;
        }
        if behaviour.contradicts {
            until_answered(&shared, &task, contrary(behaviour.decision), Naming::Body).await;
        }
        if behaviour.repeats {
            until_answered(&shared, &task, behaviour.decision, Naming::Body).await;
            until_answered(&shared, &task, behaviour.decision, behaviour.naming).await;
        }
    });
}

fn contrary(decision: &str) -> &'static str {
    if decision == "approved" { "rejected" } else { "approved" }
}

/// Whether a status is final; all others are retried.
fn is_answer(status: u16) -> bool {
    status < 500 && status != 429
}

async fn until_answered(shared: &Shared, task: &Task, decision: &str, naming: Naming) {
    for _ in 0..TRIES {
        if say(shared, task, decision, naming).await.is_some_and(is_answer) {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn say(shared: &Shared, task: &Task, decision: &str, naming: Naming) -> Option<u16> {
    let url = url(task, naming)?;
    send_decision(shared, task, &url, &body(task, decision, naming), &shared.keys.signature_secret).await.ok()
}

async fn forge(shared: &Shared, task: &Task, decision: &str) {
    if let Some(url) = url(task, Naming::Body) {
        // The answer is recorded with the task.
        let _ =
            send_decision(shared, task, &url, &body(task, decision, Naming::Body), "not-the-secret-of-buli2")
                .await;
    }
}

/// The callback address, with the review in its path or without.
fn url(task: &Task, naming: Naming) -> Option<String> {
    let url = task.request["callbackUrl"].as_str()?;
    let url = if naming == Naming::Task { url.rsplit_once('/')?.0 } else { url };
    Some(url.to_owned())
}

fn body(task: &Task, decision: &str, naming: Naming) -> Value {
    match naming {
        Naming::Task => {
            return json!({"taskId": task.task_id, "decision": decision, "documentId": task.request["documentId"]});
        }
        Naming::Path => return json!({"decision": decision, "notes": "an erratic reviewer"}),
        Naming::Body => {}
    }
    json!({
        "reviewId": task.request["reviewId"],
        "taskId": task.task_id,
        "decision": decision,
        "notes": "an erratic reviewer",
        "documentId": task.request["documentId"],
        "userId": task.request["userId"],
    })
}
