//! Rate limits on the running stack: each limit at its edge, who is counted, and what happens without Redis.

use filot_e2e::client::probe::{Probe, Seen};
use filot_e2e::stack::redis_wire;
use filot_e2e::stack::world::World;
use filot_e2e::{Result, Stack};
use filot_platform::local;
use serde_json::json;

/// Every limit, and the ways in which a caller might try to avoid it.
pub async fn hold(stack: &mut Stack, http: &reqwest::Client, world: &World) -> Result<()> {
    redis_wire::command(&stack.redis.url(), &["FLUSHALL"]).await?;
    let base = stack.api.base().to_owned();
    let user = &world.stranger.access;
    let me = || Ok(Probe::new("GET", format!("{base}/auth/me"))?.from_a_new_address().bearer(user));
    per_user(http, me).await?;
    per_address(http, &base).await?;
    internal(stack, http, world).await?;

    // Without Redis: refused callers pass, no answer has limit headers, and a metric reports it.
    stack.redis.stop();
    for _ in 0..3 {
        let seen = me()?.send(http).await?;
        assert_eq!(seen.status, 200, "Redis is away, requests pass: {}", seen.text);
        assert_eq!(seen.header("ratelimit-limit"), "", "nothing was counted");
    }
    let log = std::fs::read_to_string(stack.logs().join("auth-me.log"))?;
    assert!(log.contains("redis.unavailable"), "no metric says that Redis is away");
    Ok(())
}

/// 60 a minute for a user, over all addresses.
async fn per_user(http: &reqwest::Client, me: impl Fn() -> Result<Probe>) -> Result<()> {
    for n in 1..=60_u32 {
        let seen = me()?.send(http).await?;
        assert_eq!(seen.status, 200, "call {n} of 60: {}", seen.text);
        assert_eq!(seen.header("ratelimit-limit"), "60");
        assert_eq!(seen.header("ratelimit-remaining"), (60 - n).to_string(), "after call {n}");
    }
    assert_refused(&me()?.send(http).await?, "60");
    Ok(())
}

/// 10 a minute for an address on the auth routes; the address in the header counts only with the origin secret.
async fn per_address(http: &reqwest::Client, base: &str) -> Result<()> {
    let guess = |url: &str| -> Result<Probe> {
        Ok(Probe::new("POST", url)?.json(&json!({"refreshToken": "0".repeat(43)})))
    };
    let refresh = format!("{base}/auth/refresh");
    let from = |address: &str| -> Result<Probe> {
        Ok(guess(&refresh)?
            .header("cf-connecting-ip", address)
            .header("x-origin-secret", local::ORIGIN_SECRET))
    };
    for n in 1..=10 {
        assert_eq!(from("203.0.113.1")?.send(http).await?.status, 401, "guess {n} of 10");
    }
    assert_refused(&from("203.0.113.1")?.send(http).await?, "10");
    assert_eq!(from("203.0.113.2")?.send(http).await?.status, 401, "another address has its own count");

    // Without the origin secret the address in the header is ignored.
    let login = format!("{base}/auth/login");
    for n in 1..=11_u32 {
        let mut probe = guess(&login)?.header("cf-connecting-ip", format!("203.0.113.{}", 100 + n));
        if n % 2 == 0 {
            probe = probe.header("x-origin-secret", "a-secret-that-the-caller-made-up");
        }
        let seen = probe.send(http).await?;
        if n <= 10 {
            assert_eq!(seen.status, 401, "forged address {n}: {}", seen.text);
        } else {
            assert_refused(&seen, "10");
        }
    }
    Ok(())
}

/// 600 a minute for a service. The counter is set to 598 directly, to save time.
async fn internal(stack: &Stack, http: &reqwest::Client, world: &World) -> Result<()> {
    let review = world.reviews.first().ok_or("there are reviews")?;
    let ask = async || -> Result<Seen> {
        let url = format!("{}/internal/reviews/{}", stack.api.base(), review.id);
        Probe::new("GET", url)?.from_a_new_address().bearer(local::SERVICE_INTERNAL_KEY).send(http).await
    };
    let first = ask().await?;
    assert_eq!((first.status, first.header("ratelimit-limit")), (200, "600"), "{}", first.text);
    let redis = stack.redis.url();
    let keys = redis_wire::command(&redis, &["KEYS", "*limit:internal:service:*"]).await?;
    let key = keys.split("\r\n").find(|line| line.contains("limit:internal")).ok_or("no counter")?;
    redis_wire::command(&redis, &["INCRBY", key, "597"]).await?;
    for left in ["1", "0"] {
        let seen = ask().await?;
        assert_eq!((seen.status, seen.header("ratelimit-remaining")), (200, left), "{}", seen.text);
    }
    assert_refused(&ask().await?, "600");
    Ok(())
}

/// The complete form of a 429.
fn assert_refused(seen: &Seen, limit: &str) {
    assert_eq!((seen.status, seen.code().as_str()), (429, "rate_limited"), "{}", seen.text);
    assert_eq!(seen.faults_as_problem(), Vec::<String>::new());
    assert_eq!((seen.header("ratelimit-limit"), seen.header("ratelimit-remaining")), (limit, "0"));
    for name in ["retry-after", "ratelimit-reset"] {
        let seconds: u32 = seen.header(name).parse().unwrap_or_default();
        assert!((1..=60).contains(&seconds), "{name}: {:?}", seen.header(name));
    }
}
