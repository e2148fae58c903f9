//! Sends the requests of the script, keeps the answers as text, and writes or compares the recording.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use filot_e2e::client::probe::{self, Probe, Seen};
use filot_e2e::stack::redis_wire;
use filot_e2e::{Result, Stack, paths};
use filot_edge::api::ROUTES;
use filot_edge::openapi::DOCUMENT;
use serde_json::Value;

use crate::normalise::{Normaliser, pretty};

/// Headers of the gateway, the connection and the clock.
const NOT_OURS: [&str; 8] = [
    "connection",
    "content-length",
    "date",
    "server",
    "transfer-encoding",
    "x-amz-request-id",
    "x-amzn-requestid",
    "x-amzn-trace-id",
];
/// The correlation id of every request that does not bring its own.
const CORRELATION_ID: &str = "recorded-answers";
/// Headers whose value counts seconds.
const SECONDS: [&str; 2] = ["ratelimit-reset", "retry-after"];
/// Where a group stands before the first one is begun.
const NO_GROUP: &str = "none";
/// The headers that nearly every answer has, in a file of their own: an answer shows only where it differs.
const USUAL_HEADERS: &str = "usual_headers";

/// One request and its answer, in names.
struct Exchange {
    /// What the request is, in the script's words; unique in its group.
    what: String,
    /// Method and path, or the function that is invoked.
    request: String,
    status: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// The answers so far.
pub struct Recorder<'a> {
    /// The stack that answers.
    pub stack: &'a Stack,
    http: reqwest::Client,
    normaliser: Normaliser,
    group: &'static str,
    groups: BTreeMap<&'static str, Vec<Exchange>>,
    routes: BTreeSet<String>,
}

impl<'a> Recorder<'a> {
    /// A recorder without answers.
    pub fn new(stack: &'a Stack) -> Result<Self> {
        let http = probe::client()?;
        let (normaliser, groups, routes) = (Normaliser::default(), BTreeMap::new(), BTreeSet::new());
        Ok(Self { stack, http, normaliser, group: NO_GROUP, groups, routes })
    }

    /// What is asked from now on belongs to this group of routes: one file.
    pub fn group(&mut self, name: &'static str) {
        self.group = name;
    }

    /// A request to a path of the API.
    pub fn to(&self, method: &str, path: &str) -> Result<Probe> {
        Probe::new(method, format!("{}{path}", self.stack.api.base()))
    }

    /// A request to a path of the callback function's own URL.
    pub fn to_function_url(&self, path: &str) -> Result<Probe> {
        Probe::new("POST", format!("{}{path}", self.stack.deployment.callback_url))
    }

    /// Sends a request and keeps its answer. Nobody is near a limit: the counters are emptied before.
    pub async fn ask(&mut self, what: &str, probe: Probe) -> Result<Seen> {
        redis_wire::command(&self.stack.redis.url(), &["FLUSHALL"]).await?;
        self.ask_again(what, probe).await
    }

