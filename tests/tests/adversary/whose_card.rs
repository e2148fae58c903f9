//! Somebody else's card: a genuine one, sent by a user who has another name or other cards.

use filot_e2e::cards::Cards;
use filot_e2e::{Result, Stack};
use reqwest::Method;
use serde_json::json;

use crate::attempts::{Attempts, send};

const WHO: &str = "somebody else's card";

pub async fn tries(stack: &Stack, cards: &Cards, attempts: &mut Attempts) -> Result<()> {
    let user_named = async |name: &str| -> Result<filot_e2e::User> {
        let user = stack.api.new_user().await?;
        let body = json!({"fullName": name});
        stack.api.call(Method::PUT, "/profile", Some(&user.access_token), Some(&body)).await?.expect(200)?;
        Ok(user)
    };
    let other = user_named("Nama Yang Lain").await?;
    let sent = attempts.send(WHO, stack, cards, &other, "b-genuine.jpg").await?;
    assert!(sent.reasons.contains(&"profile_name_mismatch".to_owned()), "{:?}", sent.reasons);

    // Their own tax card in their own name, however they write it; then a KTP of somebody else, and the other way round.
    let (card, _) = cards.get("a-npwp.jpg")?;
    let name = card.fields.get("name").ok_or("no name")?.to_lowercase();
    let user = user_named(&format!("Ir. {name}, M.M.")).await?;
    let (own, _) = send(stack, cards, &user, "c-npwp.jpg").await?;
    assert!(own.reasons.contains(&"profile_name_mismatch".to_owned()), "{:?}", own.reasons);
    let taken = stack.api.new_user().await?;
    attempts.send(WHO, stack, cards, &taken, "b-forged.jpg").await?;
    let sent = attempts.send(WHO, stack, cards, &taken, "a-npwp.jpg").await?;
    for reason in ["cards_name_mismatch", "cards_nik_mismatch"] {
        assert!(sent.reasons.contains(&reason.to_owned()), "{reason}: {:?}", sent.reasons);
    }
    Ok(())
}
