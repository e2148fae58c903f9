//! People with the mobile app: they upload, and whatever gets no 201 they send again with the same key.
//!
//! Only what was answered 201 counts as accepted. Some want more later: see [`super::wishes`].

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use reqwest::Method;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::wishes::Wish;
use crate::cards::{Card, Cards};
use crate::client::Answer;
use crate::{Api, Result, User};

/// Requests at once.
const REQUESTS_MAX: usize = 8;
/// After the run's end nobody tries much longer.
const GIVE_UP_AFTER: Duration = Duration::from_secs(180);
pub(super) const PAUSE: Duration = Duration::from_millis(700);

/// One upload that somebody will make.
#[derive(Debug, Clone)]
struct Planned {
    at: Duration,
    person: usize,
    card: usize,
    key: String,
    /// The first try is broken off after this time: a phone loses its network.
    breaks_off: Option<Duration>,
    /// Sent once more after it was accepted: the phone did not see the answer.
    repeats: bool,
    /// To be erased after this time.
    erases: Option<Duration>,
}

/// A document that was answered 201.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// Its id.
    pub id: String,
    /// Our id of its owner.
    pub user: String,
}

/// What the crowd saw.
#[derive(Debug, Default)]
pub struct Seen {
    /// Answered 201.
    pub accepted: Vec<Accepted>,
    /// Of these, those whose owners had them erased.
    pub erased: Vec<String>,
    /// Uploads that never were.
    pub given_up: u64,
    /// Answers by request, status and code.
    pub answers: BTreeMap<String, u64>,
    /// What should not have been answered.
    pub violations: Vec<String>,
}

pub(super) struct Shared {
    api: Api,
    cards: Cards,
    people: Vec<User>,
    requests: Semaphore,
    seen: Mutex<Seen>,
    ids: Arc<Mutex<Vec<String>>>,
    pub(super) give_up_at: Instant,
}

/// Registers people, one for each card, and as many again who show the card of somebody else.
pub async fn people(api: &Api, count: usize) -> Result<Vec<User>> {
    let mut people = Vec::with_capacity(count);
    for _ in 0..count {
        people.push(api.new_user().await?);
    }
    Ok(people)
}

/// Uploads `count` documents within `length`; returns when everybody has an answer or has given up. `ids` gets the
/// accepted documents as they come.
pub async fn flow(
    api: &Api,
    cards: Cards,
    people: Vec<User>,
    (count, length, seed): (usize, Duration, u64),
    ids: Arc<Mutex<Vec<String>>>,
) -> Seen {
    let planned = plan(count, length, seed, cards.cards.len(), people.len());
    let shared = Arc::new(Shared {
        api: api.clone(),
        cards,
        people,
        requests: Semaphore::new(REQUESTS_MAX),
        seen: Mutex::default(),
        ids,
        give_up_at: Instant::now() + length + GIVE_UP_AFTER,
    });
    let started = Instant::now();
    let mut uploads = JoinSet::new();
    for upload in planned {
        let shared = Arc::clone(&shared);
        uploads.spawn(async move {
            tokio::time::sleep_until((started + upload.at).into()).await;
            shared.upload(&upload).await;
        });
    }
    while uploads.join_next().await.is_some() {}
    std::mem::take(&mut *shared.seen.lock().unwrap_or_else(PoisonError::into_inner))
}

fn plan(count: usize, length: Duration, seed: u64, cards: usize, people: usize) -> Vec<Planned> {
    let mut dice = StdRng::seed_from_u64(seed.wrapping_add(1000));
    (0..count)
        .map(|n| {
            let card = dice.random_range(0..cards);
            // Most people show their own card; INV-4 sends the others to a human.
            let person = if dice.random_bool(0.6) { card % people } else { dice.random_range(0..people) };
            Planned {
                at: length.mul_f64((n as f64 + dice.random::<f64>()) / count as f64),
                person,
                card,
                key: format!("chaos-{seed}-{n}"),
                breaks_off: dice.random_bool(0.05).then(|| Duration::from_millis(dice.random_range(5..200))),
                repeats: dice.random_bool(0.1),
                erases: dice.random_bool(0.06).then(|| Duration::from_millis(dice.random_range(0..20_000))),
            }
        })
        .collect()
}

impl Shared {
    async fn upload(&self, planned: &Planned) {
        let user = &self.people[planned.person];
        let card = &self.cards.cards[planned.card];
        let Ok(content) = self.cards.content(card) else {
            return self.violation(format!("{} cannot be read", card.file));
        };
        if let Some(time) = planned.breaks_off {
            self.note("POST upload: broken off by the client");
            let broken = self.send(user, card, &content, &planned.key);
            let _ = tokio::time::timeout(time, broken).await;
        }
        let Some(id) = self.until_accepted(user, card, &content, &planned.key).await else {
            self.seen().given_up += 1;
            return;
        };
        self.seen().accepted.push(Accepted { id: id.clone(), user: user.id.clone() });
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
        if planned.repeats {
            match self.until_accepted(user, card, &content, &planned.key).await {
                Some(again) if again != id => {
                    self.violation(format!("one key made two documents: {id} and {again}"));
                }
                _ => {}
            }
        }
        let wish = match (planned.erases, card.expected.as_str()) {
            (Some(after), _) => Wish::Erase(after),
            (None, "rejected") => Wish::Human,
            (None, "failed") => Wish::Again,
            _ => Wish::None,
        };
        self.follow(user, &id, wish).await;
    }

    /// Sends an upload until it is answered 201; its id.
    async fn until_accepted(&self, user: &User, card: &Card, content: &[u8], key: &str) -> Option<String> {
        while Instant::now() < self.give_up_at {
            let pause = match self.send(user, card, content, key).await {
                Ok(answer) => {
                    self.note(&format!("POST upload: {}", summary(&answer)));
                    match answer.status.as_u16() {
                        201 => return answer.body["document"]["id"].as_str().map(str::to_owned),
                        409 | 429 | 502..=504 => retry_after(&answer),
                        // What the gateway says of a function that died is its own; ours never says this.
                        500 if answer.body["code"] != "internal" => PAUSE,
                        _ => {
                            self.violation(format!("an upload was answered {}", summary(&answer)));
                            return None;
                        }
                    }
                }
                Err(_) => {
                    self.note("POST upload: no answer");
                    PAUSE
                }
            };
            tokio::time::sleep(pause).await;
        }
        None
    }

    async fn send(&self, user: &User, card: &Card, content: &[u8], key: &str) -> Result<Answer> {
        let _slot = self.requests.acquire().await?;
        self.api.upload_with_key(user, &card.document_type, &card.file, content, key).await
    }

    pub(super) async fn request(&self, user: &User, method: Method, path: &str) -> Result<Answer> {
        let _slot = self.requests.acquire().await?;
        self.api.call(method, path, Some(&user.access_token), None).await
    }

    pub(super) fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn note(&self, what: &str) {
        *self.seen().answers.entry(what.to_owned()).or_default() += 1;
    }

    pub(super) fn violation(&self, what: String) {
        self.seen().violations.push(what);
    }
}

pub(super) fn retry_after(answer: &Answer) -> Duration {
    let header = answer.headers.get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
    header.map_or(PAUSE, |seconds: u64| Duration::from_secs(seconds.min(60)))
}

pub(super) fn summary(answer: &Answer) -> String {
    match answer.body["code"].as_str() {
        Some(code) => format!("{} {code}", answer.status.as_u16()),
        None => answer.status.as_u16().to_string(),
    }
}
