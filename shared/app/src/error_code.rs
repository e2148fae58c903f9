//! The error codes: the one list that errors, the OpenAPI document and the tests share.
//!
//! A code is part of the interface: clients branch on it, so it never changes its name. Which HTTP status its kind becomes
//! is the edge's matter.

use strum::{Display, EnumIter, IntoStaticStr};

/// What kind of trouble it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The request is malformed or a value is not allowed.
    Invalid,
    /// Who asks is not known, or no longer.
    Unauthenticated,
    /// Who asks is known and may not.
    Forbidden,
    /// There is no such resource, or it is another user's.
    NotFound,
    /// It contradicts the state of the resource.
    Conflict,
    /// More bytes than are accepted.
    TooLarge,
    /// A kind of file or body that is not accepted.
    UnsupportedMedia,
    /// Well formed, but it cannot be done.
    Unprocessable,
    /// More often than the caller may.
    RateLimited,
    /// Something that is needed does not answer; later it may.
    Unavailable,
    /// Our fault.
    Internal,
}

/// Stable and machine-readable; sent as snake case (`email_taken`). The order is the order of the OpenAPI document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Display, EnumIter, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum ErrorCode {
    /// Some values are not allowed; `errors` lists them all.
    ValidationFailed,
    /// The body is not what the gateway says that it is: it cannot be decoded.
    MalformedBody,
    /// The body is no JSON, or not the JSON of this route.
    MalformedJson,
    /// The body is no form, or not the form of this route.
    MalformedForm,
    /// No, or no valid, proof of who asks. The answer does not say which.
    Unauthenticated,
    /// The refresh token is unknown, expired, revoked or used before. The answer does not say which.
    RefreshTokenInvalid,
    /// The Stack Auth account is anonymous or restricted.
    AccountRestricted,
    /// The Stack Auth account has no verified address.
    EmailUnverified,
    /// No such resource, or another user's.
    NotFound,
    /// The Stack Auth account has no user here yet.
    NotRegistered,
    /// Another user has this address.
    EmailTaken,
    /// Another request wrote the row between reading and writing.
    StateChanged,
    /// The review has the contrary decision.
    AlreadyDecided,
    /// Neither `uploaded` nor `failed`.
    DocumentNotProcessable,
    /// Not automatically rejected.
    NotEscalatable,
    /// The document has no reading yet. Answered by the scoring function only, which has no route.
    NotRead,
    /// The user's files leave no room for this one.
    StorageFull,
    /// The first request with this key still runs.
    IdempotencyInProgress,
    /// The key was used with another request.
    IdempotencyKeyReused,
    /// The body has more bytes than the route takes.
    PayloadTooLarge,
    /// The file has more than 2 MB.
    FileTooLarge,
    /// The body's media type is not the route's.
    UnsupportedMediaType,
    /// The file has no bytes.
    FileEmpty,
    /// The picture has too many pixels.
    ImageTooLarge,
    /// The picture has a side of zero pixels.
    ImageEmpty,
    /// The file is none of the accepted kinds.
    FileTypeUnknown,
    /// The content is not of the declared media type.
    FileTypeMismatch,
    /// The file begins well and does not go on well.
    FileDamaged,
    /// The file is valid, in a variant that is not read.
    FileUnsupported,
    /// The PDF needs a password.
    FileEncrypted,
    /// Another user holds the identity: a reviewer's approval does not count, and the review stays open.
    IdentityConflict,
    /// The user has sent as many documents that did not pass as they may for now.
    TooManyAttempts,
    /// The ids of a callback belong to different reviews.
    IdsMismatch,
    /// More requests in a minute than the caller may send.
    RateLimited,
    /// Too many of the user's documents wait or are being read.
    DocumentsInFlight,
    /// The user's uploads and new tries of a day are used up.
    DailyQuotaReached,
    /// A defect, or a configuration that is not complete.
    Internal,
    /// A server that is needed does not answer.
    Unavailable,
    /// No review has this task id yet, but one is being sent.
    NotYetAcknowledged,
}

impl ErrorCode {
    /// As it is sent.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// The kind of trouble: the same for every error with this code.
    pub const fn kind(self) -> ErrorKind {
        match self {
            Self::ValidationFailed | Self::MalformedBody | Self::MalformedJson | Self::MalformedForm => {
                ErrorKind::Invalid
            }
            Self::Unauthenticated | Self::RefreshTokenInvalid => ErrorKind::Unauthenticated,
            Self::AccountRestricted | Self::EmailUnverified => ErrorKind::Forbidden,
            Self::NotFound | Self::NotRegistered => ErrorKind::NotFound,
            Self::EmailTaken
            | Self::StateChanged
            | Self::AlreadyDecided
            | Self::DocumentNotProcessable
            | Self::NotEscalatable
            | Self::IdentityConflict
            | Self::NotRead
            | Self::StorageFull
            | Self::IdempotencyInProgress => ErrorKind::Conflict,
            Self::PayloadTooLarge | Self::FileTooLarge => ErrorKind::TooLarge,
            Self::UnsupportedMediaType => ErrorKind::UnsupportedMedia,
            Self::IdempotencyKeyReused
            | Self::FileEmpty
            | Self::ImageTooLarge
            | Self::ImageEmpty
            | Self::FileTypeUnknown
            | Self::FileTypeMismatch
            | Self::FileDamaged
            | Self::FileUnsupported
            | Self::FileEncrypted
            | Self::IdsMismatch => ErrorKind::Unprocessable,
            Self::RateLimited | Self::TooManyAttempts | Self::DocumentsInFlight | Self::DailyQuotaReached => {
                ErrorKind::RateLimited
            }
            Self::Unavailable | Self::NotYetAcknowledged => ErrorKind::Unavailable,
            Self::Internal => ErrorKind::Internal,
        }
    }
}
