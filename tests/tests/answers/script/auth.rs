//! Registration, sessions and the profile.

use chrono::Utc;
use filot_e2e::Result;
use filot_e2e::client::forge;
use filot_e2e::client::probe::Probe;
use filot_e2e::simulators::stack_auth;
use filot_platform::local;
use filot_store::seed;
use filot_testkit::stack_auth as stack_key;
use serde_json::{Value, json};

use super::{NEWCOMER, NOBODY, demo_token, raw, session_token, strangers, text};
use crate::recorder::Recorder;

const DEMO_EMAIL: &str = "demo@filot.test";
/// A body of more than a route without a file takes.
const TOO_LARGE: usize = 64 * 1024 + 1;

/// Asks everything of these routes; the access token of the newcomer.
pub async fn ask(recorder: &mut Recorder<'_>) -> Result<String> {
    register(recorder).await?;
    let newcomer = login(recorder).await?;
    refresh(recorder).await?;
    sessions(recorder, &newcomer).await?;
    profile(recorder, &newcomer).await?;
    Ok(newcomer)
}

/// A token of Stack Auth with one claim changed.
fn stack_token(sub: &str, email: &str, claim: &str, value: impl Into<Value>) -> Result<String> {
    let now = Utc::now().timestamp();
    let claims = stack_key::claims(sub, email, now - 1, now + 600);
    forge::es256(Some(stack_key::KEY_ID), &forge::with(&claims, claim, value))
}

async fn register(recorder: &mut Recorder<'_>) -> Result<()> {
    recorder.group("register");
    let path = "/auth/register";
    let (sub, email) = NEWCOMER;
    let good = stack_auth::token(sub, email)?;
    strangers(recorder, "register", "POST", path, &good).await?;
    let post = |recorder: &Recorder<'_>, token: &str| -> Result<Probe> {
        Ok(recorder.to("POST", path)?.bearer(token))
    };
    let probe = post(recorder, &demo_token()?)?.json(&json!({}));
    recorder.ask("our own token", probe).await?;
    let past = Utc::now().timestamp() - 100;
    let probe = post(recorder, &stack_token(sub, email, "exp", past)?)?.json(&json!({}));
    recorder.ask("an expired token", probe).await?;
    for (what, claim, value) in [
        ("an anonymous account", "is_anonymous", json!(true)),
        ("a restricted account", "is_restricted", json!(true)),
        ("an unverified address", "email_verified", json!(false)),
        ("no address", "email", Value::Null),
        ("another project", "aud", json!(NOBODY)),
    ] {
        let probe = post(recorder, &stack_token(sub, email, claim, value)?)?.json(&json!({}));
        recorder.ask(what, probe).await?;
    }
    for (what, body) in [
        ("malformed values", json!({"fullName": "", "phone": "0812"})),
        ("values of other types", json!({"fullName": 7, "phone": []})),
        ("a list", json!([])),
    ] {
        recorder.ask(what, post(recorder, &good)?.json(&body)).await?;
    }
    let probe = raw(post(recorder, &good)?, "application/json", "{\"fullName\": ");
    recorder.ask("malformed JSON", probe).await?;
    let probe = raw(post(recorder, &good)?, "text/plain", "{}");
    recorder.ask("another content type", probe).await?;
    let probe = raw(post(recorder, &good)?, "application/json", " ".repeat(TOO_LARGE));
    recorder.ask("a body that is too large", probe).await?;
    let taken = stack_auth::token("00000000-0000-4000-8000-0000000000cc", DEMO_EMAIL)?;
    recorder.ask("a taken address", post(recorder, &taken)?.json(&json!({}))).await?;
    let body = json!({"fullName": "Orang Baru", "phone": "+6281200000000"});
    recorder.ask("created", post(recorder, &good)?.json(&body)).await?;
    recorder.ask("the same again", post(recorder, &good)?.json(&body)).await?;
    recorder.ask("without a body", post(recorder, &good)?).await?;
    Ok(())
}

async fn login(recorder: &mut Recorder<'_>) -> Result<String> {
    recorder.group("login");
    let path = "/auth/login";
    let (sub, email) = NEWCOMER;
    let good = stack_auth::token(sub, email)?;
    strangers(recorder, "login", "POST", path, &good).await?;
    let post = |recorder: &Recorder<'_>, token: &str| -> Result<Probe> {
        Ok(recorder.to("POST", path)?.bearer(token))
    };
    recorder.ask("our own token", post(recorder, &demo_token()?)?).await?;
    let unknown = stack_auth::token("00000000-0000-4000-8000-0000000000aa", "stranger@filot.test")?;
    recorder.ask("not registered", post(recorder, &unknown)?).await?;
    for (what, claim, value) in [
        ("another issuer", "iss", json!("https://issuer.invalid")),
        ("a restricted account", "is_restricted", json!(true)),
    ] {
        recorder.ask(what, post(recorder, &stack_token(sub, email, claim, value)?)?).await?;
    }
    let seen = recorder.ask("logged in", post(recorder, &good)?).await?;
    text(&seen.json()["accessToken"])
}

