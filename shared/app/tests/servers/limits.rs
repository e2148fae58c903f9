//! Limits on a real Redis, there and away.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use filot_app::error_code::ErrorCode;
use filot_app::limits::{LimitKey, Quota, RateLimiter};
use filot_cache::{Cache, CacheConfig, Timeouts};
use filot_store::seed;
use filot_testkit::Redis;

use crate::{after, now};

fn limiter(redis: &Redis) -> RateLimiter {
    let config = CacheConfig {
        url: redis.url(),
        password: None,
        prefix: "filot:test".to_owned(),
        timeouts: Timeouts::default(),
    };
    RateLimiter::new(Cache::new(config).unwrap())
}

#[tokio::test]
async fn a_limit_holds_over_all_instances_for_one_caller() {
    let redis = Redis::start().unwrap();
    let instances = [limiter(&redis), limiter(&redis)];
    let user = LimitKey::User(seed::USER);
    let upload = Quota::sensitive("documents-upload");
    for n in 1..=10_u32 {
        let status = instances[n as usize % 2].take(upload, user, now()).await.unwrap();
        assert_eq!((status.limit, status.remaining, status.is_exceeded), (10, 10 - n, false));
        assert!((1..=60).contains(&status.resets_in_s) && status.refusal().is_none());
    }
    let status = instances[0].take(upload, user, now()).await.unwrap();
    assert_eq!((status.remaining, status.is_exceeded), (0, true));
    let refusal = status.refusal().unwrap();
    assert_eq!(refusal.code, ErrorCode::RateLimited);
    assert_eq!(refusal.retry_after_s, Some(status.resets_in_s));

    let address: IpAddr = "203.0.113.7".parse().unwrap();
    for (quota, key) in [
        (upload, LimitKey::Address(Some(address))),
        (Quota::sensitive("auth-login"), user),
        (Quota::PER_CALLER, user),
        (Quota::INTERNAL, LimitKey::Service("a-key")),
    ] {
        let status = instances[1].take(quota, key, now()).await.unwrap();
        assert_eq!((status.limit, status.remaining), (quota.per_minute, quota.per_minute - 1));
    }
}

/// A server that takes connections and says nothing is the worst one: only the first request waits for it.
#[tokio::test]
async fn while_redis_is_away_only_the_first_request_waits() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let config = CacheConfig {
        url: format!("redis://{}", silent.local_addr().unwrap()),
        password: None,
        prefix: "filot:test".to_owned(),
        timeouts: Timeouts::default(),
    };
    let limiter = RateLimiter::new(Cache::new(config).unwrap());
    let take = async |at| limiter.take(Quota::PER_CALLER, LimitKey::User(seed::USER), at).await;
    let asked = Instant::now();
    assert_eq!(take(now()).await, None);
    let first = asked.elapsed();
    assert!(first >= Duration::from_millis(250) && first < Duration::from_secs(2), "{first:?}");
    let asked = Instant::now();
    for _ in 0..100 {
        assert_eq!(take(after(TimeDelta::seconds(4))).await, None);
    }
    assert!(asked.elapsed() < Duration::from_millis(200), "{:?}", asked.elapsed());
    let asked = Instant::now();
    assert_eq!(take(after(TimeDelta::seconds(5))).await, None);
    assert!(asked.elapsed() >= Duration::from_millis(250), "after the pause it is asked again");
}

#[tokio::test]
async fn limits_hold_again_once_redis_is_back() {
    let mut redis = Redis::start().unwrap();
    let limiter = limiter(&redis);
    let user = LimitKey::User(seed::USER);
    assert!(limiter.take(Quota::PER_CALLER, user, now()).await.is_some());
    redis.stop();
    assert_eq!(limiter.take(Quota::PER_CALLER, user, now()).await, None);
    redis.resume().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    let mut at = now();
    loop {
        at += TimeDelta::seconds(5);
        if limiter.take(Quota::PER_CALLER, user, at).await.is_some() {
            break;
        }
        assert!(Instant::now() < deadline, "does not come back");
    }
}
