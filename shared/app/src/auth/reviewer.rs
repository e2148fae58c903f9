//! The reviewer's callback: the service key, and a signature over the raw body.

use chrono::{DateTime, Utc};
use filot_buli2::{Signed, SigningSecrets, Vouched};
use filot_platform::Secret;

use crate::auth::principal::{Reviewer, Service};
use crate::error::{AppError, Result};

/// The signature of a callback, as its headers carry it.
#[derive(Clone, Copy)]
pub struct CallbackSignature<'a> {
    /// `X-Buli2-Signature`: hex HMAC-SHA256.
    pub signature: Option<&'a str>,
    /// `X-Buli2-Timestamp`: seconds since 1970, part of what is signed.
    pub timestamp: Option<&'a str>,
    /// The review of the path, as it stands there; it may be part of what is signed.
    pub review: Option<&'a str>,
}

/// The secrets and the rule that a signature is checked with.
#[derive(Clone, Copy)]
pub struct SignatureSecrets<'a> {
    /// Active secrets. None refuses every callback.
    pub secrets: &'a [Secret],
    /// Whether a signature without a timestamp is refused (`BULI2_REQUIRE_TIMESTAMP`).
    pub require_timestamp: bool,
}

/// A service is the reviewer if it signed the body.
///
/// # Errors
/// `unauthenticated` when the signature is missing, wrong, for another body or too old, or no secret is configured.
pub fn verify(
    _: Service,
    secrets: &SignatureSecrets<'_>,
    presented: &CallbackSignature<'_>,
    raw_body: &[u8],
    now: DateTime<Utc>,
) -> Result<Reviewer> {
    let signed = Signed { body: raw_body, timestamp: presented.timestamp, review: presented.review };
    SigningSecrets::new(secrets.secrets.iter().map(|secret| secret.expose()))
        .verify(signed, presented.signature, secrets.require_timestamp, now)
        .map(|vouched| Reviewer::proven(vouched == Vouched::BodyAndReview))
        .map_err(|error| AppError::unauthenticated(format!("the signature is refused: {error}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::service;

    #[test]
    fn inv_6_the_service_key_and_the_signature_are_both_needed() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let body = br#"{"decision":"approved"}"#;
        let keys = [Secret::from("service".to_owned())];
        let signing = [Secret::from("signing".to_owned())];
        let good = filot_buli2::signature::sign(b"signing", None, body);
        let secrets = SignatureSecrets { secrets: &signing, require_timestamp: false };
        let check = |secrets: &SignatureSecrets<'_>, key, signature| {
            let presented = CallbackSignature { signature, timestamp: None, review: None };
            service::verify(&keys, key)
                .and_then(|service| verify(service, secrets, &presented, body, now))
                .is_ok()
        };
        assert!(check(&secrets, "service", Some(&good)));
        assert!(!check(&secrets, "other", Some(&good)));
        assert!(!check(&secrets, "", Some(&good)));
        assert!(!check(&secrets, "service", None));
        let forged = "0".repeat(64);
        assert!(!check(&secrets, "service", Some(&forged)));
        assert!(!check(&SignatureSecrets { require_timestamp: true, ..secrets }, "service", Some(&good)));
        assert!(!check(&SignatureSecrets { secrets: &[], ..secrets }, "service", Some(&good)));
    }
}
