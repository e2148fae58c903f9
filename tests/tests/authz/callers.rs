//! The callers of a route: those who are refused, with which error, and those who are answered.
//!
//! The lists belong to a kind of authentication, not to a route, so that a new route gets all of them.

use chrono::Utc;
use filot_e2e::Result;
use filot_e2e::client::forge::{self, access, access_claims, es256, hmac, with};
use filot_e2e::simulators::stack_auth;
use filot_e2e::stack::world::World;
use filot_edge::api::Auth;
use filot_platform::local;
use filot_testkit::stack_auth as stack_key;
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};

use crate::samples::Sample;
use crate::signatures;

/// The second active service key, next to the one of the local stack.
pub const SECOND_SERVICE_KEY: &str = "filot-local-second-service-key-for-one-machine-only";
/// A service key that was active once.
pub const OLD_SERVICE_KEY: &str = "filot-local-retired-service-key-for-one-machine-only";
/// The second active secret for signatures.
pub const SECOND_SIGNATURE_SECRET: &str = "filot-local-second-signature-for-one-machine-only";
/// A secret for signatures that was active once.
pub const OLD_SIGNATURE_SECRET: &str = "filot-local-retired-signature-for-one-machine-only";

/// The answer that a caller must get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// A problem with this status and code, and no effect.
    Refused(u16, &'static str),
    /// The route's success.
    Answered,
}

/// The refusal of a caller without valid credentials.
pub const STRANGER: Expected = Expected::Refused(401, "unauthenticated");
const NOT_THERE: Expected = Expected::Refused(404, "not_found");
const NO_REFRESH: Expected = Expected::Refused(401, "refresh_token_invalid");
const NO_JSON: Expected = Expected::Refused(400, "malformed_json");

/// A caller, and how their request differs from the good one.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// Description of the caller, for messages.
    pub caller: String,
    /// Headers with their credentials.
    pub headers: Vec<(String, String)>,
    /// The body, if it differs.
    pub body: Option<Vec<u8>>,
    /// The URL, if it differs.
    pub url: Option<String>,
    /// The answer that they must get.
    pub expected: Expected,
}

impl Attempt {
    /// A caller without credentials.
    pub fn new(caller: impl Into<String>, expected: Expected) -> Self {
        Self { caller: caller.into(), headers: Vec::new(), body: None, url: None, expected }
    }

    /// With a bearer token.
    pub fn bearer(caller: impl Into<String>, token: &str, expected: Expected) -> Self {
        Self::new(caller, expected).header("authorization", format!("Bearer {token}"))
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }
}

/// All callers of a route. `is_open` says whether the operators' routes need no key here.
pub fn attempts(world: &World, sample: &Sample, is_open: bool) -> Result<Vec<Attempt>> {
    Ok(match sample.route.auth {
        Auth::Public => anybody(world),
        Auth::ServiceKeyInProduction if is_open => anybody(world),
        Auth::ServiceKey | Auth::ServiceKeyInProduction => {
            let mut all = service_keys(world)?;
            all.push(Attempt::bearer("the service key", local::SERVICE_INTERNAL_KEY, Expected::Answered));
            all.push(Attempt::bearer("the second service key", SECOND_SERVICE_KEY, Expected::Answered));
            all.extend(of_nothing(sample, local::SERVICE_INTERNAL_KEY));
            all
        }
        Auth::AccessToken => access_tokens(world, sample)?,
        Auth::StackToken => stack_tokens(world, sample)?,
        Auth::RefreshToken => refresh_tokens(world),
        Auth::SignedCallback => {
            let sign = |attempt: Attempt| signatures::signed(attempt, sample);
            let mut all: Vec<_> = service_keys(world)?.into_iter().map(sign).collect();
            all.extend(signatures::attempts(world, sample));
            all.push(signatures::signed(
                Attempt::bearer("BULI2", local::SERVICE_INTERNAL_KEY, Expected::Answered),
                sample,
            ));
            all.push(signatures::signed_with(
                Attempt::bearer("BULI2 with the second of both", SECOND_SERVICE_KEY, Expected::Answered),
                sample,
                SECOND_SIGNATURE_SECRET,
            ));
            all
        }
    })
}

/// Callers of a public route: their credentials make no difference.
fn anybody(world: &World) -> Vec<Attempt> {
    vec![
        Attempt::new("no token", Expected::Answered),
        Attempt::bearer("malformed token", "nonsense", Expected::Answered),
        Attempt::bearer("logged-out session", &world.gone.access, Expected::Answered),
        Attempt::bearer("old service key", OLD_SERVICE_KEY, Expected::Answered),
    ]
}

