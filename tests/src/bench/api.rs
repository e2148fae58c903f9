//! Times of single requests, from the runtime API to the answer, for 1, 16 and 64 callers at once, with real Postgres
//! and Redis and an object store, beside the legacy service's numbers.
//!
//! A Lambda instance serves one event at a time: `n` callers get `n` instances, at most [`INSTANCES_MAX`] on one
//! machine. If there are more callers than instances, the measured time includes their wait.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures::stream::{self, StreamExt, TryStreamExt};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};

use super::memory;
use super::percentile::percentile;
use crate::cards::Cards;
use crate::client::event;
use crate::console::say;
use crate::simulators::stack_auth;
use crate::stack::runtime_api::Instance;
use crate::stack::template;
use crate::{Options, Result, Stack, paths};

const CALLERS: [usize; 3] = [1, 16, 64];
const INSTANCES_MAX: usize = 16;
/// Enough users that no limit of requests per minute applies.
const USERS: usize = 320;
const UPLOAD_BYTES: usize = 300_000;
/// Unmeasured calls of each instance, which fill caches.
const WARM_UP: usize = 3;

/// Numbers of the legacy service on two cores: requests per second and p50 in milliseconds, by number of callers.
struct Legacy {
    per_s: [Option<f64>; 3],
    p50_ms: [Option<f64>; 3],
}

const LEGACY_READ: Legacy =
    Legacy { per_s: [Some(619.0), Some(1314.0), Some(1049.0)], p50_ms: [Some(1.5), Some(12.0), Some(58.0)] };
const LEGACY_UPLOAD: Legacy =
    Legacy { per_s: [Some(110.0), Some(217.0), None], p50_ms: [Some(7.7), Some(68.0), None] };
const LEGACY_UNKNOWN: Legacy = Legacy { per_s: [None; 3], p50_ms: [None; 3] };

/// A logged-in user with one document.
struct Person {
    token: String,
    address: String,
    document: String,
}

/// Warm instances of one function.
struct Pool {
    slots: Semaphore,
    idle: Mutex<Vec<Instance>>,
}

struct Measured {
    /// Largest resident size of an instance after the calls.
    resident_kib: u64,
    per_s: f64,
    p50: Duration,
    p95: Duration,
    p99: Duration,
}

/// Measures and writes Markdown.
pub async fn run(out: &mut String) -> Result<()> {
    say("starting the stack for single requests");
    let stack =
        Stack::start(Options { prints_progress: true, without_worker: true, ..Options::default() }).await?;
    let mut environment = stack.environment().clone();
    environment
        .extend(template::fixed_variables(&template::local(&paths::root().join("template.yaml"), "")?));
    environment.insert("AWS_ENDPOINT_URL_SQS".to_owned(), stack.aws_url());
    let memory = memory::Server::start().await?;
    let mut in_memory = environment.clone();
    in_memory.insert("AWS_ENDPOINT_URL_SQS".to_owned(), memory.url());
    in_memory.insert("CF_R2_ENDPOINT".to_owned(), memory.url());

    say("people");
    let picture = picture()?;
    let people = people(&environment, &in_memory, &picture).await?;
    let counts = |one: usize, more: usize| [one, more, more];
    let mut rows = String::new();
    let small = [
        ("GET /health", "health", counts(500, 1000), &LEGACY_UNKNOWN),
        ("GET /auth/me", "auth-me", counts(1000, 2000), &LEGACY_READ),
        ("GET /documents/{id}", "documents-get", counts(1000, 2000), &LEGACY_READ),
    ];
    for (name, program, counts, legacy) in small {
        let events: Vec<String> = people.iter().map(|person| small_event(name, person)).collect();
        let measured = levels(program, &environment, &events, counts, 200).await?;
        write_rows(&mut rows, name, &measured, legacy)?;
    }
    let events: Vec<String> = people.iter().map(|person| upload_event(person, &picture)).collect();
    for (name, environment) in [
        ("POST /documents/upload, S3 and SQS in memory", &in_memory),
        ("POST /documents/upload, the AWS stand-in's S3 and SQS", &environment),
    ] {
        let measured = levels("documents-upload", environment, &events, counts(150, 400), 201).await?;
        write_rows(&mut rows, name, &measured, &LEGACY_UPLOAD)?;
    }
    write!(
        out,
        "\n### Requests\n\n\
         From an event at the runtime API to its answer, functions of this repository, real Postgres and Redis. One \
         instance per caller, at most {INSTANCES_MAX}; with 64 callers the wait for an instance is part of the time. Uploads \
         of {} KB. \"In memory\": an HTTP server of the benchmark that keeps objects and messages in memory, as for the legacy \
         service's numbers; the stand-in is written in Python and is most of its own rows. Its numbers are of \
         one process that serves all callers. Memory: the largest resident size of an instance after its calls.\n\n\
         | request | callers | per s | legacy | ratio | p50, ms | legacy | ratio | p95, ms | p99, ms | memory, MB |\n\
         |---|---|---|---|---|---|---|---|---|---|---|\n{rows}",
        UPLOAD_BYTES / 1000
    )?;
    starts(&environment, out).await
}

