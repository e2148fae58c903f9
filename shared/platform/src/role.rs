//! The product's programs, and the sections of the configuration that each of them needs.

/// A part of the configuration; the variables of a section are read by the same programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Environment, log and metrics.
    Core,
    /// Origins of browsers and the origin secret.
    Http,
    /// Connections to Postgres, with the keys of the personal fields. Whose role they have is a section of its own.
    Database,
    /// Postgres, as the role of most functions.
    AppDatabase,
    /// Postgres, as the worker's role.
    WorkerDatabase,
    /// Postgres, as the role that decides automatically.
    ScoringDatabase,
    /// Postgres, as the role that writes a human's decision.
    ReviewsDatabase,
    /// Postgres, as the owner of the schema.
    Migration,
    /// Redis.
    Redis,
    /// R2 or S3.
    Storage,
    /// The queues.
    Queues,
    /// The queues' dead-letter queues.
    DeadLetters,
    /// Keys that sign our tokens.
    Tokens,
    /// Stack Auth.
    StackAuth,
    /// The key of internal callers.
    ServiceKey,
    /// BULI2, outbound.
    Buli2,
    /// BULI2's callback.
    Callback,
    /// Whether owners see numbers.
    Numbers,
    /// Thresholds of the score.
    Scoring,
    /// Name of the scoring function.
    InvokeScoring,
    /// Name of the review-dispatch function.
    InvokeDispatch,
    /// How much of what all users share one of them may use.
    UserLimits,
    /// How long documents are kept.
    Retention,
    /// Port, queues, readers and retries of the worker.
    Worker,
}

/// A program of the product: a Lambda function or the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `health`
    Health,
    /// `metrics`
    Metrics,
    /// `openapi`
    OpenApi,
    /// `auth-register`
    AuthRegister,
    /// `auth-login`
    AuthLogin,
    /// `auth-refresh`
    AuthRefresh,
    /// `auth-logout`
    AuthLogout,
    /// `auth-me`
    AuthMe,
    /// `profile`
    Profile,
    /// `documents-upload`
    DocumentsUpload,
    /// `documents-list`
    DocumentsList,
    /// `documents-get`
    DocumentsGet,
    /// `documents-download`
    DocumentsDownload,
    /// `documents-process`
    DocumentsProcess,
    /// `documents-delete`
    DocumentsDelete,
    /// `verification-status`
    VerificationStatus,
    /// `verification-escalate`
    VerificationEscalate,
    /// `review-callback`
    ReviewCallback,
    /// `review-get`
    ReviewGet,
    /// `review-file`
    ReviewFile,
    /// `ocr-queue-status`
    OcrQueueStatus,
    /// `scoring`
    Scoring,
    /// `sweeper`
    Sweeper,
    /// `review-dispatch`
    ReviewDispatch,
    /// `migrate`
    Migrate,
    /// `gpu-worker`
    GpuWorker,
}

impl Role {
    /// Every program, in the order of the documents.
    pub const ALL: [Self; 26] = [
        Self::Health,
        Self::Metrics,
        Self::OpenApi,
        Self::AuthRegister,
        Self::AuthLogin,
        Self::AuthRefresh,
        Self::AuthLogout,
        Self::AuthMe,
        Self::Profile,
        Self::DocumentsUpload,
        Self::DocumentsList,
        Self::DocumentsGet,
        Self::DocumentsDownload,
        Self::DocumentsProcess,
        Self::DocumentsDelete,
        Self::VerificationStatus,
        Self::VerificationEscalate,
        Self::ReviewCallback,
        Self::ReviewGet,
        Self::ReviewFile,
        Self::OcrQueueStatus,
        Self::Scoring,
        Self::Sweeper,
        Self::ReviewDispatch,
        Self::Migrate,
        Self::GpuWorker,
    ];

