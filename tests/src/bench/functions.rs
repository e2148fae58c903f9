//! Each function next to a hello-world Lambda binary: start, first answer, warm calls, memory and size.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::json;

use super::memory;
use super::percentile::percentile;
use crate::console::say;
use crate::stack::runtime_api::Instance;
use crate::stack::template;
use crate::{Result, paths};

const HELLO: &str = "hello-world";
const AUTHORITIES: &str = "/etc/ssl/certs/ca-certificates.crt";
const STARTS: usize = 20;
const WARM_CALLS: usize = 1000;
/// Functions that refuse an unauthenticated request without the database.
const WARM: [&str; 7] = [
    "auth-register",
    "auth-login",
    "auth-me",
    "documents-upload",
    "documents-get",
    "verification-status",
    "review-callback",
];

/// Measurements of one program.
struct Measured {
    start: Duration,
    first: Duration,
    zip_kib: u64,
    resident_kib: u64,
    warm: Option<(Duration, Duration)>,
}

/// Measures all functions of the template and writes Markdown.
pub(super) async fn run(out: &mut String) -> Result<()> {
    let memory = memory::Server::start().await?;
    let mut environment = functions_environment();
    // The sweeper asks the queues even when the database is away. Without a server it would measure the SDK's retry.
    environment.insert("AWS_ENDPOINT_URL_SQS".to_owned(), memory.url());
    // One file, as in Lambda's image. Debian also has one for each authority, and all would be read.
    if Path::new(AUTHORITIES).exists() {
        environment.insert("SSL_CERT_FILE".to_owned(), AUTHORITIES.to_owned());
    }
    let deployed = template::local(&paths::root().join("template.yaml"), "")?;
    let mut programs = vec![HELLO.to_owned()];
    programs.extend(template::programs(&deployed));
    // In rounds, so that other load on the machine affects all programs alike.
    let mut starts: BTreeMap<&str, Starts> = BTreeMap::new();
    for round in 1..=STARTS {
        say(&format!("starts, round {round} of {STARTS}"));
        for program in &programs {
            starts.entry(program).or_default().once(program, &environment).await?;
        }
    }
    let mut measured = BTreeMap::new();
    for program in &programs {
        say(program);
        let is_called = program == HELLO || WARM.contains(&program.as_str());
        let starts = starts.remove(program.as_str()).ok_or("a program was not started")?;
        measured.insert(program.as_str(), measure(program, starts, is_called).await?);
    }
    let hello = measured.remove(HELLO).ok_or("hello-world was not measured")?;
    let mut rows = String::new();
    let mut row = |name: &str, measured: &Measured| {
        let (ms, ratio) = (measured.start.as_secs_f64() * 1e3, ratio(measured.start, hello.start));
        let (first, first_ratio) =
            (measured.first.as_secs_f64() * 1e3, self::ratio(measured.first, hello.first));
        let zip = measured.zip_kib as f64 / 1024.0;
        let mib = measured.resident_kib as f64 / 1024.0;
        let memory = measured.resident_kib as f64 / hello.resident_kib as f64;
        let warm = match (measured.warm, hello.warm) {
            (Some((p50, p99)), Some((base, _))) => format!(
                "{:.3} / {:.3} | {:.2}",
                p50.as_secs_f64() * 1e3,
                p99.as_secs_f64() * 1e3,
                self::ratio(p50, base)
            ),
            _ => "- | -".to_owned(),
        };
        rows.push_str(&format!(
            "| {name} | {ms:.1} | {ratio:.2} | {first:.1} | {first_ratio:.2} | {mib:.1} | {memory:.2} | {warm} | {zip:.1} |\n"
        ));
    };
    row("hello-world (lambda_http)", &hello);
    for (name, measured) in &measured {
        row(name, measured);
    }
    out.push_str(&format!(
        "\n### Functions next to a hello-world Lambda binary\n\n\
         Start: process start to the first request for work, configuration validated, median of {STARTS}, \
         all programs in turn. First answer: \
         process start to the answer to a stranger's request, median of as many; those without a route \
         (migrate, review-dispatch, scoring, sweeper) fail at a database that is not there or at a payload that is none. Memory: \
         resident after that, and after the warm calls where there are any. Zip: of the release build without symbols, \
         not of the `dist` profile that `./dev package` builds. Warm: an event through the runtime API until \
         the answer is back, p50 / p99 of {WARM_CALLS} calls; a stranger's request that is answered (401) without \
         the database.\n\n\
         | function | start, ms | ratio | first answer, ms | ratio | memory, MiB | ratio | warm, ms | ratio | zip, MiB |\n\
         |---|---|---|---|---|---|---|---|---|---|\n{rows}"
    ));
    Ok(())
}

/// How long a program took to start, and to its first answer, each time.
#[derive(Default)]
struct Starts {
    starts: Vec<Duration>,
    firsts: Vec<Duration>,
    last: Option<Instance>,
}

impl Starts {
    async fn once(&mut self, program: &str, environment: &BTreeMap<String, String>) -> Result<()> {
        drop(self.last.take());
        let mut command = Command::new(paths::program(program)?);
        command.env_clear().envs(environment);
        let clock = Instant::now();
        let mut instance = Instance::start(&mut command).await?;
        self.starts.push(instance.started_in);
        // A refusal counts as an answer.
        instance.invoke(&event().to_string()).await?;
        self.firsts.push(clock.elapsed());
        self.last = Some(instance);
        Ok(())
    }
}