    /// The same on top of the counters as they are.
    pub async fn ask_again(&mut self, what: &str, probe: Probe) -> Result<Seen> {
        let probe = if probe.headers.iter().any(|(name, _)| name == "x-correlation-id") {
            probe
        } else {
            probe.header("x-correlation-id", CORRELATION_ID)
        };
        let seen = probe.send(&self.http).await?;
        let place = probe.url.replace(self.stack.api.base(), "");
        let place = place.replace(&self.stack.deployment.callback_url, "<function url>");
        self.note_route(probe.method.as_str(), &place);
        let request = format!("{} {}", probe.method, self.normaliser.text(&place));
        let mut headers: Vec<(String, String)> = seen
            .headers
            .iter()
            .filter(|(name, _)| !NOT_OURS.contains(&name.as_str()))
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes());
                let is_time = SECONDS.contains(&name.as_str()) && seen.status != 503;
                (
                    name.to_string(),
                    if is_time { "<seconds>".to_owned() } else { self.normaliser.text(&value) },
                )
            })
            .collect();
        headers.sort();
        let body = if seen.text == DOCUMENT {
            "<docs/openapi.json>".to_owned()
        } else {
            let text = self.normaliser.text(&seen.text);
            pretty_around_names(&seen.text, &text)
        };
        let status = seen.status.to_string();
        self.keep(Exchange { what: what.to_owned(), request, status, headers, body });
        Ok(seen)
    }

    /// Invokes a function that has no route and keeps what it answers.
    pub async fn invoke(&mut self, what: &str, function: &str, payload: &Value) -> Result<()> {
        let answer = self.stack.lambda().invoke().function_name(format!("filot-{function}-local"));
        let payload = aws_sdk_lambda::primitives::Blob::new(payload.to_string());
        let answer = answer.payload(payload).send().await?;
        let status = answer.function_error.unwrap_or_else(|| "done".to_owned());
        let body = answer.payload.map(|payload| payload.into_inner()).unwrap_or_default();
        let body = String::from_utf8(body)?;
        let text = self.normaliser.text(&body);
        let body = pretty_around_names(&body, &text);
        let request = format!("invoke {function}");
        self.keep(Exchange { what: what.to_owned(), request, status, headers: Vec::new(), body });
        Ok(())
    }

    fn keep(&mut self, exchange: Exchange) {
        let group = self.groups.entry(self.group).or_default();
        let is_new = group.iter().all(|known| known.what != exchange.what);
        assert!(is_new, "{}: two requests are called {:?}", self.group, exchange.what);
        group.push(exchange);
    }

    fn note_route(&mut self, method: &str, place: &str) {
        let path = place.split('?').next().unwrap_or_default();
        let fits = |pattern: &str| {
            let (pattern, path): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
            pattern.len() == path.len()
                && pattern.iter().zip(&path).all(|(part, given)| part.starts_with('{') || part == given)
        };
        let found = ROUTES.iter().filter(|route| route.method == method && fits(route.path));
        self.routes.extend(found.map(|route| format!("{} {}", route.method, route.path)));
    }

    /// The routes that were asked, as `METHOD /path/{id}`.
    pub const fn routes(&self) -> &BTreeSet<String> {
        &self.routes
    }

    /// How many answers there are.
    pub fn count(&self) -> usize {
        self.groups.values().map(Vec::len).sum()
    }

    /// The recording: each group's text by its name, cut into one part for each request.
    fn parts(&self) -> BTreeMap<&'static str, Vec<String>> {
        let answers = || self.groups.values().flatten().filter(|exchange| !exchange.headers.is_empty());
        let mut counts: BTreeMap<&(String, String), usize> = BTreeMap::new();
        for header in answers().flat_map(|exchange| &exchange.headers) {
            *counts.entry(header).or_default() += 1;
        }
        let nearly_all = answers().count() * 9 / 10;
        let usual: BTreeSet<_> =
            counts.into_iter().filter(|(_, count)| *count > nearly_all).map(|(header, _)| header).collect();
        let line = |(name, value): &(String, String)| format!("{name}: {value}\n");
        let mut parts = BTreeMap::new();
        parts.insert(USUAL_HEADERS, vec![usual.iter().copied().map(line).collect()]);
        for (group, exchanges) in &self.groups {
            let texts = exchanges.iter().map(|Exchange { what, request, status, headers, body }| {
                let own: String = headers.iter().filter(|header| !usual.contains(header)).map(line).collect();
                let missing = usual.iter().filter(|header| !headers.is_empty() && !headers.contains(header));
                let missing: String = missing.map(|header| format!("without {}", line(header))).collect();
                let body = if body.is_empty() { String::new() } else { format!("{body}\n") };
                format!("=== {what}\n{request}\n{status}\n{own}{missing}{body}")
            });
            parts.insert(group, texts.collect());
        }
        parts
    }

    /// Writes the recording.
    pub fn write(&self) -> Result<()> {
        for (group, parts) in self.parts() {
            fs::write(file(group), parts.join("\n"))?;
        }
        Ok(())
    }

    /// Answers that are not the recorded ones, each with both texts.
    pub fn differences(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for (group, parts) in self.parts() {
            let path = file(group);
            let recorded =
                fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let now = parts.join("\n");
            if now == recorded {
                continue;
            }
            let recorded: Vec<&str> = recorded.split("\n=== ").collect();
            let now: Vec<&str> = now.split("\n=== ").collect();
            for at in 0..recorded.len().max(now.len()) {
                let (then, now) = (recorded.get(at).unwrap_or(&"nothing"), now.get(at).unwrap_or(&"nothing"));
                if then != now {
                    found.push(format!("{group}, recorded:\n{then}\n--- now:\n{now}"));
                }
            }
        }
        Ok(found)
    }
}

/// A line for each value, if the answer is JSON. Numbers that became names are no JSON: the answer itself decides.
fn pretty_around_names(answer: &str, text: &str) -> String {
    if pretty(answer).is_none() {
        return text.to_owned();
    }
    let quoted = text.replace(":<seconds>", ":\"<seconds>\"");
    pretty(&quoted).unwrap_or(quoted)
}

fn file(group: &str) -> PathBuf {
    paths::root().join(format!("tests/tests/answers/recorded/{group}.txt"))
}