/// Credentials that are no bearer token.
fn no_bearer(good: &str) -> Vec<Attempt> {
    let basic = |value: &str| Attempt::new("", STRANGER).header("authorization", value);
    vec![
        Attempt::new("no token", STRANGER),
        Attempt { caller: "empty token".into(), ..basic("Bearer") },
        Attempt { caller: "basic authorization".into(), ..basic("Basic ZmlsbzpmaWxvdA==") },
        Attempt { caller: "token without a scheme".into(), ..basic(good) },
        Attempt { caller: "token under another scheme".into(), ..basic(&format!("Token {good}")) },
        Attempt { caller: "token in a header of its own".into(), ..Attempt::new("", STRANGER) }
            .header("x-api-key", good),
        Attempt::bearer("malformed token", "nonsense", STRANGER),
        Attempt::bearer("three dots", "...", STRANGER),
        Attempt::bearer("very long token", &"x".repeat(6000), STRANGER),
        Attempt::bearer("token with a space in it", &good.replacen('.', ". ", 1), STRANGER),
    ]
}

fn service_keys(world: &World) -> Result<Vec<Attempt>> {
    let key = local::SERVICE_INTERNAL_KEY;
    let both = format!("{key},{SECOND_SERVICE_KEY}");
    let refused = |caller: &str, token: &str| Attempt::bearer(caller, token, STRANGER);
    let mut all = no_bearer(key);
    // A key has no dot to put a space after.
    all.retain(|attempt| attempt.caller != "token with a space in it");
    all.extend([
        refused("wrong service key", forge::FOREIGN_SECRET),
        refused("old service key", OLD_SERVICE_KEY),
        refused("truncated service key", key.get(..key.len() - 1).unwrap_or_default()),
        refused("longer service key", &format!("{key}x")),
        refused("service key in capitals", &key.to_uppercase()),
        refused("both service keys at once", &both),
        refused("only the comma between them", ","),
        refused("our key at BULI2", local::BULI2_API_KEY),
        refused("secret of the signatures", local::BULI2_SIGNATURE_SECRET),
        refused("user's access token", &world.owner.access),
        refused("user's refresh token", &world.owner.refresh),
        refused("Stack Auth token", &stack_auth::token(&world.owner.sub, &world.owner.email)?),
    ]);
    Ok(all)
}

fn access_tokens(world: &World, sample: &Sample) -> Result<Vec<Attempt>> {
    let sender = &sample.sender;
    let now = Utc::now().timestamp();
    let good = access_claims(&sender.id, &sender.session, now - 1, now + 600);
    let token = access(&good)?;
    let mut all = no_bearer(&token);
    let mut add = |caller: &str, token: String| all.push(Attempt::bearer(caller, &token, STRANGER));

    for (caller, claims) in [
        ("expired", access_claims(&sender.id, &sender.session, now - 901, now - 1)),
        ("expires before it was issued", with(&good, "exp", now - 2)),
        ("issued in the future", access_claims(&sender.id, &sender.session, now + 120, now + 720)),
        ("not valid yet", with(&good, "nbf", now + 120)),
        ("wrong issuer", with(&good, "iss", "somebody")),
        ("no issuer", with(&good, "iss", Value::Null)),
        ("wrong audience", with(&good, "aud", "somebody")),
        ("audience of Stack Auth", with(&good, "aud", stack_key::PROJECT_ID)),
        ("no subject", with(&good, "sub", Value::Null)),
        ("subject that is no id", with(&good, "sub", "' OR true --")),
        ("no session", with(&good, "sid", Value::Null)),
        ("no expiry", with(&good, "exp", Value::Null)),
        ("expiry as text", with(&good, "exp", "4102444800")),
        ("session that never was", with(&good, "sid", uuid::Uuid::now_v7().to_string())),
        ("somebody else's session", with(&good, "sid", world.stranger.session.clone())),
        ("somebody else with this session", with(&good, "sub", world.stranger.id.clone())),
        ("deleted user", access_claims(&world.deleted.id, &world.deleted.session, now - 1, now + 600)),
        ("logged-out session", access_claims(&world.gone.id, &world.gone.session, now - 1, now + 600)),
    ] {
        add(caller, access(&claims)?);
    }
    add("logged-out session, its own token", world.gone.access.clone());
    forged(&mut add, &good, &token, forge::KEY_ID, Some(local::JWT_SECRET))?;
    add("ES256 of Stack Auth's key", es256(Some(forge::KEY_ID), &good)?);
    let altered = with(&good, "sub", world.stranger.id.clone());
    add("altered claims", forge::altered(&token, &altered));
    add("Stack Auth token", stack_auth::token(&sender.sub, &sender.email)?);
    add("refresh token", sender.refresh.clone());
    add("service key", local::SERVICE_INTERNAL_KEY.to_owned());

    if sample.url_of_nothing.is_some() {
        all.push(Attempt::bearer("another user", &world.stranger.access, NOT_THERE));
    }
    all.extend(of_nothing(sample, &token));
    let mut in_query = Attempt::new("token in the query", STRANGER);
    in_query.url = Some(format!("{}?access_token={token}&authorization=Bearer%20{token}", sample.url));
    all.push(in_query);
    all.push(Attempt::bearer("the user", &sender.access, Expected::Answered));
    Ok(all)
}

