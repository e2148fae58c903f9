//! The curious user: asks every route for numbers about their own documents, and for the documents of others.

use filot_e2e::cards::Cards;
use filot_e2e::{Result, Stack};
use reqwest::Method;
use serde_json::json;

use crate::attempts::{Attempts, send, shows_numbers};

const WHO: &str = "the curious user";

pub async fn tries(stack: &Stack, cards: &Cards, attempts: &mut Attempts) -> Result<()> {
    let (owner, curious) = (stack.api.new_user().await?, stack.api.new_user().await?);
    let (approved, _) = send(stack, cards, &owner, "b-npwp.jpg").await?;
    let (waits, _) = send(stack, cards, &owner, "b-forged.jpg").await?;
    assert_eq!(
        (approved.verification.as_str(), waits.verification.as_str()),
        ("auto_approved", "pending_manual_review"),
        "{:?} {:?}",
        approved.reasons,
        waits.reasons
    );
    let token = Some(owner.access_token.as_str());
    for id in [&approved.id, &waits.id] {
        for path in
            [format!("/documents/{id}"), format!("/verification/status/{id}"), "/documents".to_owned()]
        {
            let answer = stack.api.call(Method::GET, &path, token, None).await?.expect(200)?;
            attempts.made(WHO, &format!("{path} shows numbers: {answer}"), shows_numbers(&answer));
            if path.contains(id.as_str()) {
                let document = answer.get("document").unwrap_or(&answer);
                assert!(document["advice"].is_array() && document["reasons"].is_array(), "{document}");
            }
        }
        let path = format!("/verification/{id}/escalate");
        let answer = stack.api.call(Method::POST, &path, token, Some(&json!({}))).await?;
        attempts.made(WHO, &format!("{path} shows numbers"), shows_numbers(&answer.body));
    }

    // Another's documents are not there, and internal routes are not for users.
    let token = Some(curious.access_token.as_str());
    for id in [&approved.id, &waits.id] {
        for (method, path) in [
            (Method::GET, format!("/documents/{id}")),
            (Method::GET, format!("/documents/{id}/download")),
            (Method::GET, format!("/verification/status/{id}")),
            (Method::POST, format!("/verification/{id}/escalate")),
            (Method::POST, format!("/documents/{id}/process")),
            (Method::DELETE, format!("/documents/{id}")),
        ] {
            let answer = stack.api.call(method.clone(), &path, token, None).await?;
            attempts.made(WHO, &format!("{method} {path}"), answer.status.as_u16() != 404);
        }
    }
    let review: uuid::Uuid = waits.id.parse()?;
    let review: uuid::Uuid =
        stack.sql.query_one("SELECT id FROM manual_reviews WHERE document_id = $1", &[&review]).await?.get(0);
    for path in [format!("/internal/reviews/{review}"), format!("/internal/reviews/{review}/file")] {
        let answer = stack.api.call(Method::GET, &path, token, None).await?;
        attempts.made(WHO, &path, answer.status.as_u16() != 401);
    }
    let listed = stack.api.call(Method::GET, "/documents", token, None).await?.expect(200)?;
    attempts.made(WHO, "another's documents are listed", listed["documents"] != json!([]));
    Ok(())
}
