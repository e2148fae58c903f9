//! `Idempotency-Key`: a request that is sent again is answered again, and not done again.
//!
//! A key is a user's own name for one request of one operation, for a day. Only a final answer is kept. An answer that may
//! differ next time (a failure of ours, too many requests, an invalid request) frees the key.

pub use filot_store::StoredResponse;
use filot_store::{BeginIdempotent, IdempotencyKey, IdempotencyLock, Store};
use sha2::{Digest, Sha256};

use crate::auth::principal::SignedInUser;
use crate::error::{AppError, FieldError, Result};
use crate::error_code::{ErrorCode, ErrorKind};
use crate::request_context::RequestContext;

const KEY_CHARS_MAX: usize = 255;

/// How to treat a request with a key.
#[derive(Debug)]
pub enum Begun {
    /// It is new: do it, then [`finish`].
    Fresh(IdempotencyLock),
    /// It was answered before: answer the same.
    Replay(StoredResponse),
}

/// Takes a key for a request. Two requests are the same if the bytes of `content` are.
///
/// # Errors
/// `validation_failed` for a malformed key, `idempotency_key_reused` for the key of another request,
/// `idempotency_in_progress` while the first request with it runs.
pub async fn begin(
    store: &Store,
    request: &RequestContext<SignedInUser>,
    operation: &'static str,
    key: &str,
    content: &[&[u8]],
) -> Result<Begun> {
    if let Some(error) = check_key(key) {
        return Err(AppError::invalid(vec![error]));
    }
    let key = IdempotencyKey { key: key.to_owned(), request_hash: request_hash(content) };
    match store.begin_idempotent(&request.principal, operation, &key, request.now).await? {
        BeginIdempotent::Fresh(lock) => Ok(Begun::Fresh(lock)),
        BeginIdempotent::Replay(response) => Ok(Begun::Replay(response)),
        BeginIdempotent::InProgress => Err(in_progress()),
        BeginIdempotent::KeyReused => Err(key_reused()),
    }
}

/// Keeps the answer, or frees the key when there is none to keep. The request is done either way: if this fails, the
/// lock runs out.
pub async fn finish(store: &Store, lock: &IdempotencyLock, response: Option<&StoredResponse>) {
    let done = match response {
        Some(response) => store.finish_idempotent(lock, response).await.map(|_| ()),
        None => store.release_idempotent(lock).await,
    };
    if let Err(error) = done {
        tracing::warn!(%error, "an idempotency key keeps its lock until it runs out");
    }
}

/// Whether an error would be the same if the request came again.
pub fn is_final(error: &AppError) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Conflict | ErrorKind::Unprocessable)
        && error.retry_after_s.is_none()
}

/// The error of a malformed key.
pub(crate) fn check_key(key: &str) -> Option<FieldError> {
    let is_key = (1..=KEY_CHARS_MAX).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_graphic());
    (!is_key).then(|| FieldError::new("Idempotency-Key", "must have 1 to 255 printable ASCII characters"))
}

/// 409: the client may ask again in a moment.
pub(crate) fn in_progress() -> AppError {
    AppError {
        retry_after_s: Some(2),
        ..AppError::new(
            ErrorCode::IdempotencyInProgress,
            "The first request with this Idempotency-Key is still being answered.",
        )
    }
}

/// 422: the client's keys do not name one request each.
pub(crate) fn key_reused() -> AppError {
    AppError::new(ErrorCode::IdempotencyKeyReused, "This Idempotency-Key was used for another request.")
}

/// Parts with their lengths, so that no two requests run into one.
fn request_hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_printable() {
        let longest = "k".repeat(255);
        for good in ["k", "0193f8a0-0000-7000-8000-000000000000", &longest] {
            assert!(check_key(good).is_none(), "{good}");
        }
        for bad in ["", "a b", "a\tb", "é", &"k".repeat(256)] {
            assert!(check_key(bad).is_some(), "{bad:?}");
        }
    }

    #[test]
    fn requests_that_differ_anywhere_differ() {
        let hash =
            |parts: &[&str]| request_hash(&parts.iter().map(|part| part.as_bytes()).collect::<Vec<_>>());
        assert_eq!(hash(&["POST", "/a", ""]), hash(&["POST", "/a", ""]));
        assert_ne!(hash(&["POST", "/a", ""]), hash(&["POST", "/", "a"]));
        assert_ne!(hash(&["POST", "/a", "x"]), hash(&["POST", "/a", ""]));
    }

    #[test]
    fn only_what_would_be_the_same_again_is_final() {
        assert!(is_final(&AppError::not_found()));
        assert!(is_final(&AppError::new(ErrorCode::StateChanged, "")));
        for again in [
            AppError::internal(""),
            AppError::unavailable(""),
            AppError::unauthenticated(""),
            AppError::invalid(Vec::new()),
            AppError::new(ErrorCode::RateLimited, ""),
            in_progress(),
        ] {
            assert!(!is_final(&again), "{again}");
        }
    }
}