/// The right caller with an id that names nothing or is none.
fn of_nothing(sample: &Sample, token: &str) -> Vec<Attempt> {
    let Some(nothing) = &sample.url_of_nothing else { return Vec::new() };
    let nonsense = nothing.rsplit_once('/').map(|_| {
        let id = nothing.split('/').find(|part| uuid::Uuid::parse_str(part).is_ok()).unwrap_or_default();
        nothing.replace(id, "no-id-at-all")
    });
    let asks =
        |caller: &str, url: String| Attempt { url: Some(url), ..Attempt::bearer(caller, token, NOT_THERE) };
    let mut all = vec![asks("right caller, nothing there", nothing.clone())];
    all.extend(nonsense.map(|url| asks("right caller, no id", url)));
    all
}

/// Tokens with the claims of `good` and an invalid signature.
fn forged(
    add: &mut impl FnMut(&str, String),
    good: &Value,
    token: &str,
    key_id: &str,
    secret: Option<&str>,
) -> Result<()> {
    let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
    for algorithm in ["none", "None", "NONE"] {
        add(&format!("alg {algorithm}"), forge::unsigned(algorithm, key_id, good, ""));
    }
    add("alg none with a signature", forge::unsigned("none", key_id, good, signature));
    add("no signature", format!("{signed}."));
    add("two parts", signed.to_owned());
    add("truncated signature", token.get(..token.len() - 4).unwrap_or_default().to_owned());
    for (form, key) in forge::published_key_forms()? {
        add(
            &format!("HS256 signed with the public key ({form})"),
            hmac(Algorithm::HS256, Some(key_id), key, good)?,
        );
    }
    add("HS256 signed with nothing", hmac(Algorithm::HS256, Some(key_id), "", good)?);
    add("foreign secret", hmac(Algorithm::HS256, Some(key_id), forge::FOREIGN_SECRET, good)?);
    if let Some(secret) = secret {
        for other in ["2", "", "../../dev/null", "1' OR '1'='1"] {
            add(&format!("unknown kid {other:?}"), hmac(Algorithm::HS256, Some(other), secret, good)?);
        }
        add("no kid", hmac(Algorithm::HS256, None, secret, good)?);
        add("HS384", hmac(Algorithm::HS384, Some(key_id), secret, good)?);
        add("HS512", hmac(Algorithm::HS512, Some(key_id), secret, good)?);
    } else {
        for other in ["nobody", "filot-local-2", ""] {
            add(&format!("unknown or other kid {other:?}"), es256(Some(other), good)?);
        }
        add("no kid", es256(None, good)?);
    }
    Ok(())
}

