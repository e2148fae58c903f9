//! A reviewer who decides once per review, by a rule or always the same way.

use std::time::Duration;

use axum::http::header;

use super::callback::call_back;
use super::state::{Reviewer, Shared, Task, lock};
use crate::Result;

/// Tries of a callback. After that only a request to BULI2 shows the decision.
const CALLBACK_TRIES: u32 = 20;
const CALLBACK_PAUSE: Duration = Duration::from_millis(500);

/// Looks at the card, decides and calls back.
pub(super) async fn review(shared: &Shared, task: Task) {
    let reviewer = *lock(&shared.reviewer);
    if reviewer == Reviewer::Asleep {
        return;
    }
    let review_id = task.request["reviewId"].as_str().unwrap_or_default().to_owned();
    let saw_card = fetch_card(shared, &review_id).await.unwrap_or(false);
    if let Some(task) = lock(&shared.tasks).get_mut(&review_id) {
        task.saw_card = saw_card;
    }
    let contradicts = task.request["reasons"].as_array().is_some_and(|reasons| {
        reasons.iter().any(|reason| {
            reason.as_str().is_some_and(|code| code.ends_with("_mismatch") || code.starts_with("identity_"))
        })
    });
    let (decision, notes) = match reviewer {
        Reviewer::Approves => ("approved", "the reviewer approves everything"),
        Reviewer::Rejects => ("rejected", "the reviewer rejects everything"),
        _ if !saw_card => ("rejected", "the card cannot be opened"),
        _ if contradicts => ("rejected", "the card contradicts itself, or what is known of its holder"),
        _ => ("approved", "the card looks genuine"),
    };
    for _ in 0..CALLBACK_TRIES {
        let answered = call_back(shared, &task, decision, notes).await;
        if matches!(answered, Ok(status) if status < 500 && status != 429) {
            return;
        }
        tokio::time::sleep(CALLBACK_PAUSE).await;
    }
}

/// Whether our route redirects to a picture or a PDF.
async fn fetch_card(shared: &Shared, review_id: &str) -> Result<bool> {
    let url = format!("{}/internal/reviews/{review_id}/file", lock(&shared.api_url));
    let answer = shared.http.get(url).bearer_auth(&shared.keys.service_key).send().await?;
    let location = answer.headers().get(header::LOCATION).ok_or("no redirect")?.to_str()?.to_owned();
    let file = shared.http.get(location).send().await?.error_for_status()?.bytes().await?;
    Ok([b"\xff\xd8\xff".as_slice(), b"\x89PNG", b"%PDF-"].iter().any(|magic| file.starts_with(magic)))
}
