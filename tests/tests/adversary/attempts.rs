//! Counts what was tried, and what paid.

use std::collections::BTreeMap;

use filot_e2e::cards::Cards;
use filot_e2e::{Result, Stack, User};
use serde_json::Value;

use crate::PATIENCE;

/// Everything that was tried, by adversary.
#[derive(Debug, Default)]
pub struct Attempts {
    tried: BTreeMap<&'static str, usize>,
    paid: Vec<String>,
}

/// A document that an adversary sent, decided or waiting for a human.
#[derive(Debug)]
pub struct Sent {
    /// Its UUID.
    pub id: String,
    /// Where it stands.
    pub verification: String,
    /// Its reasons, as its owner sees them.
    pub reasons: Vec<String>,
}

impl Attempts {
    /// Notes one attempt of `who`.
    pub fn made(&mut self, who: &'static str, what: &str, has_paid: bool) {
        *self.tried.entry(who).or_default() += 1;
        if has_paid {
            self.paid.push(format!("{who}: {what}"));
        }
    }

    /// Sends a card that must not be approved without a human, and waits for what becomes of it. What its owner sees of it
    /// is looked at for numbers.
    pub async fn send(
        &mut self,
        who: &'static str,
        stack: &Stack,
        cards: &Cards,
        user: &User,
        file: &str,
    ) -> Result<Sent> {
        let (sent, document) = send(stack, cards, user, file).await?;
        self.made(
            who,
            &format!("{file} was {}: {:?}", sent.verification, sent.reasons),
            sent.verification == "auto_approved",
        );
        self.made(who, &format!("{file} came with numbers: {document}"), shows_numbers(&document));
        Ok(sent)
    }

    /// How much was tried, a line for each adversary.
    pub fn report(&self) -> String {
        let lines: String =
            self.tried.iter().map(|(who, tried)| format!("{who}: {tried} attempts\n")).collect();
        let all: usize = self.tried.values().sum();
        format!("{lines}{all} attempts, {} of them paid", self.paid.len())
    }

    /// # Panics
    ///
    /// Something paid, or an adversary of `expected` tried less often than that.
    pub fn assert_none_paid(&self, expected: &[(&str, usize)]) {
        assert!(self.paid.is_empty(), "INV-4, INV-6: {}", self.paid.join("; "));
        for (who, least) in expected {
            let tried = self.tried.get(who).copied().unwrap_or_default();
            assert!(tried >= *least, "{who} made {tried} attempts only");
        }
    }
}

/// Sends a card and waits until the pipeline has done what it does without a human.
pub async fn send(stack: &Stack, cards: &Cards, user: &User, file: &str) -> Result<(Sent, Value)> {
    let (card, content) = cards.get(file)?;
    let id = stack.api.uploaded(user, &card.document_type, file, &content).await?;
    let (_, verification) = stack.wait_for(&id, &["completed", "failed", "ai_evaluated"], PATIENCE).await?;
    let document = stack.api.document(user, &id).await?;
    let reasons = document["reasons"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let reasons = reasons.map(str::to_owned).collect();
    Ok((Sent { id, verification, reasons }, document))
}

/// Whether an answer has a score, a confidence or a measure anywhere.
pub fn shows_numbers(answer: &Value) -> bool {
    match answer {
        Value::Object(fields) => fields.iter().any(|(name, value)| {
            let is_number = ["score", "aiScore", "confidence", "quality", "parts", "sharpness", "overall"];
            (is_number.contains(&name.as_str()) && !value.is_null()) || shows_numbers(value)
        }),
        Value::Array(items) => items.iter().any(shows_numbers),
        _ => false,
    }
}
