//! The callback's signature: hex HMAC-SHA256 in `X-Buli2-Signature` over the raw body, over `timestamp.body` when
//! `X-Buli2-Timestamp` is sent, or over `timestamp.reviewId.body` to sign the review of the path as well.
//!
//! A body begins with a brace and a review's id does not, so no signed text can be taken for another one.

use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// Header of the signature.
pub const SIGNATURE_HEADER: &str = "x-buli2-signature";
/// Header of the timestamp: seconds since 1970.
pub const TIMESTAMP_HEADER: &str = "x-buli2-timestamp";
/// A timestamp further away than this, in either direction, is refused.
pub const TOLERANCE: TimeDelta = TimeDelta::seconds(300);

/// Why a callback is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// No secret is configured: nothing can be believed.
    #[error("no callback secret is configured")]
    Unconfigured,
    /// The header is missing.
    #[error("the signature is missing")]
    Missing,
    /// The header is not 64 hex digits.
    #[error("the signature is not 64 hex digits")]
    Malformed,
    /// The timestamp is missing although it is mandatory.
    #[error("the timestamp is missing")]
    TimestampMissing,
    /// The timestamp is not a number of seconds.
    #[error("the timestamp is not a number of seconds")]
    TimestampMalformed,
    /// The timestamp is too old or too new.
    #[error("the timestamp is outside the tolerance")]
    TimestampOutside,
    /// No active secret made this signature.
    #[error("the signature does not match")]
    Mismatch,
}

/// What a callback's signature is checked against.
#[derive(Debug, Clone, Copy)]
pub struct Signed<'a> {
    /// The raw body.
    pub body: &'a [u8],
    /// The raw header of the timestamp.
    pub timestamp: Option<&'a str>,
    /// The review of the path, as it stands there.
    pub review: Option<&'a str>,
}

/// What a signature that matches vouches for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vouched {
    /// The body: it has to name the review.
    Body,
    /// The body, and the review of the path.
    BodyAndReview,
}

/// The secrets that may sign at the moment: one, or two while they are rotated.
#[derive(Clone, Default)]
pub struct SigningSecrets(Vec<Vec<u8>>);

impl std::fmt::Debug for SigningSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningSecrets({})", self.0.len())
    }
}

impl SigningSecrets {
    /// Empty secrets are not secrets and are left out.
    pub fn new<S: AsRef<[u8]>>(secrets: impl IntoIterator<Item = S>) -> Self {
        Self(secrets.into_iter().map(|s| s.as_ref().to_vec()).filter(|s| !s.is_empty()).collect())
    }

    /// Checks a callback. `signature` is the raw header.
    ///
    /// # Errors
    /// The signature or the timestamp is missing, malformed or wrong, or the time is too far off.
    pub fn verify(
        &self,
        signed: Signed<'_>,
        signature: Option<&str>,
        require_timestamp: bool,
        now: DateTime<Utc>,
    ) -> Result<Vouched, SignatureError> {
        if self.0.is_empty() {
            return Err(SignatureError::Unconfigured);
        }
        let given = decode(signature.ok_or(SignatureError::Missing)?)?;
        match signed.timestamp {
            None if require_timestamp => return Err(SignatureError::TimestampMissing),
            None => {}
            Some(text) => check_timestamp(text, now)?,
        }
        // Every secret is tried, so that the time taken does not say which one matched.
        let matches = |signed| {
            self.0.iter().fold(false, |matched, secret| {
                let fits = mac(secret, signed).is_some_and(|mac| mac.verify_slice(&given).is_ok());
                matched | fits
            })
        };
        let with_review = signed.review.is_some() && signed.timestamp.is_some() && matches(signed);
        match (with_review, matches(Signed { review: None, ..signed })) {
            (true, _) => Ok(Vouched::BodyAndReview),
            (false, true) => Ok(Vouched::Body),
            (false, false) => Err(SignatureError::Mismatch),
        }
    }
}

/// Signs as BULI2 does; used by its simulator and by tests.
pub fn sign(secret: &[u8], timestamp: Option<&str>, body: &[u8]) -> String {
    sign_all(secret, Signed { body, timestamp, review: None })
}

/// [`sign`], with the review of the path if there is one.
pub fn sign_all(secret: &[u8], signed: Signed<'_>) -> String {
    mac(secret, signed).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default()
}

fn decode(signature: &str) -> Result<[u8; 32], SignatureError> {
    let mut bytes = [0_u8; 32];
    hex::decode_to_slice(signature.trim(), &mut bytes).map_err(|_| SignatureError::Malformed)?;
    Ok(bytes)
}

fn check_timestamp(text: &str, now: DateTime<Utc>) -> Result<(), SignatureError> {
    let seconds: i64 = text.trim().parse().map_err(|_| SignatureError::TimestampMalformed)?;
    let sent = DateTime::from_timestamp(seconds, 0).ok_or(SignatureError::TimestampMalformed)?;
    if (now - sent).abs() > TOLERANCE { Err(SignatureError::TimestampOutside) } else { Ok(()) }
}

