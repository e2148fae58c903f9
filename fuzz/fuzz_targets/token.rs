//! INV-6: only the issued token authenticates a user, and only until it expires.
#![no_main]

use chrono::{DateTime, TimeDelta};
use filot_app::auth::access::{AccessTokens, LIFETIME_S, Lifetime};
use filot_domain::{SessionId, UserId};
use filot_platform::Secret;
use filot_store::Caller;
use libfuzzer_sys::fuzz_target;
use uuid::Uuid;

fuzz_target!(|input: (u16, u8, &str)| {
    let (at, flip, text) = input;
    let now = DateTime::from_timestamp(1_800_000_000, 0).expect("a time");
    let secret = Secret::from("a-signing-secret-of-32-bytes-or-more!".to_owned());
    let tokens = AccessTokens::new([("1", &secret)], Lifetime::AsIssued);
    let caller = Caller {
        user_id: UserId::from_uuid(Uuid::from_u128(1)),
        session_id: SessionId::from_uuid(Uuid::from_u128(2)),
    };
    let issued = tokens.issue(caller, now).expect("a token");
    let good = issued.token.expose();
    assert!(tokens.verify(good, now).is_ok_and(|found| found.user_id == caller.user_id));
    assert!(tokens.verify(good, now + TimeDelta::seconds(LIFETIME_S)).is_err());

    assert!(text == good || tokens.verify(text, now).is_err(), "a token that nobody issued");
    // The token with one character changed, or with parts replaced by parts of the input.
    let mut changed = good.as_bytes().to_vec();
    let place = usize::from(at) % changed.len();
    changed[place] ^= flip & 0x7F;
    if let Ok(changed) = std::str::from_utf8(&changed) {
        assert!(changed == good || tokens.verify(changed, now).is_err(), "a changed token: {changed}");
    }
    let parts: Vec<&str> = good.split('.').collect();
    for (i, part) in parts.iter().enumerate() {
        let mut swapped = parts.clone();
        swapped[i] = text;
        let swapped = swapped.join(".");
        assert!(text == *part || tokens.verify(&swapped, now).is_err(), "part {i} swapped");
    }
    let none = AccessTokens::new([], Lifetime::AsIssued);
    assert!(none.verify(text, now).is_err() && none.verify(good, now).is_err());
});
