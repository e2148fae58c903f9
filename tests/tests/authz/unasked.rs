//! Checks that the local configuration turns off and others turn on: a service key for the metrics, and a timestamp in
//! every signature. Each program runs here with a configuration of its own.

use std::collections::BTreeMap;
use std::process::Command;

use filot_buli2::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign};
use filot_e2e::stack::runtime_api::Instance;
use filot_e2e::{Result, paths};
use serde_json::{Value, json};

/// Keys that are valid in production: long, and not those of the local stack.
const KEY: &str = "a-service-key-of-this-test-alone-0123456789";
const SECOND_KEY: &str = "another-service-key-of-this-test-0123456789";
const SIGNATURE_SECRET: &str = "a-signature-secret-of-this-test-0123456789";

/// A complete production configuration. Nothing listens at its addresses.
fn production() -> BTreeMap<&'static str, String> {
    [
        ("FILOT_ENV", "production"),
        ("AWS_REGION", "ap-southeast-2"),
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("DATABASE_URL", "postgres://filot_app@127.0.0.1:9/filot?sslmode=require"),
        ("DATABASE_REVIEWS_URL", "postgres://filot_reviews@127.0.0.1:9/filot?sslmode=require"),
        ("REDIS_URL", "rediss://127.0.0.1:9"),
        ("REDIS_PASSWORD", "none"),
        ("OCR_GPU_QUEUE_URL", "https://127.0.0.1:9/gpu"),
        ("OCR_CPU_QUEUE_URL", "https://127.0.0.1:9/cpu"),
        ("OCR_GPU_DLQ_URL", "https://127.0.0.1:9/gpu-dead"),
        ("OCR_CPU_DLQ_URL", "https://127.0.0.1:9/cpu-dead"),
        ("SEALING_KEY", "a:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="),
        ("IDENTITY_HASH_KEY", "an-identity-hash-key-of-this-test-0123456789"),
        ("ORIGIN_SECRET", "an-origin-secret-of-this-test-0123456789"),
        (
            "SERVICE_INTERNAL_KEY",
            "a-service-key-of-this-test-alone-0123456789,another-service-key-of-this-test-0123456789",
        ),
        ("BULI2_SIGNATURE_SECRET", SIGNATURE_SECRET),
        ("BULI2_HMAC_SECRET", SIGNATURE_SECRET),
        ("BULI2_REQUIRE_TIMESTAMP", "true"),
    ]
    .into_iter()
    .map(|(name, value)| (name, value.to_owned()))
    .collect()
}

async fn start(program: &str) -> Result<Instance> {
    let mut command = Command::new(paths::program(program)?);
    command.env_clear().envs(production());
    Instance::start(&mut command).await
}

/// An event as the gateway sends it.
fn event(method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> String {
    let single: BTreeMap<_, _> = headers.iter().copied().collect();
    let multi: BTreeMap<_, _> = headers.iter().map(|(name, value)| (*name, [*value])).collect();
    json!({
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": single,
        "multiValueHeaders": multi,
        "queryStringParameters": null,
        "multiValueQueryStringParameters": null,
        "pathParameters": null,
        "stageVariables": null,
        "requestContext": {
            "accountId": "000000000000", "apiId": "test", "httpMethod": method, "path": path, "protocol": "HTTP/1.1",
            "requestId": "test-request", "resourceId": "test", "resourcePath": path, "stage": "production",
            "identity": {"sourceIp": "203.0.113.7", "userAgent": "test"}
        },
        "body": body,
        "isBase64Encoded": false
    })
    .to_string()
}

/// Status and code.
async fn answer(instance: &mut Instance, event: &str) -> Result<(u64, String)> {
    let (_, answer) = instance.invoke(event).await?;
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default();
    let code = body["code"].as_str().unwrap_or_default().to_owned();
    Ok((answer["statusCode"].as_u64().unwrap_or_default(), code))
}

/// INV-6: in production the metrics need a service key.
#[tokio::test(flavor = "multi_thread")]
async fn inv_6_in_production_the_metrics_take_a_service_key() -> Result<()> {
    let mut metrics = start("metrics").await?;
    let mut pairs = 0;
    let nobody = [
        None,
        Some("Bearer".to_owned()),
        Some("Bearer nonsense".to_owned()),
        Some(format!("Basic {KEY}")),
        Some(format!("Bearer {KEY},{SECOND_KEY}")),
        Some(format!("Bearer {}", &KEY[1..])),
        Some(format!("Bearer {}", filot_platform::local::SERVICE_INTERNAL_KEY)),
        Some(format!("Bearer {SIGNATURE_SECRET}")),
    ];
    for authorization in nobody {
        let headers: Vec<_> = authorization.iter().map(|value| ("Authorization", value.as_str())).collect();
        let answer = answer(&mut metrics, &event("GET", "/metrics", &headers, None)).await?;
        assert_eq!(answer, (401, "unauthenticated".to_owned()), "INV-6: {authorization:?}");
        pairs += 1;
    }
    for key in [KEY, SECOND_KEY] {
        let bearer = format!("Bearer {key}");
        let asked = event("GET", "/metrics", &[("Authorization", &bearer)], None);
        // Authorised, and then 503: there is no database here.
        assert_eq!(answer(&mut metrics, &asked).await?.0, 503, "{key} is active");
        pairs += 1;
    }
    eprintln!("authz: production metrics pairs={pairs}");
    Ok(())
}

/// INV-6: where a timestamp is mandatory, a signature without one is refused, because it could be replayed for ever.
#[tokio::test(flavor = "multi_thread")]
async fn inv_6_a_mandatory_timestamp_is_missed() -> Result<()> {
    let mut callback = start("review-callback").await?;
    let body = json!({"reviewId": uuid::Uuid::now_v7(), "decision": "approved"}).to_string();
    let bearer = format!("Bearer {KEY}");
    let secret = SIGNATURE_SECRET.as_bytes();
    let now = chrono::Utc::now().timestamp().to_string();
    let timeless = sign(secret, None, body.as_bytes());
    let timed = sign(secret, Some(&now), body.as_bytes());
    let path = "/internal/reviews";
    for (what, headers) in [
        ("no timestamp", vec![(SIGNATURE_HEADER, timeless.as_str())]),
        ("empty timestamp", vec![(SIGNATURE_HEADER, timeless.as_str()), (TIMESTAMP_HEADER, "")]),
        ("timestamp beside the signature", vec![(SIGNATURE_HEADER, &timeless), (TIMESTAMP_HEADER, &now)]),
        ("timestamp taken away", vec![(SIGNATURE_HEADER, timed.as_str())]),
    ] {
        let mut headers = headers;
        headers.push(("Authorization", bearer.as_str()));
        let answer = answer(&mut callback, &event("POST", path, &headers, Some(&body))).await?;
        assert_eq!(answer, (401, "unauthenticated".to_owned()), "INV-6: {what}");
    }
    let headers = [(SIGNATURE_HEADER, timed.as_str()), (TIMESTAMP_HEADER, &now), ("Authorization", &bearer)];
    let passed = answer(&mut callback, &event("POST", path, &headers, Some(&body))).await?;
    assert_eq!(passed.0, 503, "past the door there is no database here: {passed:?}");
    Ok(())
}
