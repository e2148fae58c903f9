//! The callback's signature: hex HMAC-SHA256 in `X-Buli2-Signature` over the raw body, or over `timestamp.body` when
//! `X-Buli2-Timestamp` is sent.

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

    /// Checks a callback. `signature` and `timestamp` are the raw header values.
    ///
    /// # Errors
    /// The signature or the timestamp is missing, malformed or wrong, or the time is too far off.
    pub fn verify(
        &self,
        body: &[u8],
        signature: Option<&str>,
        timestamp: Option<&str>,
        require_timestamp: bool,
        now: DateTime<Utc>,
    ) -> Result<(), SignatureError> {
        if self.0.is_empty() {
            return Err(SignatureError::Unconfigured);
        }
        let given = decode(signature.ok_or(SignatureError::Missing)?)?;
        match timestamp {
            None if require_timestamp => return Err(SignatureError::TimestampMissing),
            None => {}
            Some(text) => check_timestamp(text, now)?,
        }
        // Every secret is tried, so that the time taken does not say which one matched.
        let matched = self.0.iter().fold(false, |matched, secret| {
            let fits = mac(secret, timestamp, body).is_some_and(|mac| mac.verify_slice(&given).is_ok());
            matched | fits
        });
        if matched { Ok(()) } else { Err(SignatureError::Mismatch) }
    }
}

/// Signs as BULI2 does; used by its simulator and by tests.
pub fn sign(secret: &[u8], timestamp: Option<&str>, body: &[u8]) -> String {
    mac(secret, timestamp, body).map(|mac| hex::encode(mac.finalize().into_bytes())).unwrap_or_default()
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
fn mac(secret: &[u8], timestamp: Option<&str>, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
    if let Some(timestamp) = timestamp {
        mac.update(timestamp.trim().as_bytes());
        mac.update(b".");
    }
    mac.update(body);
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &[u8] = br#"{"decision":"approved"}"#;

    fn now() -> DateTime<Utc> {
        DateTime::from_timestamp(1_790_000_000, 0).unwrap()
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
            assert_eq!(secrets.verify(BODY, Some(&signature), None, false, now()), Ok(()));
        }
        let forged = sign(b"other", None, BODY);
        assert_eq!(secrets.verify(BODY, Some(&forged), None, false, now()), Err(SignatureError::Mismatch));
        let signature = sign(b"current-secret", None, BODY);
        assert_eq!(
            secrets.verify(b"{}", Some(&signature), None, false, now()),
            Err(SignatureError::Mismatch)
        );
    }

    #[test]
    fn inv_6_an_unconfigured_secret_refuses() {
        let signature = sign(b"", None, BODY);
        for secrets in [SigningSecrets::default(), SigningSecrets::new([""])] {
            let refused = secrets.verify(BODY, Some(&signature), None, false, now());
            assert_eq!(refused, Err(SignatureError::Unconfigured));
        }
    }

    #[test]
    fn missing_and_truncated_signatures_are_refused() {
        let secrets = SigningSecrets::new(["secret"]);
        let signature = sign(b"secret", None, BODY);
        assert_eq!(secrets.verify(BODY, None, None, false, now()), Err(SignatureError::Missing));
        for broken in ["", &signature[..62], &signature[..63], &format!("{signature}00"), "zz"] {
            let refused = secrets.verify(BODY, Some(broken), None, false, now());
            assert_eq!(refused, Err(SignatureError::Malformed), "{broken:?}");
        }
    }

    #[test]
    fn a_timestamp_is_signed_and_must_be_near() {
        let secrets = SigningSecrets::new(["secret"]);
        let verify = |timestamp: &str, signed: Option<&str>| {
            let signature = sign(b"secret", signed, BODY);
            secrets.verify(BODY, Some(&signature), Some(timestamp), true, now())
        };
        for offset in [-300, 0, 300] {
            let timestamp = (now().timestamp() + offset).to_string();
            assert_eq!(verify(&timestamp, Some(&timestamp)), Ok(()), "{offset}");
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
        let missing = secrets.verify(BODY, Some(&signature), None, true, now());
        assert_eq!(missing, Err(SignatureError::TimestampMissing));
    }
}
