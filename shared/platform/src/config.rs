//! The typed configuration: the environment first, Secrets Manager for what it does not have, every problem at once.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::environment::Environment;
use crate::local;
use crate::role::{Role, Section};
use crate::secret::Secret;
use crate::secrets::{self, FetchError};
pub use crate::sections::{
    Buli2, Callback, Database, DeadLetters, Fraud, Queues, Redis, Retention, Scoring, StackAuth, Storage,
    UserLimits, Worker,
};
use crate::variables::{Default, Guard, VARIABLES, Variable};

/// Shortest key that staging and production take, in characters.
pub const KEY_CHARS_MIN: usize = 32;
/// Longest id of a key.
const KEY_ID_CHARS_MAX: usize = 16;

/// Why there is no configuration. Names variables, never values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigErrors {
    /// Everything that is missing, malformed or unsafe: a person has to mend it.
    Problems(Vec<String>),
    /// Secrets Manager does not answer: trying again may help.
    Away(String),
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problems(problems) => {
                write!(f, "the configuration has {} problem(s)", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "; {problem}"))
            }
            Self::Away(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// The configuration of one program. Sections that it does not need are `None`.
#[derive(Debug, Clone)]
pub struct Config {
    /// The program.
    pub role: Role,
    /// The deployment.
    pub environment: Environment,
    /// Whether metric lines are written.
    pub metrics_enabled: bool,
    /// Their namespace.
    pub metrics_namespace: String,
    /// Origins that browsers may call from; empty for roles without HTTP.
    pub cors_origins: Vec<String>,
    /// A request with one of these came through Cloudflare. Empty: no request counts as such.
    pub origin_secrets: Vec<Secret>,
    /// Postgres.
    pub database: Option<Database>,
    /// Postgres as the schema's owner.
    pub migrate_url: Option<Secret>,
    /// Redis.
    pub redis: Option<Redis>,
    /// R2 or S3.
    pub storage: Option<Storage>,
    /// The queues.
    pub queues: Option<Queues>,
    /// The dead-letter queues.
    pub dead_letters: Option<DeadLetters>,
    /// Keys of our tokens by id; the first is active. Empty for roles without tokens.
    pub token_keys: Vec<(String, Secret)>,
    /// Stack Auth.
    pub stack_auth: Option<StackAuth>,
    /// Keys of internal callers. Empty for roles without internal callers.
    pub service_keys: Vec<Secret>,
    /// BULI2, outbound.
    pub buli2: Option<Buli2>,
    /// BULI2's callback.
    pub callback: Option<Callback>,
    /// Whether owners see numbers; `false` for roles that show them none.
    pub owner_sees_scores: bool,
    /// Thresholds.
    pub scoring: Option<Scoring>,
    /// Name or ARN of the scoring function.
    pub scoring_function: Option<String>,
    /// Name or ARN of the review-dispatch function.
    pub review_dispatch_function: Option<String>,
    /// How much one user may use.
    pub user_limits: Option<UserLimits>,
    /// How long documents are kept.
    pub retention: Option<Retention>,
    /// The worker.
    pub worker: Option<Worker>,
}

impl Config {
    /// Loads what `role` needs from the environment and, for what it does not have, from Secrets Manager.
    ///
    /// Long-running processes call it again to see rotated secrets.
    ///
    /// # Errors
    /// Every problem at once, or that Secrets Manager does not answer.
    pub async fn load(role: Role) -> Result<Self, ConfigErrors> {
        #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
        let env = |name: &str| std::env::var(name).ok().filter(|text| !text.trim().is_empty());
        Self::load_from(role, env, |names| async move { secrets::fetch(&names).await }).await
    }

    /// The same out of given values alone, for tests and tools.
    ///
    /// # Errors
    /// Every problem at once.
    pub async fn from_values(role: Role, given: &[(&str, &str)]) -> Result<Self, ConfigErrors> {
        let env =
            |name: &str| given.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
        Self::load_from(role, env, |_| std::future::ready(Ok(BTreeMap::new()))).await
    }

    /// The same, from any source of variables and secrets.
    pub(crate) async fn load_from<F, Fut>(
        role: Role,
        env: impl Fn(&str) -> Option<String>,
        fetch: F,
    ) -> Result<Self, ConfigErrors>
    where
        F: FnOnce(Vec<&'static str>) -> Fut,
        Fut: Future<Output = Result<BTreeMap<String, Secret>, FetchError>>,
    {
        let mut values = Values::default();
        let read: Vec<&Variable> = VARIABLES.iter().filter(|variable| variable.is_read_by(role)).collect();
        for variable in &read {
            if let Some(text) = env(variable.name) {
                values.given.insert(variable.name, Secret::from(text));
            }
        }
        let environment = values.parse::<Environment>("FILOT_ENV").unwrap_or(Environment::Production);
        let missing: Vec<(&'static str, &'static str)> = read
            .iter()
            .filter(|variable| !values.given.contains_key(variable.name))
            .filter_map(|variable| Some((variable.name, variable.secret?)))
            .collect();
        // A developer's machine without an AWS endpoint has no Secrets Manager to ask.
        let can_ask = environment != Environment::Local || env("AWS_ENDPOINT_URL").is_some();
        if !missing.is_empty() && can_ask {
            match fetch(missing.iter().map(|(_, path)| *path).collect()).await {
                Ok(mut found) => {
                    for (name, path) in missing {
                        if let Some(text) = found.remove(path).filter(|text| !text.expose().trim().is_empty())
                        {
                            values.given.insert(name, text);
                        }
                    }
                }
                Err(FetchError::Refused(problem)) => values.problems.push(problem),
                Err(FetchError::Away(what)) => return Err(ConfigErrors::Away(what)),
            }
        }
        for variable in &read {
            values.resolve(variable, environment);
        }
        // The level itself is taken before there is a configuration; that it is none is told here.
        let _ = values.parse::<tracing::Level>("LOG_LEVEL");
        let config = values.config(role, environment);
        if values.problems.is_empty() { Ok(config) } else { Err(ConfigErrors::Problems(values.problems)) }
    }
}

/// Variables on their way to being a configuration.
#[derive(Debug, std::default::Default)]
struct Values {
    given: BTreeMap<&'static str, Secret>,
    problems: Vec<String>,
}

impl Values {
    /// Puts the default in place, or notes what is wrong with the variable.
    fn resolve(&mut self, variable: &Variable, environment: Environment) {
        let name = variable.name;
        if let Some(given) = self.given.get(name) {
            if environment != Environment::Local && variable.guard == Guard::Key {
                let text = given.expose();
                let is_short = text.split(',').any(|key| key.trim().chars().count() < KEY_CHARS_MIN);
                let is_published =
                    text.split(',').any(|key| local::PUBLISHED.iter().any(|known| key.contains(known)));
                if is_published {
                    self.problems.push(format!("{name} is a published value"));
                } else if is_short && environment.is_guarded() {
                    self.problems.push(format!("{name} has fewer than {KEY_CHARS_MIN} characters"));
                }
            }
            return;
        }
        let default = match variable.default {
            Default::Value(text) => text,
            Default::Local(text) | Default::UnsetOrLocal(text) if environment == Environment::Local => text,
            Default::Unset | Default::UnsetOrLocal(_) => return,
            Default::Required | Default::Local(_) => {
                let place =
                    variable.secret.map(|path| format!(" (or the secret {path})")).unwrap_or_default();
                self.problems.push(format!("{name}{place} is missing"));
                return;
            }
        };
        self.given.insert(name, Secret::from(default.to_owned()));
    }

    fn text(&self, name: &str) -> String {
        self.given.get(name).map(|secret| secret.expose().trim().to_owned()).unwrap_or_default()
    }

    fn secret(&self, name: &str) -> Secret {
        Secret::from(self.text(name))
    }

    /// A missing variable is a problem of its own; here it counts as nothing.
    fn parse<T: FromStr<Err: fmt::Display>>(&mut self, name: &str) -> Option<T> {
        let text = self.given.get(name)?.expose().trim();
        text.parse().map_err(|error| self.problems.push(format!("{name}: {error}"))).ok()
    }

    fn number<T>(&mut self, name: &str, range: std::ops::RangeInclusive<T>) -> T
    where
        T: FromStr<Err: fmt::Display> + PartialOrd + Copy + fmt::Display,
    {
        let smallest = *range.start();
        let Some(number) = self.parse::<T>(name) else { return smallest };
        if !range.contains(&number) {
            self.problems.push(format!("{name} must be between {smallest} and {}", range.end()));
        }
        number
    }

    fn optional_number(&mut self, name: &str, range: std::ops::RangeInclusive<usize>) -> Option<usize> {
        self.given.contains_key(name).then(|| self.number(name, range))
    }

    fn flag(&mut self, name: &str) -> bool {
        match self.text(name).as_str() {
            "true" | "1" => true,
            "false" | "0" | "" => false,
            _ => {
                self.problems.push(format!("{name} must be true or false"));
                false
            }
        }
    }

    fn list(&self, name: &str) -> Vec<String> {
        self.text(name).split(',').map(str::trim).filter(|item| !item.is_empty()).map(str::to_owned).collect()
    }

    fn secrets(&self, name: &str) -> Vec<Secret> {
        self.list(name).into_iter().map(Secret::from).collect()
    }

    /// `id:key,id:key`; a bare key has the id `1`.
    ///
    /// Ids are short and plain, and each key alone is long enough: a colon in a bare key must not turn most of it into an
    /// id, which every token shows.
    fn keys(&mut self, name: &str, environment: Environment) -> Vec<(String, Secret)> {
        let keys: Vec<(String, Secret)> = self
            .list(name)
            .into_iter()
            .map(|item| match item.split_once(':') {
                Some((id, key)) => (id.to_owned(), Secret::from(key.to_owned())),
                None => ("1".to_owned(), Secret::from(item)),
            })
            .collect();
        let mut ids: Vec<_> = keys.iter().map(|(id, _)| id).collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() != keys.len() || keys.iter().any(|(id, key)| id.is_empty() || key.expose().is_empty()) {
            self.problems.push(format!("{name} must be a key, or id:key pairs with different ids"));
        }
        let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if keys.iter().any(|(id, _)| id.chars().count() > KEY_ID_CHARS_MAX || !id.chars().all(is_plain)) {
            self.problems.push(format!(
                "{name}: an id has at most {KEY_ID_CHARS_MAX} letters, digits, dashes and underscores"
            ));
        }
        let is_short = |key: &Secret| key.expose().chars().count() < KEY_CHARS_MIN;
        if environment.is_guarded() && keys.iter().any(|(_, key)| is_short(key)) {
            self.problems.push(format!("{name} has a key of fewer than {KEY_CHARS_MIN} characters"));
        }
        keys
    }

    fn url(&mut self, name: &str, environment: Environment) -> String {
        let text = self.text(name).trim_end_matches('/').to_owned();
        let is_https = text.starts_with("https://");
        let is_fine = is_https || !environment.is_guarded() && text.starts_with("http://");
        if !text.is_empty() && !is_fine {
            self.problems.push(format!("{name} must be an https:// URL"));
        }
        text
    }

    /// Without `sslmode`, a client may fall back to clear text and say nothing.
    fn postgres(&mut self, name: &str, environment: Environment) -> Secret {
        let text = self.text(name);
        let is_safe = ["sslmode=require", "sslmode=verify-ca", "sslmode=verify-full"]
            .iter()
            .any(|mode| text.contains(mode));
        if environment.is_guarded() && !text.is_empty() && !is_safe {
            self.problems.push(format!("{name} must have sslmode=require"));
        }
        Secret::from(text)
    }

    fn redis(&mut self, name: &str, environment: Environment) -> Secret {
        let text = self.text(name);
        if environment.is_guarded() && !text.is_empty() && !text.starts_with("rediss://") {
            self.problems.push(format!("{name} must be a rediss:// URL"));
        }
        Secret::from(text)
    }

    fn config(&mut self, role: Role, environment: Environment) -> Config {
        let needs = |section| role.needs(section);
        Config {
            role,
            environment,
            metrics_enabled: self.flag("METRICS_ENABLED"),
            metrics_namespace: self.text("METRICS_NAMESPACE"),
            cors_origins: self.list("FILOT_FRONTEND_ORIGIN"),
            origin_secrets: self.secrets("ORIGIN_SECRET"),
            database: needs(Section::Database).then(|| Database {
                url: self.postgres(database_url(role), environment),
                max_connections: self.number("DATABASE_MAX_CONNECTIONS", 1..=100),
                sealing_keys: self.keys("SEALING_KEY", environment),
                identity_hash_key: self.secret("IDENTITY_HASH_KEY"),
                fraud: Fraud {
                    memory_days: self.number("REJECTION_MEMORY_DAYS", 1..=3650),
                    attempts_per_user: self.number("ATTEMPTS_PER_USER", 1..=1_000_000),
                    attempts_per_identity: self.number("ATTEMPTS_PER_IDENTITY", 1..=1_000_000),
                    attempts_window_days: self.number("ATTEMPTS_WINDOW_DAYS", 1..=3650),
                },
            }),
            migrate_url: needs(Section::Migration)
                .then(|| self.postgres("DATABASE_MIGRATE_URL", environment)),
            redis: needs(Section::Redis).then(|| Redis {
                url: self.redis("REDIS_URL", environment),
                password: self.given.get("REDIS_PASSWORD").cloned(),
                prefix: self.text("QUEUE_PREFIX"),
            }),
            storage: needs(Section::Storage).then(|| Storage {
                endpoint: self.url("CF_R2_ENDPOINT", environment),
                access_key_id: self.text("CF_R2_ACCESS_KEY_ID"),
                secret_access_key: self.secret("CF_R2_SECRET_ACCESS_KEY"),
                bucket: self.text("CF_R2_BUCKET_NAME"),
                region: self.text("CF_R2_REGION"),
                link_s: self.number("R2_PRIVATE_URL_EXPIRY", 30..=3600),
            }),
            queues: needs(Section::Queues).then(|| Queues {
                gpu_url: self.url("OCR_GPU_QUEUE_URL", environment),
                cpu_url: self.url("OCR_CPU_QUEUE_URL", environment),
                gpu_enabled: self.flag("OCR_GPU_ENABLED"),
            }),
            dead_letters: needs(Section::DeadLetters).then(|| DeadLetters {
                gpu_url: self.url("OCR_GPU_DLQ_URL", environment),
                cpu_url: self.url("OCR_CPU_DLQ_URL", environment),
            }),
            token_keys: if needs(Section::Tokens) {
                self.keys("JWT_SECRET", environment)
            } else {
                Vec::new()
            },
            stack_auth: needs(Section::StackAuth).then(|| StackAuth {
                project_id: self.text("STACK_PROJECT_ID"),
                api_url: self.url("STACK_API_URL", environment),
                issuers: self.list("STACK_ISSUERS"),
            }),
            service_keys: self.secrets("SERVICE_INTERNAL_KEY"),
            buli2: needs(Section::Buli2).then(|| Buli2 {
                api_url: self.url("BULI2_API_URL", environment),
                api_key: self.secret("BULI2_API_KEY"),
                callback_url: self.url("BULI2_CALLBACK_URL", environment),
            }),
            callback: needs(Section::Callback).then(|| {
                let mut signature_secrets = self.secrets("BULI2_SIGNATURE_SECRET");
                signature_secrets.extend(self.secrets("BULI2_HMAC_SECRET"));
                Callback { signature_secrets, require_timestamp: self.require_timestamp(environment) }
            }),
            owner_sees_scores: needs(Section::Numbers)
                && if self.given.contains_key("OWNER_SEES_SCORES") {
                    self.flag("OWNER_SEES_SCORES")
                } else {
                    !environment.is_guarded()
                },
            scoring: needs(Section::Scoring).then(|| self.thresholds()),
            scoring_function: needs(Section::InvokeScoring).then(|| self.text("SCORING_FUNCTION")),
            review_dispatch_function: needs(Section::InvokeDispatch)
                .then(|| self.text("REVIEW_DISPATCH_FUNCTION")),
            user_limits: needs(Section::UserLimits).then(|| UserLimits {
                in_flight: self.number("USER_DOCUMENTS_IN_FLIGHT_MAX", 1..=1_000_000),
                per_day: self.number("USER_DOCUMENTS_PER_DAY_MAX", 1..=1_000_000),
                storage_mb: self.number("USER_STORAGE_MB_MAX", 2..=1_000_000),
            }),
            retention: needs(Section::Retention).then(|| Retention {
                completed_days: self.number("RETENTION_DAYS_COMPLETED", 0..=36_500),
                failed_days: self.number("RETENTION_DAYS_FAILED", 0..=36_500),
                legal_hold: self.flag("LEGAL_HOLD"),
            }),
            worker: needs(Section::Worker).then(|| self.worker()),
        }
    }

    fn require_timestamp(&mut self, environment: Environment) -> bool {
        let name = "BULI2_REQUIRE_TIMESTAMP";
        let required = if self.given.contains_key(name) { self.flag(name) } else { environment.is_guarded() };
        if environment == Environment::Production && !required {
            self.problems.push(format!("{name} must not be false in production"));
        }
        required
    }

    fn thresholds(&mut self) -> Scoring {
        let scoring = Scoring {
            auto_approve: self.number("AI_SCORE_THRESHOLD_AUTO_APPROVE", 1..=100),
            auto_reject: self.number("AI_SCORE_THRESHOLD_AUTO_REJECT", 0..=100),
        };
        if scoring.auto_reject >= scoring.auto_approve {
            let problem = "AI_SCORE_THRESHOLD_AUTO_REJECT must be below AI_SCORE_THRESHOLD_AUTO_APPROVE";
            self.problems.push(problem.to_owned());
        }
        scoring
    }

    fn worker(&mut self) -> Worker {
        let queues = self.text("WORKER_QUEUES");
        if !["auto", "gpu", "cpu", "both"].contains(&queues.as_str()) {
            self.problems.push("WORKER_QUEUES must be auto, gpu, cpu or both".to_owned());
        }
        Worker {
            port: self.number("PORT", 0..=u16::MAX),
            queues,
            concurrency: self.optional_number("OCR_GPU_CONCURRENCY", 1..=1024),
            max_retries: self.number("OCR_GPU_MAX_RETRIES", 1..=20),
            cpu_fallback: self.flag("OCR_GPU_AUTOFALLBACK"),
            engine: self.text("OCR_ENGINE_LINES"),
            tessdata: self.given.get("TESSDATA_PREFIX").map(|path| path.expose().to_owned()),
            lease_s: self.number("OCR_LEASE_S", 5..=3600),
            readers: self.optional_number("OCR_READERS", 1..=256),
            reader_memory_mb: self.number("OCR_READER_MEMORY_MB", 128..=65_536),
            reader_deadline_s: self.number("OCR_READER_DEADLINE_S", 1..=600),
        }
    }
}

/// The variable with the address of the role that the program has at Postgres.
fn database_url(role: Role) -> &'static str {
    [
        (Section::WorkerDatabase, "DATABASE_WORKER_URL"),
        (Section::ScoringDatabase, "DATABASE_SCORING_URL"),
        (Section::ReviewsDatabase, "DATABASE_REVIEWS_URL"),
    ]
    .into_iter()
    .find(|(section, _)| role.needs(*section))
    .map_or("DATABASE_URL", |(_, name)| name)
}

#[cfg(test)]
#[path = "config_tests.rs"]
mod tests;
