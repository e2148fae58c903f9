//! Which binary this is, and so which part of the configuration it needs.

/// A part of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// Every binary.
    Core,
    /// Answers to browsers.
    Http,
    /// Postgres, with the keys of the personal fields.
    Database,
    /// Postgres, as the owner of the schema.
    Migration,
    /// Redis.
    Redis,
    /// R2 or S3.
    Storage,
    /// The queues.
    Queues,
    /// Our own tokens.
    Tokens,
    /// Stack Auth.
    StackAuth,
    /// The key of internal callers.
    ServiceKey,
    /// BULI2, outbound.
    Buli2,
    /// BULI2's callback.
    Callback,
    /// Thresholds.
    Scoring,
    /// Whom to invoke for scoring.
    InvokeScoring,
    /// Whom to invoke for dispatching.
    InvokeDispatch,
    /// The worker.
    Worker,
}

/// A binary of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// `health`
    Health,
    /// `auth-register`
    AuthRegister,
    /// `auth-login`
    AuthLogin,
    /// `auth-me`
    AuthMe,
    /// `documents-upload`
    DocumentsUpload,
    /// `documents-get`
    DocumentsGet,
    /// `verification-status`
    VerificationStatus,
    /// `review-callback`
    ReviewCallback,
    /// `review-file`
    ReviewFile,
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
    /// Every role.
    pub const ALL: [Self; 14] = [
        Self::Health,
        Self::AuthRegister,
        Self::AuthLogin,
        Self::AuthMe,
        Self::DocumentsUpload,
        Self::DocumentsGet,
        Self::VerificationStatus,
        Self::ReviewCallback,
        Self::ReviewFile,
        Self::Scoring,
        Self::Sweeper,
        Self::ReviewDispatch,
        Self::Migrate,
        Self::GpuWorker,
    ];

    /// The name of its binary.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Health => "health",
            Self::AuthRegister => "auth-register",
            Self::AuthLogin => "auth-login",
            Self::AuthMe => "auth-me",
            Self::DocumentsUpload => "documents-upload",
            Self::DocumentsGet => "documents-get",
            Self::VerificationStatus => "verification-status",
            Self::ReviewCallback => "review-callback",
            Self::ReviewFile => "review-file",
            Self::Scoring => "scoring",
            Self::Sweeper => "sweeper",
            Self::ReviewDispatch => "review-dispatch",
            Self::Migrate => "migrate",
            Self::GpuWorker => "gpu-worker",
        }
    }

    /// What it needs.
    pub const fn sections(self) -> &'static [Section] {
        use Section as S;
        match self {
            Self::Health => &[S::Core, S::Http, S::Database, S::Redis, S::Queues],
            Self::AuthRegister => &[S::Core, S::Http, S::Database, S::StackAuth],
            Self::AuthLogin => &[S::Core, S::Http, S::Database, S::StackAuth, S::Tokens],
            Self::AuthMe | Self::DocumentsGet | Self::VerificationStatus => {
                &[S::Core, S::Http, S::Database, S::Tokens]
            }
            Self::DocumentsUpload => &[S::Core, S::Http, S::Database, S::Tokens, S::Storage, S::Queues],
            Self::ReviewCallback => &[S::Core, S::Http, S::Database, S::ServiceKey, S::Callback],
            Self::ReviewFile => &[S::Core, S::Http, S::Database, S::ServiceKey, S::Storage],
            Self::Scoring => &[S::Core, S::Database, S::Scoring, S::InvokeDispatch],
            Self::Sweeper => &[S::Core, S::Database, S::Redis, S::Storage, S::Queues, S::InvokeScoring],
            Self::ReviewDispatch => &[S::Core, S::Database, S::Buli2],
            Self::Migrate => &[S::Core, S::Migration],
            Self::GpuWorker => {
                &[S::Core, S::Database, S::Redis, S::Storage, S::Queues, S::InvokeScoring, S::Worker]
            }
        }
    }

    /// Whether it needs a section.
    pub fn needs(self, section: Section) -> bool {
        self.sections().contains(&section)
    }
}
