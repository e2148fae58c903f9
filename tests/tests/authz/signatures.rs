//! Callbacks with the right service key and a wrong signature: none, malformed, for another body or another time.

use chrono::Utc;
use filot_buli2::Signed;
use filot_buli2::signature::{SIGNATURE_HEADER, TIMESTAMP_HEADER, sign, sign_all};
use filot_e2e::client::forge;
use filot_e2e::stack::world::World;
use filot_platform::local;
use serde_json::json;

use crate::callers::{Attempt, Expected, OLD_SIGNATURE_SECRET, STRANGER};
use crate::samples::Sample;

/// More than the allowed age of a timestamp plus the time between signing and sending in this suite.
const TOO_FAR_S: i64 = 330;

/// The attempt with a valid signature of its body.
pub fn signed(attempt: Attempt, sample: &Sample) -> Attempt {
    signed_with(attempt, sample, local::BULI2_SIGNATURE_SECRET)
}

/// The same with another secret.
pub fn signed_with(attempt: Attempt, sample: &Sample, secret: &str) -> Attempt {
    let now = Utc::now().timestamp().to_string();
    let signature = sign(secret.as_bytes(), Some(&now), &sample.body);
    attempt.header(TIMESTAMP_HEADER, now).header(SIGNATURE_HEADER, signature)
}

/// Callers with the right key and a wrong signature.
pub fn attempts(world: &World, sample: &Sample) -> Vec<Attempt> {
    let secret = local::BULI2_SIGNATURE_SECRET.as_bytes();
    let body = &sample.body;
    let now_s = Utc::now().timestamp();
    let now = now_s.to_string();
    let good = sign(secret, Some(&now), body);
    let caller = |caller: &str| Attempt::bearer(caller, local::SERVICE_INTERNAL_KEY, STRANGER);
    let sent = |name: &str, timestamp: &str, signature: &str| {
        caller(name).header(TIMESTAMP_HEADER, timestamp).header(SIGNATURE_HEADER, signature)
    };
    let by = |name: &str, secret: &str| sent(name, &now, &sign(secret.as_bytes(), Some(&now), body));
    let at = |name: &str, timestamp: &str| sent(name, timestamp, &sign(secret, Some(timestamp), body));
    let flipped = |signature: &str| {
        let (head, last) = signature.split_at(signature.len() - 1);
        format!("{head}{}", if last == "0" { "1" } else { "0" })
    };
    let earlier = (now_s - 60).to_string();
    let other_body = json!({"reviewId": uuid::Uuid::now_v7(), "decision": "rejected"}).to_string();

    let mut all = vec![
        caller("no signature"),
        caller("timestamp and no signature").header(TIMESTAMP_HEADER, now.as_str()),
        sent("empty signature", &now, ""),
        sent("truncated signature", &now, good.get(..62).unwrap_or_default()),
        sent("half a signature", &now, good.get(..32).unwrap_or_default()),
        sent("longer signature", &now, &format!("{good}00")),
        sent("one digit of the signature changed", &now, &flipped(&good)),
        sent("signature that is no hex", &now, &"z".repeat(64)),
        sent("signature with a prefix", &now, &format!("sha256={good}")),
        sent("signature of zeros", &now, &"0".repeat(64)),
        by("wrong signature secret", forge::FOREIGN_SECRET),
        by("old signature secret", OLD_SIGNATURE_SECRET),
        by("signed with nothing", ""),
        by("signed with the service key", local::SERVICE_INTERNAL_KEY),
        by("signed with our key at BULI2", local::BULI2_API_KEY),
        sent("signature of another body, replayed", &now, &sign(secret, Some(&now), other_body.as_bytes())),
        sent("signature of an earlier call, replayed", &now, &sign(secret, Some(&earlier), body)),
        sent("signature of the body alone beside a timestamp", &now, &sign(secret, None, body)),
        caller("timestamp taken away").header(SIGNATURE_HEADER, good.as_str()),
        at("stale timestamp", &(now_s - TOO_FAR_S).to_string()),
        at("future timestamp", &(now_s + TOO_FAR_S).to_string()),
        at("timestamp in milliseconds", &(now_s * 1000).to_string()),
        at("timestamp of 1970", "0"),
        at("negative timestamp", &format!("-{now}")),
        at("timestamp as a date", &Utc::now().to_rfc3339()),
        at("empty timestamp", ""),
        sent("two signatures", &now, &good).header(SIGNATURE_HEADER, flipped(&good)),
        sent("two timestamps", &now, &good).header(TIMESTAMP_HEADER, earlier.as_str()),
    ];
    // Another body under the same signature.
    let contrary = String::from_utf8_lossy(body).replace("approved", "rejected");
    all.push(Attempt {
        body: Some(contrary.into_bytes()),
        ..sent("body changed after signing", &now, &good)
    });
    all.push(Attempt {
        body: Some([body.as_slice(), b"\n"].concat()),
        ..sent("body longer by a line end", &now, &good)
    });
    // A complete callback, sent to the URL of another review.
    if let Some(url) = elsewhere(world, sample) {
        let refused = Expected::Refused(400, "validation_failed");
        let replayed = sent("whole callback replayed at another review", &now, &good);
        all.push(Attempt { url: Some(url), expected: refused, ..replayed });
        // A body that names no review, and one that was signed together with another review's path.
        let nameless = br#"{"decision":"approved"}"#;
        let loose =
            sent("body without a review at a review's URL", &now, &sign(secret, Some(&now), nameless));
        all.push(Attempt { body: Some(nameless.to_vec()), expected: refused, ..loose });
        let other =
            world.reviews.iter().find(|other| sample.review.as_ref().is_none_or(|own| own.id != other.id));
        let signed =
            Signed { body: nameless, timestamp: Some(&now), review: other.map(|review| review.id.as_str()) };
        let moved = sent("path signed for another review", &now, &sign_all(secret, signed));
        all.push(Attempt { body: Some(nameless.to_vec()), ..moved });
    }
    all
}

/// The callback URL of another review, if the URL names a review.
fn elsewhere(world: &World, sample: &Sample) -> Option<String> {
    let own = &sample.review.as_ref()?.id;
    let other = world.reviews.iter().find(|review| review.id != *own)?;
    sample.url.contains(own.as_str()).then(|| sample.url.replace(own.as_str(), &other.id))
}