/// Time from a cold start to the first healthy answer, and memory.
async fn starts(environment: &BTreeMap<String, String>, out: &mut String) -> Result<()> {
    say("health, from a cold start");
    let clock = Instant::now();
    let mut health = Instance::start(&mut command("health", environment)?).await?;
    let event = event::rest("GET", "/health", None, "10.200.0.1", None, event::Body::None);
    loop {
        let (_, answer) = health.invoke(&event).await?;
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
        if body["status"] == "ok" {
            break;
        }
        if clock.elapsed() > Duration::from_secs(30) {
            return Err(format!("GET /health says {body}").into());
        }
    }
    let started = clock.elapsed();
    writeln!(
        out,
        "\nStart of the function health to its first healthy answer, with its secrets from Secrets Manager and first \
         connections to Postgres, Redis and the queues: {:.2} s (legacy: 0.39 s to healthy). Its resident memory then: {:.1} MB \
         (legacy, whole process: 96 idle, 204 loaded).",
        started.as_secs_f64(),
        health.resident_kib()? as f64 / 1000.0
    )?;
    Ok(())
}

async fn levels(
    program: &str,
    environment: &BTreeMap<String, String>,
    events: &[String],
    counts: [usize; 3],
    expected: u64,
) -> Result<Vec<Measured>> {
    let mut all = Vec::new();
    let next = AtomicUsize::new(0);
    for (callers, count) in CALLERS.into_iter().zip(counts) {
        say(&format!("{program}: {callers} callers, {count} calls"));
        let instances = callers.min(INSTANCES_MAX);
        let pool = Pool::start(program, environment, instances).await?;
        let call = async || {
            let event = &events[next.fetch_add(1, Ordering::Relaxed) % events.len()];
            let (elapsed, answer) = pool.call(event).await?;
            if answer["statusCode"] == expected { Ok(elapsed) } else { Err(wrong(program, &answer)) }
        };
        for _ in 0..instances * WARM_UP {
            call().await?;
        }
        let clock = Instant::now();
        let mut times: Vec<Duration> =
            stream::iter(0..count).map(|_| call()).buffer_unordered(callers).try_collect().await?;
        let took = clock.elapsed();
        all.push(Measured {
            resident_kib: pool.resident_kib().await?,
            per_s: count as f64 / took.as_secs_f64(),
            p50: percentile(&mut times, 50),
            p95: percentile(&mut times, 95),
            p99: percentile(&mut times, 99),
        });
    }
    Ok(all)
}

fn wrong(program: &str, answer: &Value) -> crate::Error {
    format!("{program} answered {answer}").into()
}

impl Pool {
    async fn start(program: &str, environment: &BTreeMap<String, String>, count: usize) -> Result<Self> {
        let mut idle = Vec::with_capacity(count);
        for _ in 0..count {
            idle.push(Instance::start(&mut command(program, environment)?).await?);
        }
        Ok(Self { slots: Semaphore::new(count), idle: Mutex::new(idle) })
    }

    async fn resident_kib(&self) -> Result<u64> {
        let mut most = 0;
        for instance in self.idle.lock().await.iter() {
            most = most.max(instance.resident_kib()?);
        }
        Ok(most)
    }

    /// Calls the instance that was idle longest; the time includes the wait for one.
    async fn call(&self, event: &str) -> Result<(Duration, Value)> {
        let clock = Instant::now();
        let _slot = self.slots.acquire().await?;
        // The longest idle one, so that all are warm.
        let mut instance = self.idle.lock().await.remove(0);
        let waited = clock.elapsed();
        let called = instance.invoke(event).await;
        self.idle.lock().await.push(instance);
        let (elapsed, answer) = called?;
        Ok((waited + elapsed, answer))
    }
}

