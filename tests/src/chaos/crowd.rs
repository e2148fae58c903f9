//! The users of a fault run: they upload, and repeat an upload with the same key until it is answered 201.
//!
//! Only uploads answered 201 count as accepted. What owners do with an accepted document is in [`super::wishes`].

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::task::JoinSet;

use super::app::{Accepted, App, Seen};
use super::wishes::{Wish, fulfil};
use crate::cards::Cards;
use crate::{Api, Result, User};

/// How long uploads are retried after the end of the run.
const GIVE_UP_AFTER: Duration = Duration::from_secs(180);

/// One planned upload.
#[derive(Debug, Clone)]
struct Planned {
    at: Duration,
    person: usize,
    card: usize,
    key: String,
    /// The first try is cancelled after this time, as by a lost network.
    breaks_off: Option<Duration>,
    /// Whether it is sent again after it was accepted, as if the answer was lost.
    repeats: bool,
    /// Its owner erases it after this time.
    erases: Option<Duration>,
}

struct Crowd {
    app: App,
    cards: Cards,
    people: Vec<User>,
    ids: Arc<Mutex<Vec<String>>>,
}

/// Registers people, one for each card, and as many again who show the card of somebody else.
pub async fn people(api: &Api, count: usize) -> Result<Vec<User>> {
    let mut people = Vec::with_capacity(count);
    for _ in 0..count {
        people.push(api.new_user().await?);
    }
    Ok(people)
}

/// Uploads `count` documents within `length`; returns when every upload was answered or given up. `ids` receives the
/// accepted documents at once.
pub async fn flow(
    api: &Api,
    cards: Cards,
    people: Vec<User>,
    (count, length, seed): (usize, Duration, u64),
    ids: Arc<Mutex<Vec<String>>>,
) -> Seen {
    let planned = plan(count, length, seed, cards.cards.len(), people.len());
    let app = App::new(api.clone(), Instant::now() + length + GIVE_UP_AFTER);
    let crowd = Arc::new(Crowd { app, cards, people, ids });
    let started = Instant::now();
    let mut uploads = JoinSet::new();
    for upload in planned {
        let crowd = Arc::clone(&crowd);
        uploads.spawn(async move {
            tokio::time::sleep_until((started + upload.at).into()).await;
            crowd.upload(&upload).await;
        });
    }
    while uploads.join_next().await.is_some() {}
    std::mem::take(&mut *crowd.app.seen())
}

fn plan(count: usize, length: Duration, seed: u64, cards: usize, people: usize) -> Vec<Planned> {
    let mut rng = StdRng::seed_from_u64(seed.wrapping_add(1000));
    (0..count)
        .map(|n| {
            let card = rng.random_range(0..cards);
            // Most users show their own card; INV-4 sends the other cards to a human.
            let person = if rng.random_bool(0.6) { card % people } else { rng.random_range(0..people) };
            Planned {
                at: length.mul_f64((n as f64 + rng.random::<f64>()) / count as f64),
                person,
                card,
                key: format!("chaos-{seed}-{n}"),
                breaks_off: rng.random_bool(0.05).then(|| Duration::from_millis(rng.random_range(5..200))),
                repeats: rng.random_bool(0.1),
                erases: rng.random_bool(0.06).then(|| Duration::from_millis(rng.random_range(0..20_000))),
            }
        })
        .collect()
}

impl Crowd {
    async fn upload(&self, planned: &Planned) {
        let user = &self.people[planned.person];
        let card = &self.cards.cards[planned.card];
        let Ok(content) = self.cards.content(card) else {
            return self.app.violation(format!("{} cannot be read", card.file));
        };
        if let Some(time) = planned.breaks_off {
            self.app.note("POST upload: broken off by the client");
            let broken = self.app.send(user, card, &content, &planned.key);
            let _ = tokio::time::timeout(time, broken).await;
        }
        let Some(id) = self.app.until_accepted(user, card, &content, &planned.key).await else {
            self.app.seen().given_up += 1;
            return;
        };
        self.app.seen().accepted.push(Accepted { id: id.clone(), user: user.id.clone() });
        self.ids.lock().unwrap_or_else(PoisonError::into_inner).push(id.clone());
        if planned.repeats {
            match self.app.until_accepted(user, card, &content, &planned.key).await {
                Some(again) if again != id => {
                    self.app.violation(format!("one key made two documents: {id} and {again}"));
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
        fulfil(&self.app, user, &id, wish).await;
    }
}