fn stack_tokens(world: &World, sample: &Sample) -> Result<Vec<Attempt>> {
    let owner = &world.owner;
    let now = Utc::now().timestamp();
    let good = stack_key::claims(&owner.sub, &owner.email, now - 1, now + 600);
    let token = es256(Some(stack_key::KEY_ID), &good)?;
    let mut all = no_bearer(&token);
    let mut add = |caller: &str, token: String| all.push(Attempt::bearer(caller, &token, STRANGER));

    for (caller, claims) in [
        ("expired", stack_key::claims(&owner.sub, &owner.email, now - 601, now - 1)),
        ("issued in the future", stack_key::claims(&owner.sub, &owner.email, now + 120, now + 720)),
        ("not valid yet", with(&good, "nbf", now + 120)),
        ("wrong issuer", with(&good, "iss", "https://api.stack-auth.com.example")),
        (
            "issuer of another project",
            with(
                &good,
                "iss",
                "https://api.stack-auth.com/api/v1/projects/11111111-0000-4000-8000-000000000000",
            ),
        ),
        ("no issuer", with(&good, "iss", Value::Null)),
        ("wrong audience", with(&good, "aud", "11111111-0000-4000-8000-000000000000")),
        ("our own audience", with(&good, "aud", "filot-api")),
        ("no subject", with(&good, "sub", Value::Null)),
        ("empty subject", with(&good, "sub", "")),
        ("subject with a space", with(&good, "sub", "some body")),
        ("no expiry", with(&good, "exp", Value::Null)),
    ] {
        add(caller, es256(Some(stack_key::KEY_ID), &claims)?);
    }
    forged(&mut add, &good, &token, stack_key::KEY_ID, None)?;
    add("altered claims", forge::altered(&token, &with(&good, "sub", world.stranger.sub.clone())));
    add("our own access token", owner.access.clone());
    add("refresh token", owner.refresh.clone());
    add("service key", local::SERVICE_INTERNAL_KEY.to_owned());

    let restricted = Expected::Refused(403, "account_restricted");
    for name in ["is_anonymous", "is_restricted"] {
        let token = es256(Some(stack_key::KEY_ID), &with(&good, name, true))?;
        all.push(Attempt::bearer(name.replace('_', " "), &token, restricted));
    }
    let fresh = uuid::Uuid::new_v4().to_string();
    let new = stack_key::claims(&fresh, &format!("{fresh}@example.com"), now - 1, now + 600);
    if sample.route.path == "/auth/register" {
        let unverified = Expected::Refused(403, "email_unverified");
        for (caller, claims) in [
            ("unverified address", with(&new, "email_verified", false)),
            ("no address", with(&new, "email", Value::Null)),
        ] {
            all.push(Attempt::bearer(caller, &es256(Some(stack_key::KEY_ID), &claims)?, unverified));
        }
        let taken = with(&new, "email", owner.email.clone());
        all.push(Attempt::bearer(
            "somebody else with this address",
            &es256(Some(stack_key::KEY_ID), &taken)?,
            Expected::Refused(409, "email_taken"),
        ));
    } else {
        let token = es256(Some(stack_key::KEY_ID), &new)?;
        all.push(Attempt::bearer("not registered", &token, Expected::Refused(404, "not_registered")));
    }
    let deleted = stack_auth::token(&world.deleted.sub, &world.deleted.email)?;
    let gone = if sample.route.path == "/auth/register" {
        Expected::Refused(409, "email_taken")
    } else {
        Expected::Refused(404, "not_registered")
    };
    all.push(Attempt::bearer("deleted user", &deleted, gone));
    all.push(Attempt::bearer("the user", &token, Expected::Answered));
    let second = stack_auth::token_of_second_key(&owner.sub, &owner.email)?;
    all.push(Attempt::bearer("the user, by the second published key", &second, Expected::Answered));
    Ok(all)
}

fn refresh_tokens(world: &World) -> Vec<Attempt> {
    let with_body = |caller: &str, body: Vec<u8>, expected| Attempt {
        body: Some(body),
        ..Attempt::new(caller, expected)
    };
    let token = |caller: &str, token: &str| {
        let body = json!({"refreshToken": token}).to_string();
        with_body(caller, body.into_bytes(), NO_REFRESH)
    };
    let good = &world.owner.refresh;
    let half = good.get(..20).unwrap_or_default();
    vec![
        with_body("no body", Vec::new(), NO_JSON),
        with_body("no token", b"{}".to_vec(), NO_JSON),
        with_body("token that is no text", b"{\"refreshToken\": 1}".to_vec(), NO_JSON),
        Attempt { body: Some(b"{}".to_vec()), ..Attempt::bearer("token as bearer", good, NO_JSON) },
        token("empty token", ""),
        token("malformed token", "nonsense"),
        token("unknown token", "0000000000000000000000000000000000000000000"),
        token("truncated token", half),
        token("longer token", &format!("{good}A")),
        token("very long token", &"x".repeat(6000)),
        token("expired", &world.faded.refresh),
        token("logged-out session", &world.gone.refresh),
        token("deleted user", &world.deleted.refresh),
        token("our own access token", &world.owner.access),
        token("service key", local::SERVICE_INTERNAL_KEY),
        Attempt { body: None, ..Attempt::new("the user", Expected::Answered) },
    ]
}
