//! Two users with one identity: both wait for a human, and both reviewers approve.

use std::time::{Duration, Instant};

use filot_e2e::cards::Cards;
use filot_e2e::{Result, Stack};
use serde_json::json;

use crate::PATIENCE;
use crate::attempts::{Attempts, send};

const WHO: &str = "two users with one identity";

pub async fn tries(stack: &Stack, cards: &Cards, attempts: &mut Attempts) -> Result<()> {
    let (first, second) = (stack.api.new_user().await?, stack.api.new_user().await?);
    let held = attempts.send(WHO, stack, cards, &first, "c-forged.jpg").await?;
    let claims = attempts.send(WHO, stack, cards, &second, "c-forged.jpg").await?;
    for sent in [&held, &claims] {
        assert_eq!(sent.verification, "pending_manual_review", "{:?}", sent.reasons);
        reasons_at_buli2(stack, &sent.id, None).await?;
    }
    assert_eq!(stack.buli2.decide(&claims.id, "approved").await?, 200);
    // The reviewer of the other one hears of it, although it was sent before.
    reasons_at_buli2(stack, &held.id, Some("identity_held_by_another")).await?;
    for _ in 0..2 {
        let status = stack.buli2.decide(&held.id, "approved").await?;
        attempts.made(WHO, "a second approval of one identity", status < 300);
        assert_eq!(status, 409);
    }
    assert_eq!(stack.state(&held.id).await?.1, "pending_manual_review", "the review stays open");
    reasons_at_buli2(stack, &held.id, Some("identity_conflict")).await?;
    let key: uuid::Uuid = held.id.parse()?;
    let holders: i64 = stack
        .sql
        .query_one(
            "SELECT count(DISTINCT d.user_id) FROM document_identities o \
             JOIN document_identities i USING (kind, number_hash) JOIN documents d ON d.id = i.document_id \
             WHERE o.document_id = $1 AND d.verification_status IN ('auto_approved', 'manually_approved')",
            &[&key],
        )
        .await?
        .get(0);
    attempts.made(WHO, "one number is approved for two users", holders > 1);
    assert_eq!(stack.buli2.decide(&held.id, "rejected").await?, 200, "a rejection counts");

    // And a third, whose own card has it, does not pass by the score.
    let third = stack.api.new_user().await?;
    let (sent, _) = send(stack, cards, &third, "c-forged.jpg").await?;
    attempts.made(WHO, "a third user of one identity", sent.verification != "pending_manual_review");
    assert!(sent.reasons.contains(&"identity_held_by_another".to_owned()), "{:?}", sent.reasons);
    Ok(())
}

/// Waits until BULI2 has the review of a document, with this reason if one is given.
async fn reasons_at_buli2(stack: &Stack, document: &str, reason: Option<&str>) -> Result<()> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        stack.invoke("review-dispatch", &json!({})).await?;
        let reasons = stack.buli2.task_of(document).map(|task| task.request["reasons"].clone());
        let has = |reason: &str| {
            reasons.as_ref().is_some_and(|all| all.to_string().contains(&format!("{reason:?}")))
        };
        if reason.map_or(reasons.is_some(), has) {
            return Ok(());
        }
        if Instant::now() > deadline {
            return Err(format!("BULI2 knows {reasons:?} of {document}, not {reason:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