async fn refresh(recorder: &mut Recorder<'_>) -> Result<()> {
    recorder.group("refresh");
    let post = |recorder: &Recorder<'_>| recorder.to("POST", "/auth/refresh");
    let with = |recorder: &Recorder<'_>, token: &str| -> Result<Probe> {
        Ok(post(recorder)?.json(&json!({"refreshToken": token})))
    };
    recorder.ask("no body", post(recorder)?).await?;
    recorder.ask("no token", post(recorder)?.json(&json!({}))).await?;
    recorder.ask("a token that is none", with(recorder, "nonsense")?).await?;
    recorder.ask("an unknown token", with(recorder, &"0".repeat(43))?).await?;
    let probe = raw(post(recorder)?, "application/json", "[1]");
    recorder.ask("a list", probe).await?;
    let probe = raw(post(recorder)?, "application/x-www-form-urlencoded", "refreshToken=1");
    recorder.ask("another content type", probe).await?;
    let first = recorder.ask("refreshed", with(recorder, seed::REFRESH_TOKEN)?).await?;
    let again = recorder.ask("the same again, at once", with(recorder, seed::REFRESH_TOKEN)?).await?;
    let successor = text(&first.json()["refreshToken"])?;
    assert_eq!(successor, text(&again.json()["refreshToken"])?, "one predecessor has one successor");
    recorder.ask("its successor", with(recorder, &successor)?).await?;
    recorder.ask("used long ago: the session ends", with(recorder, seed::REFRESH_TOKEN)?).await?;
    recorder.ask("the session has ended", with(recorder, &successor)?).await?;
    // Ten guesses a minute from one address, and no more.
    let mut last = recorder.ask("the first of many guesses", with(recorder, &"1".repeat(43))?).await?;
    for n in 2..=11 {
        last = recorder.ask_again(&format!("guess {n}"), with(recorder, &"1".repeat(43))?).await?;
    }
    assert_eq!(last.status, 429, "{}", last.text);
    Ok(())
}

async fn sessions(recorder: &mut Recorder<'_>, newcomer: &str) -> Result<()> {
    recorder.group("sessions");
    let demo = demo_token()?;
    strangers(recorder, "me", "GET", "/auth/me", &demo).await?;
    let me = |recorder: &Recorder<'_>, token: &str| -> Result<Probe> {
        Ok(recorder.to("GET", "/auth/me")?.bearer(token))
    };
    recorder.ask("me", me(recorder, &demo)?).await?;
    recorder.ask("me: somebody without documents", me(recorder, newcomer)?).await?;
    recorder.ask("me: unknown session", me(recorder, &session_token(NOBODY)?)?).await?;
    let now = Utc::now().timestamp();
    let claims =
        forge::access_claims(&seed::USER.to_string(), &seed::SESSION.to_string(), now - 901, now - 1);
    recorder.ask("me: expired", me(recorder, &forge::access(&claims)?)?).await?;
    let forged =
        forge::hmac(jsonwebtoken::Algorithm::HS256, Some(forge::KEY_ID), forge::FOREIGN_SECRET, &claims)?;
    recorder.ask("me: forged", me(recorder, &forged)?).await?;
    recorder.ask("me: the service key", me(recorder, local::SERVICE_INTERNAL_KEY)?).await?;

    strangers(recorder, "logout", "POST", "/auth/logout", &demo).await?;
    let ending = session_token(&seed::SESSION_TO_END.to_string())?;
    let logout = |recorder: &Recorder<'_>| -> Result<Probe> {
        Ok(recorder.to("POST", "/auth/logout")?.bearer(&ending))
    };
    recorder.ask("logout", logout(recorder)?).await?;
    recorder.ask("logout again", logout(recorder)?).await?;
    recorder.ask("me: logged out", me(recorder, &ending)?).await?;
    Ok(())
}

async fn profile(recorder: &mut Recorder<'_>, newcomer: &str) -> Result<()> {
    recorder.group("profile");
    let demo = demo_token()?;
    strangers(recorder, "profile", "GET", "/profile", &demo).await?;
    strangers(recorder, "changing it", "PUT", "/profile", &demo).await?;
    let request = |recorder: &Recorder<'_>, method: &str, token: &str| -> Result<Probe> {
        Ok(recorder.to(method, "/profile")?.bearer(token))
    };
    recorder.ask("profile", request(recorder, "GET", &demo)?).await?;
    recorder.ask("profile: the newcomer's", request(recorder, "GET", newcomer)?).await?;
    for (what, body) in [
        ("malformed values", json!({"fullName": "", "phone": "0812"})),
        ("a name that is too long", json!({"fullName": "a".repeat(300), "phone": null})),
        ("values of other types", json!({"fullName": {}, "phone": 62})),
        ("nothing", json!({})),
        ("a name and a phone", json!({"fullName": "Demo Pengguna", "phone": "+6281200000001"})),
    ] {
        recorder.ask(what, request(recorder, "PUT", &demo)?.json(&body)).await?;
    }
    let probe = raw(request(recorder, "PUT", &demo)?, "application/json", "{");
    recorder.ask("malformed JSON", probe).await?;
    let probe = raw(request(recorder, "PUT", &demo)?, "text/plain", "{}");
    recorder.ask("another content type", probe).await?;
    let probe = raw(request(recorder, "PUT", &demo)?, "application/json", " ".repeat(TOO_LARGE));
    recorder.ask("a body that is too large", probe).await?;
    recorder.ask("no body", request(recorder, "PUT", &demo)?).await?;
    recorder.ask("profile as changed", request(recorder, "GET", &demo)?).await?;
    Ok(())
}