    /// The name of its binary, of its function in the template and of its folder in `events/`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::Metrics => "metrics",
            Self::OpenApi => "openapi",
            Self::AuthRegister => "auth-register",
            Self::AuthLogin => "auth-login",
            Self::AuthRefresh => "auth-refresh",
            Self::AuthLogout => "auth-logout",
            Self::AuthMe => "auth-me",
            Self::Profile => "profile",
            Self::DocumentsUpload => "documents-upload",
            Self::DocumentsList => "documents-list",
            Self::DocumentsGet => "documents-get",
            Self::DocumentsDownload => "documents-download",
            Self::DocumentsProcess => "documents-process",
            Self::DocumentsDelete => "documents-delete",
            Self::VerificationStatus => "verification-status",
            Self::VerificationEscalate => "verification-escalate",
            Self::ReviewCallback => "review-callback",
            Self::ReviewGet => "review-get",
            Self::ReviewFile => "review-file",
            Self::OcrQueueStatus => "ocr-queue-status",
            Self::Scoring => "scoring",
            Self::Sweeper => "sweeper",
            Self::ReviewDispatch => "review-dispatch",
            Self::Migrate => "migrate",
            Self::GpuWorker => "gpu-worker",
        }
    }

    /// The sections that the program reads.
    pub const fn sections(self) -> &'static [Section] {
        use Section as S;
        match self {
            Self::Health => &[S::Core, S::Http, S::Database, S::AppDatabase, S::Redis, S::Queues],
            Self::Metrics => &[
                S::Core,
                S::Http,
                S::Database,
                S::AppDatabase,
                S::Redis,
                S::Queues,
                S::DeadLetters,
                S::ServiceKey,
            ],
            Self::OpenApi => &[S::Core, S::Http],
            Self::AuthRegister => &[S::Core, S::Http, S::Database, S::AppDatabase, S::Redis, S::StackAuth],
            Self::AuthLogin => {
                &[S::Core, S::Http, S::Database, S::AppDatabase, S::Redis, S::StackAuth, S::Tokens]
            }
            Self::AuthRefresh
            | Self::AuthLogout
            | Self::AuthMe
            | Self::Profile
            | Self::DocumentsList
            | Self::DocumentsDelete => &[S::Core, S::Http, S::Database, S::AppDatabase, S::Redis, S::Tokens],
            Self::DocumentsGet | Self::VerificationStatus => {
                &[S::Core, S::Http, S::Database, S::AppDatabase, S::Redis, S::Tokens, S::Numbers]
            }
            Self::DocumentsUpload => &[
                S::Core,
                S::Http,
                S::Database,
                S::AppDatabase,
                S::Redis,
                S::Tokens,
                S::Storage,
                S::Queues,
                S::UserLimits,
            ],
            Self::DocumentsDownload => {
                &[S::Core, S::Http, S::Database, S::AppDatabase, S::Redis, S::Tokens, S::Storage]
            }
            Self::DocumentsProcess => &[
                S::Core,
                S::Http,
                S::Database,
                S::AppDatabase,
                S::Redis,
                S::Tokens,
                S::Queues,
                S::UserLimits,
            ],
            Self::VerificationEscalate => {
                &[S::Core, S::Http, S::Database, S::AppDatabase, S::Redis, S::Tokens, S::InvokeDispatch]
            }
            Self::ReviewCallback => {
                &[S::Core, S::Http, S::Database, S::ReviewsDatabase, S::Redis, S::ServiceKey, S::Callback]
            }
            Self::ReviewGet => &[S::Core, S::Http, S::Database, S::AppDatabase, S::Redis, S::ServiceKey],
            Self::ReviewFile => {
                &[S::Core, S::Http, S::Database, S::AppDatabase, S::Redis, S::ServiceKey, S::Storage]
            }
            Self::OcrQueueStatus => &[
                S::Core,
                S::Http,
                S::Database,
                S::AppDatabase,
                S::Redis,
                S::ServiceKey,
                S::Queues,
                S::DeadLetters,
            ],
            Self::Scoring => &[S::Core, S::Database, S::ScoringDatabase, S::Scoring, S::InvokeDispatch],
            Self::Sweeper => &[
                S::Core,
                S::Database,
                S::AppDatabase,
                S::Redis,
                S::Storage,
                S::Queues,
                S::InvokeScoring,
                S::Retention,
            ],
            Self::ReviewDispatch => &[S::Core, S::Database, S::AppDatabase, S::Buli2],
            Self::Migrate => &[S::Core, S::Migration],
            Self::GpuWorker => &[
                S::Core,
                S::Database,
                S::WorkerDatabase,
                S::Redis,
                S::Storage,
                S::Queues,
                S::InvokeScoring,
                S::Worker,
            ],
        }
    }

    /// Whether the program reads a section.
    pub fn needs(self, section: Section) -> bool {
        self.sections().contains(&section)
    }
}
