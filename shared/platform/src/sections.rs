//! The sections of the configuration as types, checked and parsed.

use crate::secret::Secret;

/// Postgres.
#[derive(Debug, Clone, Hash)]
pub struct Database {
    /// The program's role, pooled endpoint.
    pub url: Secret,
    /// Connections of this process.
    pub max_connections: usize,
    /// Sealing keys by id; the first is active.
    pub sealing_keys: Vec<(String, Secret)>,
    /// Keys the hashes of identity numbers and the marks of documents.
    pub identity_hash_key: Secret,
    /// How refusals are remembered and attempts counted.
    pub fraud: Fraud,
}

/// How refusals are remembered and attempts counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fraud {
    /// Days for which a refusal is remembered.
    pub memory_days: u32,
    /// Documents that did not pass which a user may send within the window.
    pub attempts_per_user: u32,
    /// Documents of one number within the window.
    pub attempts_per_identity: u32,
    /// Days for which an attempt counts.
    pub attempts_window_days: u32,
}

/// Redis.
#[derive(Debug, Clone, Hash)]
pub struct Redis {
    /// `redis://` or `rediss://`.
    pub url: Secret,
    /// Overrides the URL's.
    pub password: Option<Secret>,
    /// Before every key and channel.
    pub prefix: String,
}

/// R2 or S3.
#[derive(Debug, Clone, Hash)]
pub struct Storage {
    /// Endpoint.
    pub endpoint: String,
    /// Access key id.
    pub access_key_id: String,
    /// Secret access key.
    pub secret_access_key: Secret,
    /// Bucket.
    pub bucket: String,
    /// Region.
    pub region: String,
    /// Seconds that an owner's link to a file lives.
    pub link_s: u32,
}

/// The queues.
#[derive(Debug, Clone)]
pub struct Queues {
    /// Workers with a GPU.
    pub gpu_url: String,
    /// Workers without.
    pub cpu_url: String,
    /// Whether new documents go to the GPU queue.
    pub gpu_enabled: bool,
}

/// The dead-letter queues.
#[derive(Debug, Clone)]
pub struct DeadLetters {
    /// Of the GPU queue.
    pub gpu_url: String,
    /// Of the CPU queue.
    pub cpu_url: String,
}

/// Stack Auth.
#[derive(Debug, Clone)]
pub struct StackAuth {
    /// Audience of its tokens.
    pub project_id: String,
    /// Where the public keys are.
    pub api_url: String,
    /// API bases of the issuers that are believed.
    pub issuers: Vec<String>,
}

/// BULI2, outbound.
#[derive(Debug, Clone)]
pub struct Buli2 {
    /// Where it is.
    pub api_url: String,
    /// Our key.
    pub api_key: Secret,
    /// Where its decisions go.
    pub callback_url: String,
}

/// BULI2's callback.
#[derive(Debug, Clone)]
pub struct Callback {
    /// One secret, or two while rotating.
    pub signature_secrets: Vec<Secret>,
    /// Whether a signed timestamp is mandatory.
    pub require_timestamp: bool,
}

/// Thresholds of the score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scoring {
    /// From here on: approved.
    pub auto_approve: u8,
    /// Below: rejected.
    pub auto_reject: u8,
}

/// How much of what all users share one of them may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserLimits {
    /// Documents that are not read and scored yet.
    pub in_flight: u32,
    /// Uploads and new tries in 24 hours.
    pub per_day: u32,
    /// Mebibytes of all stored files.
    pub storage_mb: u32,
}

/// How long documents are kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Retention {
    /// Days that a decided document is kept; 0 keeps it.
    pub completed_days: u32,
    /// Days that a document is kept which could not be read; 0 keeps it.
    pub failed_days: u32,
    /// Whether erasing by age is suspended.
    pub legal_hold: bool,
}

/// The worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Port of `/health`.
    pub port: u16,
    /// `auto`, `gpu`, `cpu` or `both`.
    pub queues: String,
    /// Documents in flight.
    pub concurrency: Option<usize>,
    /// Recorded failures before the fallback or the end.
    pub max_retries: u32,
    /// Whether the CPU gets a last try.
    pub cpu_fallback: bool,
    /// Line engine.
    pub engine: String,
    /// Directory of the models.
    pub tessdata: Option<String>,
    /// Length of a lease.
    pub lease_s: u32,
    /// Reader processes.
    pub readers: Option<usize>,
    /// Address space of a reader.
    pub reader_memory_mb: u64,
    /// Time of a reader for one file.
    pub reader_deadline_s: u64,
}
