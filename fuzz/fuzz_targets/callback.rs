//! INV-6, INV-8: a callback needs the secret, a signature is valid for one body and one time, and an accepted body is
//! within its bounds.
#![no_main]

use chrono::DateTime;
use filot_app::auth::reviewer::{self, CallbackSignature, SignatureSecrets};
use filot_app::auth::service;
use filot_app::review_callback::{CallbackRequest, validate};
use filot_buli2::signature::sign;
use filot_buli2::{Signed, SigningSecrets, Vouched};
use filot_platform::Secret;
use libfuzzer_sys::fuzz_target;

const SECRET: &str = "a-signing-secret-of-at-least-32-bytes";
const NOW: i64 = 1_790_000_000;

fuzz_target!(|input: (&str, Option<&str>, u8, &[u8])| {
    let (signature, timestamp, flip, body) = input;
    let now = DateTime::from_timestamp(NOW, 0).expect("a time");
    let secrets = SigningSecrets::new([SECRET, "another-signing-secret-of-32-bytes-or-more"]);
    let near = NOW.to_string();

    // Arbitrary headers.
    let right = sign(SECRET.as_bytes(), timestamp, body);
    let signed = Signed { body, timestamp, review: None };
    if secrets.verify(signed, Some(signature), false, now).is_ok() {
        assert!(signature.trim().eq_ignore_ascii_case(&right), "believed without the secret");
    }
    assert!(SigningSecrets::default().verify(signed, Some(signature), false, now).is_err());
    assert!(secrets.verify(signed, None, false, now).is_err());

    // A good signature, then a change to any part.
    let good = sign(SECRET.as_bytes(), Some(&near), body);
    let verify = |body: &[u8], signature: &str, timestamp: Option<&str>| {
        secrets.verify(Signed { body, timestamp, review: None }, Some(signature), false, now)
    };
    assert_eq!(verify(body, &good, Some(&near)), Ok(Vouched::Body));
    assert!(verify(body, &good, None).is_err(), "a signature without its time");
    assert!(verify(body, &good, Some(&(NOW + 1).to_string())).is_err(), "a signature for another time");
    assert!(verify(&[body, b"x"].concat(), &good, Some(&near)).is_err());
    if !body.is_empty() {
        let mut changed = body.to_vec();
        let at = usize::from(flip) % changed.len();
        changed[at] ^= 1 << (flip % 8);
        assert!(verify(&changed, &good, Some(&near)).is_err(), "a signature for another body");
        assert!(verify(&body[..body.len() - 1], &good, Some(&near)).is_err());
    }
    assert!(verify(body, &good[..62], Some(&near)).is_err());

    // Both proofs are asked for: no key but the active one makes a service, and a service must have signed.
    let keys = [Secret::from("a-service-key-of-at-least-32-bytes!!".to_owned())];
    assert!(service::verify(&keys, signature).is_err() && service::verify(&keys, "").is_err());
    let known = service::verify(&keys, "a-service-key-of-at-least-32-bytes!!").expect("the active key");
    let signing = [Secret::from(SECRET.to_owned())];
    let configured = SignatureSecrets { secrets: &signing, require_timestamp: true };
    let verify = |signature, timestamp| {
        let presented = CallbackSignature { signature, timestamp, review: None };
        reviewer::verify(known, &configured, &presented, body, now)
    };
    assert!(verify(Some(good.as_str()), Some(near.as_str())).is_ok());
    assert!(verify(Some(good.as_str()), None).is_err() && verify(None, Some(near.as_str())).is_err());

    if let Ok(request) = serde_json::from_slice::<CallbackRequest>(body) {
        let wanted = request.decision.clone();
        if let Ok(callback) = validate(None, false, request) {
            assert_eq!(callback.decision.to_string(), wanted);
            assert!(callback.review.is_some() || callback.task_id.is_some());
            assert!(callback.notes.is_none_or(|n| n.chars().count() <= 1000 && !n.contains('\0')));
            assert!(callback.task_id.is_none_or(|task| (1..=255).contains(&task.chars().count())));
        }
    }
});