async fn measure(program: &str, starts: Starts, is_called: bool) -> Result<Measured> {
    let Starts { mut starts, mut firsts, last } = starts;
    let mut instance = last.ok_or("nothing was started")?;
    let mut warm = None;
    if is_called {
        let event = event().to_string();
        let mut calls = Vec::with_capacity(WARM_CALLS);
        for n in 0..WARM_CALLS + 50 {
            let (elapsed, answer) = instance.invoke(&event).await?;
            if answer["statusCode"].is_null() {
                return Err(format!("{program} answered {answer}").into());
            }
            // The first calls fill caches.
            if n >= 50 {
                calls.push(elapsed);
            }
        }
        warm = Some((percentile(&mut calls, 50), percentile(&mut calls, 99)));
    }
    Ok(Measured {
        start: percentile(&mut starts, 50),
        first: percentile(&mut firsts, 50),
        zip_kib: zip_kib(&paths::program(program)?)?,
        resident_kib: instance.resident_kib()?,
        warm,
    })
}

/// Size of a program's archive, in KiB: without symbols, as it is deployed.
fn zip_kib(program: &Path) -> Result<u64> {
    const ZIP: &str = "import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.write(sys.argv[2], 'bootstrap')
";
    let folder = tempfile::tempdir()?;
    let (bare, archive) = (folder.path().join("bootstrap"), folder.path().join("bootstrap.zip"));
    let stripped = Command::new("strip").arg("-o").arg(&bare).arg(program).status()?;
    let zipped = Command::new(paths::python()).args(["-c", ZIP]).arg(&archive).arg(&bare).status()?;
    if !(stripped.success() && zipped.success()) {
        return Err(format!("{} could not be put into an archive", program.display()).into());
    }
    Ok(std::fs::metadata(archive)?.len() / 1024)
}

/// An unauthenticated request, as API Gateway's REST API sends it.
fn event() -> serde_json::Value {
    json!({
        "resource": "/auth/me",
        "path": "/auth/me",
        "httpMethod": "POST",
        "headers": {"Host": "api.example.com", "Accept": "application/json", "User-Agent": "bench"},
        "multiValueHeaders": {"Host": ["api.example.com"], "Accept": ["application/json"], "User-Agent": ["bench"]},
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": {"id": "0193f8a0-0000-7000-8000-000000000000"},
        "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000", "apiId": "bench", "httpMethod": "POST", "path": "/local/auth/me",
            "protocol": "HTTP/1.1", "requestId": "bench-request", "resourceId": "bench", "resourcePath": "/auth/me",
            "stage": "local", "identity": {"sourceIp": "203.0.113.7", "userAgent": "bench"}
        },
        "body": null,
        "isBase64Encoded": false
    })
}

/// A complete configuration in the environment, so that the start needs no other server. Nothing listens at these
/// addresses.
fn functions_environment() -> BTreeMap<String, String> {
    use filot_platform::local;
    [
        ("FILOT_ENV", "local"),
        ("AWS_REGION", "ap-southeast-2"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("DATABASE_URL", "postgres://filot_app@127.0.0.1:9/filot"),
        ("DATABASE_SCORING_URL", "postgres://filot_scoring@127.0.0.1:9/filot"),
        ("DATABASE_REVIEWS_URL", "postgres://filot_reviews@127.0.0.1:9/filot"),
        ("DATABASE_MIGRATE_URL", "postgres://filot@127.0.0.1:9/filot"),
        ("REDIS_URL", "redis://127.0.0.1:9"),
        ("REDIS_PASSWORD", "none"),
        ("CF_R2_ENDPOINT", "http://127.0.0.1:9"),
        ("CF_R2_ACCESS_KEY_ID", "test"),
        ("CF_R2_SECRET_ACCESS_KEY", "test"),
        ("CF_R2_BUCKET_NAME", "documents"),
        ("OCR_GPU_QUEUE_URL", "http://127.0.0.1:9/gpu"),
        ("OCR_CPU_QUEUE_URL", "http://127.0.0.1:9/cpu"),
        ("OCR_GPU_DLQ_URL", "http://127.0.0.1:9/gpu-dead-letters"),
        ("OCR_CPU_DLQ_URL", "http://127.0.0.1:9/cpu-dead-letters"),
        ("JWT_SECRET", local::JWT_SECRET),
        ("SERVICE_INTERNAL_KEY", local::SERVICE_INTERNAL_KEY),
        ("STACK_PROJECT_ID", local::STACK_PROJECT_ID),
        ("ORIGIN_SECRET", local::ORIGIN_SECRET),
        ("SEALING_KEY", local::SEALING_KEY),
        ("IDENTITY_HASH_KEY", local::IDENTITY_HASH_KEY),
        ("BULI2_API_URL", "http://127.0.0.1:9"),
        ("BULI2_API_KEY", local::BULI2_API_KEY),
        ("BULI2_CALLBACK_URL", "http://127.0.0.1:9"),
        ("BULI2_SIGNATURE_SECRET", local::BULI2_SIGNATURE_SECRET),
        ("BULI2_HMAC_SECRET", local::BULI2_SIGNATURE_SECRET),
        ("SCORING_FUNCTION", "scoring"),
        ("REVIEW_DISPATCH_FUNCTION", "review-dispatch"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

fn ratio(one: Duration, other: Duration) -> f64 {
    one.as_secs_f64() / other.as_secs_f64()
}
