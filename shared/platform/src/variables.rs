//! The one table of variables: it drives loading, the checks, and `docs/configuration.md`.

use crate::local;
use crate::role::{Role, Section};

/// How a value is kept and checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// No secret.
    Plain,
    /// Kept in Secrets Manager, may be of any length (URLs, names, passwords given by others).
    Secret,
    /// A key of ours: at least 32 characters in staging and production, and none of the published ones.
    Key,
}

/// The value of a variable that is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// It must be set.
    Required,
    /// It must be set, except on a developer's machine, which takes this value.
    Local(&'static str),
    /// This value.
    Value(&'static str),
    /// It may be absent.
    Unset,
    /// It may be absent; a developer's machine takes this value.
    UnsetOrLocal(&'static str),
}

/// A variable of the environment, and where else its value may come from.
#[derive(Debug, Clone, Copy)]
pub struct Variable {
    /// Its name in the environment.
    pub name: &'static str,
    /// The section it belongs to: programs that need the section read it.
    pub section: Section,
    /// Its name in Secrets Manager, where it is looked for when the environment does not have it.
    pub secret: Option<&'static str>,
    /// How its value is kept and checked.
    pub guard: Guard,
    /// Its value when it is not set.
    pub default: Default,
    /// A sentence for `docs/configuration.md`.
    pub purpose: &'static str,
}

impl Variable {
    /// Whether a program reads the variable.
    pub fn is_read_by(&self, role: Role) -> bool {
        role.needs(self.section)
    }
}

const fn plain(name: &'static str, section: Section, default: Default, purpose: &'static str) -> Variable {
    Variable { name, section, secret: None, guard: Guard::Plain, default, purpose }
}

const fn secret(
    name: &'static str,
    section: Section,
    path: &'static str,
    guard: Guard,
    default: Default,
    purpose: &'static str,
) -> Variable {
    Variable { name, section, secret: Some(path), guard, default, purpose }
}

use self::Default::{Local, Required, Unset, UnsetOrLocal, Value};
use self::Guard::{Key, Secret};
use Section as S;

/// Every variable that the product reads.
pub const VARIABLES: &[Variable] = &[
    plain(
        "FILOT_ENV",
        S::Core,
        Required,
        "Which deployment this is: local, development, staging or production.",
    ),
    plain("LOG_LEVEL", S::Core, Value("info"), "Least severe log line: error, warn, info, debug or trace."),
    plain("METRICS_ENABLED", S::Core, Value("true"), "Whether metric lines are written."),
    plain("METRICS_NAMESPACE", S::Core, Value("FiLot"), "CloudWatch namespace of the metrics."),
    plain(
        "FILOT_FRONTEND_ORIGIN",
        S::Http,
        Value("https://app.filot.me"),
        "Origins that browsers may call from, separated by commas.",
    ),
    secret(
        "ORIGIN_SECRET",
        S::Http,
        "filot/origin-secret",
        Key,
        UnsetOrLocal(local::ORIGIN_SECRET),
        "Proves, in `X-Origin-Secret`, that a request came through Cloudflare, whose `CF-Connecting-IP` is then the \
         client's address; two, separated by a comma, while rotating. Unset: the address is always the gateway's.",
    ),
    secret(
        "DATABASE_URL",
        S::AppDatabase,
        "filot/database-url",
        Secret,
        Required,
        "Postgres as `filot_app`, the role of the functions that decide nothing; the pooled endpoint.",
    ),
    secret(
        "DATABASE_WORKER_URL",
        S::WorkerDatabase,
        "filot/database-worker-url",
        Secret,
        Required,
        "Postgres as `filot_worker`, which claims and reads documents and sees nothing else; the pooled endpoint.",
    ),
    secret(
        "DATABASE_SCORING_URL",
        S::ScoringDatabase,
        "filot/database-scoring-url",
        Secret,
        Required,
        "Postgres as `filot_scoring`, which decides automatically; the pooled endpoint.",
    ),
    secret(
        "DATABASE_REVIEWS_URL",
        S::ReviewsDatabase,
        "filot/database-reviews-url",
        Secret,
        Required,
        "Postgres as `filot_reviews`, which writes a human's decision; the pooled endpoint.",
    ),
    plain("DATABASE_MAX_CONNECTIONS", S::Database, Value("4"), "Connections of one process."),
    secret(
        "SEALING_KEY",
        S::Database,
        "filot/sealing-key",
        Key,
        Local(local::SEALING_KEY),
        "Seals personal fields: `id:base64` of 32 bytes; several, separated by commas, while rotating, the active one first.",
    ),
    secret(
        "IDENTITY_HASH_KEY",
        S::Database,
        "filot/identity-hash-key",
        Key,
        Local(local::IDENTITY_HASH_KEY),
        "Keys the hashes of NIK and NPWP numbers and the marks of documents. Changing it forgets which identities are held, and \
         what was refused.",
    ),
    plain(
        "REJECTION_MEMORY_DAYS",
        S::Database,
        Value("180"),
        "Days for which a rejection, or an erasure while a human was awaited, is remembered: what shares a number, holder, file \
         or picture with it goes to a human.",
    ),
    plain(
        "ATTEMPTS_PER_USER",
        S::Database,
        Value("10"),
        "Documents that did not pass which a user may send within ATTEMPTS_WINDOW_DAYS.",
    ),
    plain(
        "ATTEMPTS_PER_IDENTITY",
        S::Database,
        Value("10"),
        "Documents of one number, of all users, within ATTEMPTS_WINDOW_DAYS; what comes after goes to a human.",
    ),
    plain("ATTEMPTS_WINDOW_DAYS", S::Database, Value("7"), "Days for which an attempt counts."),
    secret(
        "DATABASE_MIGRATE_URL",
        S::Migration,
        "filot/database-migrate-url",
        Secret,
        Required,
        "Postgres as the owner of the schema; the direct endpoint.",
    ),
    secret("REDIS_URL", S::Redis, "filot/redis-url", Secret, Required, "redis:// or rediss://."),
    secret(
        "REDIS_PASSWORD",
        S::Redis,
        "filot/redis-password",
        Secret,
        Unset,
        "Overrides the password in REDIS_URL.",
    ),
    plain("QUEUE_PREFIX", S::Redis, Value("filot"), "Before every Redis key and channel."),
    secret("CF_R2_ENDPOINT", S::Storage, "filot/cf-r2-endpoint", Secret, Required, "Endpoint of R2 or S3."),
    secret("CF_R2_ACCESS_KEY_ID", S::Storage, "filot/cf-r2-access-key", Secret, Required, "Access key id."),
    secret(
        "CF_R2_SECRET_ACCESS_KEY",
        S::Storage,
        "filot/cf-r2-secret-key",
        Secret,
        Required,
        "Secret access key.",
    ),
    secret("CF_R2_BUCKET_NAME", S::Storage, "filot/cf-r2-bucket", Secret, Required, "Bucket of the files."),
    plain("CF_R2_REGION", S::Storage, Value("auto"), "`auto` for R2, the bucket's region for S3."),
    plain(
        "R2_PRIVATE_URL_EXPIRY",
        S::Storage,
        Value("300"),
        "Seconds that the owner's link to a file lives. The reviewer's lives 60.",
    ),
    plain("OCR_GPU_QUEUE_URL", S::Queues, Required, "SQS queue of the workers with a GPU."),
    plain("OCR_CPU_QUEUE_URL", S::Queues, Required, "SQS queue of the workers without."),
    plain("OCR_GPU_DLQ_URL", S::DeadLetters, Required, "SQS queue of what fell out of the GPU queue."),
    plain("OCR_CPU_DLQ_URL", S::DeadLetters, Required, "SQS queue of what fell out of the CPU queue."),
    plain("OCR_GPU_ENABLED", S::Queues, Value("false"), "Whether new documents go to the GPU queue."),
    secret(
        "JWT_SECRET",
        S::Tokens,
        "filot/jwt-secret",
        Key,
        Local(local::JWT_SECRET),
        "Signs our tokens: a key, or `kid:key` several times, separated by commas, while rotating, the active one first.",
    ),
    secret(
        "STACK_PROJECT_ID",
        S::StackAuth,
        "filot/stack-project-id",
        Secret,
        Local(local::STACK_PROJECT_ID),
        "Stack Auth project: the audience of its tokens.",
    ),
    plain(
        "STACK_API_URL",
        S::StackAuth,
        Value("https://api.stack-auth.com"),
        "Where the project's public keys are.",
    ),
    plain(
        "STACK_ISSUERS",
        S::StackAuth,
        Value("https://api.stack-auth.com,https://api.hexclave.com"),
        "Issuers that are believed, as API bases, separated by commas.",
    ),
    secret(
        "SERVICE_INTERNAL_KEY",
        S::ServiceKey,
        "filot/service-internal-key",
        Key,
        Local(local::SERVICE_INTERNAL_KEY),
        "Key of internal callers; two, separated by a comma, while rotating.",
    ),
    secret("BULI2_API_URL", S::Buli2, "filot/buli2-api-url", Secret, Required, "Where BULI2 is."),
    secret(
        "BULI2_API_KEY",
        S::Buli2,
        "filot/buli2-api-key",
        Key,
        Local(local::BULI2_API_KEY),
        "Our key at BULI2.",
    ),
    secret(
        "BULI2_CALLBACK_URL",
        S::Buli2,
        "filot/buli2-callback-url",
        Secret,
        Required,
        "Where BULI2 sends decisions; the review's id is appended.",
    ),
    secret(
        "BULI2_SIGNATURE_SECRET",
        S::Callback,
        "filot/buli2-signature-secret",
        Key,
        Local(local::BULI2_SIGNATURE_SECRET),
        "Signs BULI2's callbacks.",
    ),
    secret(
        "BULI2_HMAC_SECRET",
        S::Callback,
        "filot/buli2-hmac-secret",
        Key,
        Unset,
        "A second signing secret while rotating.",
    ),
    plain(
        "BULI2_REQUIRE_TIMESTAMP",
        S::Callback,
        Unset,
        "Whether a callback without a signed timestamp is refused. Unset: in staging and production. Production takes no \
         `false`: a callback that was overheard could be sent again for ever.",
    ),
    plain(
        "AI_SCORE_THRESHOLD_AUTO_APPROVE",
        S::Scoring,
        Value("85"),
        "Score from which a document is approved without a human.",
    ),
    plain(
        "AI_SCORE_THRESHOLD_AUTO_REJECT",
        S::Scoring,
        Value("35"),
        "Score below which a document is rejected without a human.",
    ),
    plain(
        "OWNER_SEES_SCORES",
        S::Numbers,
        Unset,
        "Whether owners see scores, confidences and measures of quality, beside reasons and advice: with them a forger sees how \
         near a try was. Unset: only in local and development.",
    ),
    plain("SCORING_FUNCTION", S::InvokeScoring, Required, "Name or ARN of the scoring function."),
    plain(
        "REVIEW_DISPATCH_FUNCTION",
        S::InvokeDispatch,
        Required,
        "Name or ARN of the review-dispatch function.",
    ),
    plain(
        "USER_DOCUMENTS_IN_FLIGHT_MAX",
        S::UserLimits,
        Value("3"),
        "Documents of one user that may wait or be read at once.",
    ),
    plain(
        "USER_DOCUMENTS_PER_DAY_MAX",
        S::UserLimits,
        Value("20"),
        "Uploads and new tries of one user in 24 hours.",
    ),
    plain(
        "USER_STORAGE_MB_MAX",
        S::UserLimits,
        Value("100"),
        "Mebibytes of files that one user may have stored.",
    ),
    plain(
        "RETENTION_DAYS_COMPLETED",
        S::Retention,
        Value("0"),
        "Days after which a decided document is erased; 0 keeps it until its owner erases it.",
    ),
    plain(
        "RETENTION_DAYS_FAILED",
        S::Retention,
        Value("0"),
        "Days after which a document that could not be read is erased; 0 keeps it until its owner erases it.",
    ),
    plain(
        "LEGAL_HOLD",
        S::Retention,
        Value("false"),
        "Whether erasing by age is suspended. What owners ask for is erased all the same.",
    ),
    plain("PORT", S::Worker, Value("8080"), "Port of the worker's /health."),
    plain("WORKER_QUEUES", S::Worker, Value("auto"), "Queues to serve: auto (by device), gpu, cpu or both."),
    plain(
        "OCR_GPU_CONCURRENCY",
        S::Worker,
        Unset,
        "Documents in flight; unset: 64 on a GPU, the number of cores on a CPU.",
    ),
    plain("OCR_GPU_MAX_RETRIES", S::Worker, Value("3"), "Recorded failures before the fallback or the end."),
    plain(
        "OCR_GPU_AUTOFALLBACK",
        S::Worker,
        Value("true"),
        "Whether a document that failed on the GPU is tried once on a CPU.",
    ),
    plain("OCR_ENGINE_LINES", S::Worker, Value("tesseract"), "Which engine recognises lines."),
    plain("TESSDATA_PREFIX", S::Worker, Unset, "Directory of the models; unset: the library's own."),
    plain(
        "OCR_LEASE_S",
        S::Worker,
        Value("120"),
        "Seconds a worker may hold a document without a heartbeat.",
    ),
    plain("OCR_READERS", S::Worker, Unset, "Reader processes; unset: one per core."),
    plain("OCR_READER_MEMORY_MB", S::Worker, Value("1024"), "Address space of one reader process."),
    plain("OCR_READER_DEADLINE_S", S::Worker, Value("20"), "Seconds a reader may take for one file."),
];

/// A variable of the legacy service, and whether it still exists.
#[derive(Debug, Clone, Copy)]
pub struct Former {
    /// Its name in the legacy service.
    pub name: &'static str,
    /// `kept`, `renamed` or `dropped`, and why.
    pub outcome: &'static str,
}

const fn former(name: &'static str, outcome: &'static str) -> Former {
    Former { name, outcome }
}

/// Variables of the legacy service that are not in [`VARIABLES`] under their old name.
pub const FORMER: &[Former] = &[
    former("NODE_ENV", "renamed: `FILOT_ENV`, and required"),
    former("UPLOAD_DIR", "dropped: files never touch a disk of ours"),
    former("SESSION_SECRET", "dropped: sessions are rows, not signed cookies"),
    former(
        "STACK_SECRET_SERVER_KEY",
        "dropped: tokens are verified with the project's public keys, no call is made as the server",
    ),
    former("STACK_PUBLISHABLE_CLIENT_KEY", "dropped: only clients need it"),
    former("CF_ACCOUNT_ID", "dropped: it is part of the endpoint"),
    former("REDIS_HOST", "dropped: part of `REDIS_URL`"),
    former("REDIS_PORT", "dropped: part of `REDIS_URL`"),
    former("REDIS_USERNAME", "dropped: part of `REDIS_URL`"),
    former("REDIS_TLS", "dropped: `rediss://` says it"),
    former("OCR_ENGINE", "dropped until there is a second orchestrator (Temporal); the queue is SQS"),
    former("OCR_AUTOFALLBACK", "dropped: `OCR_GPU_AUTOFALLBACK` is the one there is"),
    former("TEMPORAL_DISABLED", "dropped: Temporal is not built yet"),
    former("TEMPORAL_ENDPOINT", "dropped: Temporal is not built yet"),
    former("TEMPORAL_ADDRESS", "dropped: Temporal is not built yet"),
    former("TEMPORAL_NAMESPACE", "dropped: Temporal is not built yet"),
    former("TEMPORAL_API_KEY", "dropped: Temporal is not built yet"),
    former("TEMPORAL_TASK_QUEUE", "dropped: Temporal is not built yet"),
    former("OCR_GPU_QUEUE_KEY", "renamed: `OCR_GPU_QUEUE_URL`, an SQS queue"),
    former("OCR_GPU_PROCESSING_KEY", "dropped: the lease is in the document's row"),
    former("OCR_GPU_PUBLISH_CHANNEL", "dropped: always `ocr:gpu:results` behind `QUEUE_PREFIX`"),
    former("OCR_GPU_POLL_INTERVAL", "dropped: SQS is polled long"),
    former("OCR_GPU_ATTEMPTS_KEY", "dropped: attempts are counted in the document's row"),
    former("OCR_GPU_STUCK_TIMEOUT", "dropped: a lease that runs out says it"),
    former("OCR_GPU_REAPER_INTERVAL", "dropped: the sweeper runs every minute"),
    former("OCR_GPU_LOCK_TTL", "renamed: `OCR_LEASE_S`, extended by a heartbeat and so shorter"),
    former("NVIDIA_VISIBLE_DEVICES", "kept, for the container runtime; the product does not read it"),
    former("AWS_REGION", "kept; the SDK reads it"),
    former("AWS_ACCOUNT_ID", "dropped: the deployment knows it"),
    former("ECR_REPOSITORY", "dropped: the deployment knows it"),
    former("ECS_CLUSTER", "dropped: the deployment knows it"),
    former("ECS_SERVICE", "dropped: the deployment knows it"),
    former("CLOUDWATCH_ENABLED", "dropped: lines go to stdout, the platform collects them"),
    former("CLOUDWATCH_LOG_GROUP", "dropped: the deployment knows it"),
    former("METRICS_BATCH_SIZE", "dropped: metrics are log lines, nothing is batched"),
    former("METRICS_FLUSH_INTERVAL_MS", "dropped: metrics are log lines, nothing is flushed"),
];

/// Variables of the legacy service that are in [`VARIABLES`] under their old name.
pub const KEPT: &[&str] = &[
    "AI_SCORE_THRESHOLD_AUTO_APPROVE",
    "AI_SCORE_THRESHOLD_AUTO_REJECT",
    "BULI2_API_KEY",
    "BULI2_API_URL",
    "BULI2_CALLBACK_URL",
    "BULI2_HMAC_SECRET",
    "BULI2_SIGNATURE_SECRET",
    "CF_R2_ACCESS_KEY_ID",
    "CF_R2_BUCKET_NAME",
    "CF_R2_ENDPOINT",
    "CF_R2_SECRET_ACCESS_KEY",
    "DATABASE_URL",
    "FILOT_FRONTEND_ORIGIN",
    "JWT_SECRET",
    "LOG_LEVEL",
    "METRICS_ENABLED",
    "METRICS_NAMESPACE",
    "OCR_GPU_AUTOFALLBACK",
    "OCR_GPU_CONCURRENCY",
    "OCR_GPU_ENABLED",
    "OCR_GPU_MAX_RETRIES",
    "PORT",
    "QUEUE_PREFIX",
    "R2_PRIVATE_URL_EXPIRY",
    "REDIS_PASSWORD",
    "REDIS_URL",
    "SERVICE_INTERNAL_KEY",
    "STACK_PROJECT_ID",
];