fn command(program: &str, environment: &BTreeMap<String, String>) -> Result<Command> {
    let mut command = Command::new(paths::program(program)?);
    command.env_clear().envs(environment);
    Ok(command)
}

/// Registers people, logs them in, and lets each upload one document.
async fn people(
    environment: &BTreeMap<String, String>,
    in_memory: &BTreeMap<String, String>,
    picture: &[u8],
) -> Result<Vec<Person>> {
    let register = Pool::start("auth-register", environment, 2).await?;
    let login = Pool::start("auth-login", environment, 2).await?;
    let upload = Pool::start("documents-upload", in_memory, 2).await?;
    let person = async |n: usize| -> Result<Person> {
        let address = format!("10.{}.{}.1", n / 250, n % 250);
        let sub = uuid::Uuid::new_v4().to_string();
        let token = stack_auth::token(&sub, &format!("{}@example.com", &sub[..8]))?;
        for (pool, path, expected) in [(&register, "/auth/register", 201), (&login, "/auth/login", 200)] {
            let event = event::rest("POST", path, Some(&token), &address, None, event::Body::Json("{}"));
            let (_, answer) = pool.call(&event).await?;
            if answer["statusCode"] != expected {
                return Err(wrong(path, &answer));
            }
            if expected == 200 {
                let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
                let token = body["accessToken"].as_str().ok_or("no access token")?.to_owned();
                let mut person = Person { token, address: address.clone(), document: String::new() };
                let (_, answer) = upload.call(&upload_event(&person, picture)).await?;
                let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default())?;
                let id = body["document"]["id"].as_str().ok_or_else(|| wrong("documents-upload", &answer))?;
                id.clone_into(&mut person.document);
                return Ok(person);
            }
        }
        Err("nobody logged in".into())
    };
    stream::iter(0..USERS).map(person).buffer_unordered(2).try_collect().await
}

/// A scan padded with JPEG comments to [`UPLOAD_BYTES`].
fn picture() -> Result<Vec<u8>> {
    /// Longest comment a JPEG can hold, without its marker.
    const SEGMENT_MAX: usize = 0xffff;
    let cards = Cards::scans(4, 11)?;
    let card = cards.cards.first().ok_or("no card")?;
    let scan = cards.content(card)?;
    let (start, rest) = scan.split_at_checked(2).ok_or("an empty scan")?;
    let mut picture = start.to_vec();
    while picture.len() + rest.len() + 4 < UPLOAD_BYTES {
        let length = (UPLOAD_BYTES - picture.len() - rest.len() - 2).clamp(2, SEGMENT_MAX);
        picture.extend([0xff, 0xfe]);
        picture.extend(u16::try_from(length)?.to_be_bytes());
        picture.resize(picture.len() + length - 2, b' ');
    }
    picture.extend_from_slice(rest);
    Ok(picture)
}

fn small_event(name: &str, person: &Person) -> String {
    match name {
        "GET /health" => event::rest("GET", "/health", None, &person.address, None, event::Body::None),
        "GET /auth/me" => {
            event::rest("GET", "/auth/me", Some(&person.token), &person.address, None, event::Body::None)
        }
        _ => {
            let id = Some(person.document.as_str());
            event::rest("GET", "/documents/{id}", Some(&person.token), &person.address, id, event::Body::None)
        }
    }
}

fn upload_event(person: &Person, picture: &[u8]) -> String {
    event::upload(&person.token, &person.address, "KTP", "image/jpeg", picture)
}

fn write_rows(out: &mut String, name: &str, measured: &[Measured], legacy: &Legacy) -> Result<()> {
    let ms = |time: Duration| time.as_secs_f64() * 1e3;
    let or_none =
        |value: Option<f64>, digits: usize| value.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
    for (n, Measured { resident_kib, per_s, p50, p95, p99 }) in measured.iter().enumerate() {
        let (legacy_per_s, legacy_p50) = (legacy.per_s[n], legacy.p50_ms[n]);
        writeln!(
            out,
            "| {name} | {} | {per_s:.0} | {} | {} | {:.2} | {} | {} | {:.2} | {:.2} | {:.1} |",
            CALLERS[n],
            or_none(legacy_per_s, 0),
            or_none(legacy_per_s.map(|legacy| per_s / legacy), 2),
            ms(*p50),
            or_none(legacy_p50, 1),
            or_none(legacy_p50.map(|legacy| ms(*p50) / legacy), 2),
            ms(*p95),
            ms(*p99),
            *resident_kib as f64 / 1000.0,
        )?;
    }
    Ok(())
}
