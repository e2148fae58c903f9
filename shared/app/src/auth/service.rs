//! The key of internal callers: compared in constant time, two may be active while one is rotated.

use filot_platform::Secret;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use crate::auth::principal::{Operator, Service};
use crate::error::{AppError, Result};

/// A caller that presents an active key is a service of ours. Without a configured key every caller is refused.
///
/// # Errors
/// `unauthenticated` for any other key.
pub fn verify(active: &[Secret], presented: &str) -> Result<Service> {
    if is_one_of(active, presented) {
        Ok(Service::proven())
    } else {
        Err(AppError::unauthenticated("the service key is not ours"))
    }
}

/// A reader of the metrics: a service, or any caller where they are open.
///
/// # Errors
/// `service`'s, where the metrics are not open.
pub fn operator(metrics_are_open: bool, service: Result<Service>) -> Result<Operator> {
    if !metrics_are_open {
        service?;
    }
    Ok(Operator::proven())
}

/// Whether `presented` is one of the active secrets, in constant time.
///
/// Hashes are compared, so that neither the content nor the length of a secret shows in the time it takes, and every one
/// is compared, so that it does not show which one matched.
pub fn is_one_of(active: &[Secret], presented: &str) -> bool {
    let presented: [u8; 32] = Sha256::digest(presented.as_bytes()).into();
    let matches = active.iter().filter(|key| !key.expose().is_empty()).fold(Choice::from(0), |found, key| {
        let key: [u8; 32] = Sha256::digest(key.expose().as_bytes()).into();
        found | key.ct_eq(&presented)
    });
    bool::from(matches)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_active_key_passes_and_nothing_else() {
        let keys = [Secret::from("first".to_owned()), Secret::from("second".to_owned())];
        assert!(verify(&keys, "first").is_ok());
        assert!(verify(&keys, "second").is_ok());
        for wrong in ["", "third", "firs", "firstt", "first,second"] {
            assert!(verify(&keys, wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_missing_or_empty_key_refuses() {
        assert!(verify(&[], "").is_err());
        assert!(verify(&[Secret::from(String::new())], "").is_err());
    }
}