/// `None` never happens: HMAC takes keys of any length. It is an option because nothing here may panic.
fn mac(secret: &[u8], signed: Signed<'_>) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    for part in [signed.timestamp, signed.review].into_iter().flatten() {
        mac.update(part.trim().as_bytes());
        mac.update(b".");
    }
    mac.update(signed.body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"decision":"approved"}"#;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
    }

    fn plain(body: &[u8]) -> Signed<'_> {
        Signed { body, timestamp: None, review: None }
    }

    #[test]
    fn rfc_4231_test_case_2() {
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(sign(b"Jefe", None, b"what do ya want for nothing?"), expected);
    }

    #[test]
    fn either_active_secret_signs_and_no_other() {
        let secrets = SigningSecrets::new(["current-secret", "previous-secret"]);
        for secret in ["current-secret", "previous-secret"] {
            let signature = sign(secret.as_bytes(), None, BODY);
            assert_eq!(secrets.verify(plain(BODY), Some(&signature), false, now()), Ok(Vouched::Body));
        }
        let forged = sign(b"other", None, BODY);
        assert_eq!(secrets.verify(plain(BODY), Some(&forged), false, now()), Err(SignatureError::Mismatch));
        let signature = sign(b"current-secret", None, BODY);
        assert_eq!(
            secrets.verify(plain(b"{}"), Some(&signature), false, now()),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn inv_6_an_unconfigured_secret_refuses() {
        let signature = sign(b"", None, BODY);
        for secrets in [SigningSecrets::default(), SigningSecrets::new([""])] {
            let refused = secrets.verify(plain(BODY), Some(&signature), false, now());
            assert_eq!(refused, Err(SignatureError::Unconfigured));
        }
    }

    #[test]
    fn missing_and_truncated_signatures_are_refused() {
        let secrets = SigningSecrets::new(["secret"]);
        let signature = sign(b"secret", None, BODY);
        assert_eq!(secrets.verify(plain(BODY), None, false, now()), Err(SignatureError::Missing));
        for broken in ["", &signature[..62], &signature[..63], &format!("{signature}00"), "zz"] {
            let refused = secrets.verify(plain(BODY), Some(broken), false, now());
            assert_eq!(refused, Err(SignatureError::Malformed), "{broken:?}");
        }
    }

    #[test]
    fn a_timestamp_is_signed_and_must_be_near() {
        let secrets = SigningSecrets::new(["secret"]);
        let verify = |timestamp: &str, signed: Option<&str>| {
            let signature = sign(b"secret", signed, BODY);
            let presented = Signed { timestamp: Some(timestamp), ..plain(BODY) };
            secrets.verify(presented, Some(&signature), true, now())
        };
        for offset in [-300, 0, 300] {
            let timestamp = (now().timestamp() + offset).to_string();
            assert_eq!(verify(&timestamp, Some(&timestamp)), Ok(Vouched::Body), "{offset}");
        }
        for offset in [-301, 301] {
            let timestamp = (now().timestamp() + offset).to_string();
            assert_eq!(
                verify(&timestamp, Some(&timestamp)),
                Err(SignatureError::TimestampOutside),
                "{offset}"
            );
        }
        // A signature without the timestamp does not vouch for one, nor for another one.
        let timestamp = now().timestamp().to_string();
        assert_eq!(verify(&timestamp, None), Err(SignatureError::Mismatch));
        assert_eq!(verify(&timestamp, Some("1790000001")), Err(SignatureError::Mismatch));
        assert_eq!(verify("now", Some("now")), Err(SignatureError::TimestampMalformed));
        let signature = sign(b"secret", None, BODY);
        let missing = secrets.verify(plain(BODY), Some(&signature), true, now());
        assert_eq!(missing, Err(SignatureError::TimestampMissing));
    }

    #[test]
    fn inv_6_a_signature_vouches_for_a_review_only_if_it_names_it() {
        let secrets = SigningSecrets::new(["secret"]);
        let timestamp = now().timestamp().to_string();
        let at = |review| Signed { body: BODY, timestamp: Some(&timestamp), review };
        let bound = sign_all(b"secret", at(Some("review-1")));
        let loose = sign_all(b"secret", at(None));
        let verify = |signature: &str, review| secrets.verify(at(review), Some(signature), true, now());
        assert_eq!(verify(&bound, Some("review-1")), Ok(Vouched::BodyAndReview));
        assert_eq!(verify(&bound, Some("review-2")), Err(SignatureError::Mismatch));
        assert_eq!(verify(&bound, None), Err(SignatureError::Mismatch));
        assert_eq!(verify(&loose, Some("review-1")), Ok(Vouched::Body));
        // Without a time the text would be `reviewId.body`, which nobody agreed on.
        let untimed = Signed { timestamp: None, ..at(Some("review-1")) };
        let signature = sign_all(b"secret", untimed);
        assert_eq!(secrets.verify(untimed, Some(&signature), false, now()), Err(SignatureError::Mismatch));
    }
}
