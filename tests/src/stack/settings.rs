//! The configuration of a stack: settings and secrets of the functions and the workers, and the endpoint of AWS.

use std::collections::BTreeMap;
use std::path::Path;

use aws_config::SdkConfig;
use filot_platform::local;
use filot_testkit::{Redis, TestDb};

use super::deploy::{self, Deployment};
use crate::Result;
use crate::faults::queue_proxy::QueueProxy;
use crate::simulators::buli2::Buli2;
use crate::simulators::stack_auth::StackAuth;

/// Settings that are not secret and not in the template: where Stack Auth and the queues are on this machine, and no bound
/// on attempts.
pub(super) fn settings(stack_auth: &StackAuth, queue_proxy: &QueueProxy) -> BTreeMap<String, String> {
    [
        ("STACK_API_URL", stack_auth.url()),
        ("STACK_ISSUERS", "https://api.stack-auth.com,https://api.hexclave.com"),
        ("AWS_ENDPOINT_URL_SQS", queue_proxy.url()),
        ("CF_R2_REGION", filot_testkit::aws::REGION),
        ("RUST_BACKTRACE", "0"),
        // Suites and demonstrations send the same few cards again and again.
        ("ATTEMPTS_PER_USER", "1000000"),
        ("ATTEMPTS_PER_IDENTITY", "1000000"),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

/// Every secret of the product by its path in Secrets Manager.
pub(super) fn all_secrets(
    database: &TestDb,
    redis: &Redis,
    buli2: &Buli2,
    storage_url: String,
    deployment: &Deployment,
) -> BTreeMap<String, String> {
    [
        ("jwt-secret", local::JWT_SECRET.to_owned()),
        ("service-internal-key", local::SERVICE_INTERNAL_KEY.to_owned()),
        ("database-url", database.group_url("filot_app")),
        ("database-worker-url", database.group_url("filot_worker")),
        ("database-scoring-url", database.group_url("filot_scoring")),
        ("database-reviews-url", database.group_url("filot_reviews")),
        ("database-migrate-url", database.owner_url()),
        ("redis-url", redis.url()),
        ("cf-r2-endpoint", storage_url),
        ("cf-r2-access-key", filot_testkit::aws::CREDENTIAL.to_owned()),
        ("cf-r2-secret-key", filot_testkit::aws::CREDENTIAL.to_owned()),
        ("cf-r2-bucket", deploy::BUCKET.to_owned()),
        ("buli2-api-url", buli2.url().to_owned()),
        ("buli2-api-key", local::BULI2_API_KEY.to_owned()),
        ("buli2-callback-url", deployment.callback_url.clone()),
        ("buli2-signature-secret", local::BULI2_SIGNATURE_SECRET.to_owned()),
        ("stack-project-id", filot_testkit::stack_auth::PROJECT_ID.to_owned()),
        ("sealing-key", local::SEALING_KEY.to_owned()),
        ("identity-hash-key", local::IDENTITY_HASH_KEY.to_owned()),
    ]
    .into_iter()
    .map(|(name, value)| (format!("filot/{name}"), value))
    .collect()
}

/// An AWS SDK that talks to the stand-in at `endpoint`.
pub(super) async fn sdk_config(endpoint: &str) -> SdkConfig {
    let credential = filot_testkit::aws::CREDENTIAL;
    aws_config::defaults(aws_config::BehaviorVersion::latest())
        .endpoint_url(endpoint)
        .region(aws_config::Region::new(filot_testkit::aws::REGION))
        .credentials_provider(aws_sdk_s3::config::Credentials::new(
            credential, credential, None, None, "local",
        ))
        .load()
        .await
}

/// A path as the value of a variable.
pub(super) fn path_text(path: &Path) -> Result<String> {
    path.to_str().map(str::to_owned).ok_or_else(|| "a path is not text".into())
}
