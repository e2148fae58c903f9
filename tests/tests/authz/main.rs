//! Authorisation: every route of the table, tried by every kind of caller that it must refuse.
//!
//! This suite lists no routes. They come from `filot_edge::api::ROUTES`, and the callers follow from the kind of
//! authentication that a route asks for. A route without a good request in [`samples`] fails the suite.

mod callers;
mod limits;
mod samples;
mod signatures;
mod unasked;

use std::collections::BTreeSet;
use std::time::Instant;

use callers::{Attempt, Expected, SECOND_SERVICE_KEY, SECOND_SIGNATURE_SECRET};
use filot_e2e::client::probe::{self, Probe, Seen};
use filot_e2e::stack::redis_wire;
use filot_e2e::stack::snapshot::Snapshot;
use filot_e2e::stack::world::World;
use filot_e2e::{Options, Result, Stack};
use filot_edge::api::{Auth, ROUTES};
use filot_platform::local;
use futures::stream::{self, StreamExt};
use samples::{Sample, samples};

/// Requests at a time.
const AT_ONCE: usize = 4;

/// Sends an attempt from an address of its own, so that no limit per address applies.
async fn send(http: &reqwest::Client, sample: &Sample, attempt: &Attempt) -> Result<Seen> {
    let url = attempt.url.as_deref().unwrap_or(&sample.url);
    let mut probe = Probe::new(sample.route.method, url)?.from_a_new_address();
    if let Some(content_type) = &sample.content_type {
        probe = probe.header("content-type", content_type);
    }
    for (name, value) in &attempt.headers {
        probe = probe.header(name, value);
    }
    probe.body = attempt.body.clone().unwrap_or_else(|| sample.body.clone());
    probe.send(http).await
}

/// How a refusal differs from the expected one.
fn faults(attempt: &Attempt, seen: &Seen) -> Vec<String> {
    let Expected::Refused(status, code) = attempt.expected else {
        return vec!["not a refusal".to_owned()];
    };
    let mut faults = seen.faults_as_problem();
    if (seen.status, seen.code().as_str()) != (status, code) {
        faults.push(format!("{} {} instead of {status} {code}", seen.status, seen.code()));
    }
    // A refusal neither explains what is wrong with the credentials nor repeats them.
    let secrets = attempt.headers.iter().map(|(_, value)| value.trim_start_matches("Bearer "));
    if secrets.filter(|secret| secret.len() > 12).any(|secret| seen.text.contains(secret)) {
        faults.push("the answer repeats the proof".to_owned());
    }
    if status == 401 && code == "unauthenticated" && !seen.text.contains("carries no valid credentials") {
        faults.push(format!("says more than it has to: {}", seen.text));
    }
    faults
}

/// INV-6, on every route: a caller without valid credentials, or another user, gets a problem document and no effect;
/// the right caller succeeds.
#[tokio::test(flavor = "multi_thread")]
async fn inv_6_every_route_refuses_everybody_but_its_callers() -> Result<()> {
    let keys = format!("{},{SECOND_SERVICE_KEY}", local::SERVICE_INTERNAL_KEY);
    let secrets = vec![
        ("service-internal-key".to_owned(), keys),
        ("buli2-hmac-secret".to_owned(), SECOND_SIGNATURE_SECRET.to_owned()),
    ];
    let mut stack = Stack::start(Options { secrets, ..Options::default() }).await?;
    let world = World::new(&stack).await?;
    let mut samples = samples(&stack, &world)?;
    let http = &probe::client()?;
    let mut wrong = Vec::new();
    let (mut callers, mut pairs) = (BTreeSet::new(), 0_usize);
    let clock = Instant::now();

    for sample in &samples {
        let attempts = callers::attempts(&world, sample, true)?;
        let refused = attempts.iter().filter(|attempt| attempt.expected != Expected::Answered);
        // The limits have a part of their own, below.
        redis_wire::command(&stack.redis.url(), &["FLUSHALL"]).await?;
        let before = Snapshot::take(&stack).await?;
        let answers: Vec<_> = stream::iter(refused)
            .map(|attempt| async move { (attempt, send(http, sample, attempt).await) })
            .buffered(AT_ONCE)
            .collect()
            .await;
        for (attempt, seen) in answers {
            pairs += 1;
            let place = format!("{}, {}", sample.name, attempt.caller);
            for fault in faults(attempt, &seen?) {
                wrong.push(format!("INV-6: {place}: {fault}"));
            }
            callers.insert(attempt.caller.clone());
        }
        for difference in before.differences(&Snapshot::take(&stack).await?) {
            wrong.push(format!("INV-6: {}: refused, and yet {difference}", sample.name));
        }
    }

    // The right callers. Reading requests come first, before others change the data.
    samples.sort_by_key(|sample| sample.route.method != "GET");
    redis_wire::command(&stack.redis.url(), &["FLUSHALL"]).await?;
    for sample in &samples {
        let mut answered = 0;
        for attempt in callers::attempts(&world, sample, true)? {
            if attempt.expected != Expected::Answered {
                continue;
            }
            let seen = send(http, sample, &attempt).await?;
            pairs += 1;
            answered += 1;
            let place = format!("{}, {}", sample.name, attempt.caller);
            if seen.status != sample.succeeds {
                wrong.push(format!("{place}: {} {} instead of {}", seen.status, seen.text, sample.succeeds));
            }
            wrong.extend(seen.faults_as_answer().into_iter().map(|fault| format!("{place}: {fault}")));
            callers.insert(attempt.caller);
        }
        if answered == 0 {
            wrong.push(format!("{}: nobody is let in: a refusal proves nothing", sample.name));
        }
    }
    wrong.extend(of_others(http, &world, &samples).await?);
    eprintln!(
        "authz: routes={} callers={} pairs={pairs} in {:.0} s",
        ROUTES.len(),
        callers.len(),
        clock.elapsed().as_secs_f64()
    );
    assert!(wrong.is_empty(), "{} of {pairs} pairs are wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert!(pairs > ROUTES.len() * 4, "only {pairs} pairs");
    limits::hold(&mut stack, http, &world).await
}

/// Routes without an id show only the caller's own data.
async fn of_others(http: &reqwest::Client, world: &World, samples: &[Sample]) -> Result<Vec<String>> {
    let owner = &world.owner;
    let theirs = [&owner.id, &owner.email, &owner.session, &world.approved, &world.failed, &world.rejected];
    let mut wrong = Vec::new();
    for sample in samples.iter().filter(|sample| {
        sample.route.auth == Auth::AccessToken
            && sample.route.method == "GET"
            && sample.url_of_nothing.is_none()
    }) {
        let attempt = Attempt::bearer("another user", &world.stranger.access, Expected::Answered);
        let seen = send(http, sample, &attempt).await?;
        if seen.status != sample.succeeds || theirs.iter().any(|text| seen.text.contains(text.as_str())) {
            wrong.push(format!("INV-6: {}, another user: {} {}", sample.name, seen.status, seen.text));
        }
    }
    Ok(wrong)
}
