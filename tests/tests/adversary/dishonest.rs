//! The dishonest user: sends a forged card, takes it back while a human is awaited, alters it and sends it again, until it
//! passes or there are no more tries; then as another user.

use filot_e2e::cards::Cards;
use filot_e2e::{Result, Stack, User};
use reqwest::Method;

use crate::ATTEMPTS_PER_USER;
use crate::attempts::{Attempts, send};

const WHO: &str = "the dishonest user";

pub async fn tries(stack: &Stack, cards: &Cards, attempts: &mut Attempts) -> Result<()> {
    // Of somebody about whom nothing is known, both cards pass: they are not refused for what they are.
    for file in ["c-genuine.jpg", "c-npwp.jpg"] {
        let honest = stack.api.new_user().await?;
        let (sent, _) = send(stack, cards, &honest, file).await?;
        assert_eq!(sent.verification, "auto_approved", "{file}: {:?}", sent.reasons);
        erase(stack, &honest, &sent.id).await?;
    }

    let forger = stack.api.new_user().await?;
    let first = attempts.send(WHO, stack, cards, &forger, "a-forged.jpg").await?;
    assert_eq!(first.verification, "pending_manual_review", "{:?}", first.reasons);
    erase(stack, &forger, &first.id).await?;
    let altered = ["a-renumbered.jpg", "a-genuine.jpg", "a-again.jpg", "a-npwp.jpg"];
    for file in altered {
        let sent = attempts.send(WHO, stack, cards, &forger, file).await?;
        assert!(sent.reasons.contains(&"erased_while_pending".to_owned()), "{file}: {:?}", sent.reasons);
        erase(stack, &forger, &sent.id).await?;
    }
    // No more tries, whatever is sent, and whatever was erased.
    assert_eq!(1 + altered.len(), ATTEMPTS_PER_USER);
    for file in ["a-again.jpg", "b-genuine.jpg"] {
        let (card, content) = cards.get(file)?;
        let answer = stack.api.upload(&forger, &card.document_type, file, &content).await?;
        attempts.made(WHO, "another upload was taken", answer.status.as_u16() == 201);
        assert_eq!(answer.body["code"], "too_many_attempts", "{}", answer.body);
        assert_eq!(answer.status.as_u16(), 429);
        let wait_s: u64 = answer.headers.get("retry-after").ok_or("no Retry-After")?.to_str()?.parse()?;
        assert!(wait_s > 6 * 86_400, "{wait_s}");
    }

    // Other accounts: a user for each card. What is known of the erased ones recognises the person, the number, the file and
    // the picture.
    for (file, reason) in [
        ("a-genuine.jpg", "number_seen_before"),
        ("a-again.jpg", "picture_seen_before"),
        ("a-renumbered.jpg", "person_seen_before"),
        ("a-forged.jpg", "file_seen_before"),
    ] {
        let accomplice = stack.api.new_user().await?;
        let sent = attempts.send(WHO, stack, cards, &accomplice, file).await?;
        assert_eq!(sent.verification, "pending_manual_review", "{file}");
        assert!(sent.reasons.contains(&reason.to_owned()), "{file}: {:?}", sent.reasons);
    }
    Ok(())
}

async fn erase(stack: &Stack, user: &User, id: &str) -> Result<()> {
    let path = format!("/documents/{id}");
    stack.api.call(Method::DELETE, &path, Some(&user.access_token), None).await?.expect(204)?;
    Ok(())
}
