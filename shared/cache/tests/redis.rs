//! Against a real Redis, there, away and back.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::{Duration, Instant};

use filot_cache::{Cache, CacheConfig, CacheError, Timeouts, WorkerKind};
use filot_testkit::Redis;
use futures::StreamExt;

fn cache(redis: &Redis) -> Cache {
    let timeouts = Timeouts::default();
    Cache::new(CacheConfig { url: redis.url(), password: None, prefix: "filot:test".to_owned(), timeouts })
        .unwrap()
}

#[tokio::test]
async fn results_reach_who_listens() {
    let redis = Redis::start().unwrap();
    let mut listener = redis::Client::open(redis.url()).unwrap().get_async_pubsub().await.unwrap();
    listener.subscribe("filot:test:results").await.unwrap();
    cache(&redis).publish("results", &serde_json::json!({"documentId": "d"})).await.unwrap();
    let message = listener.on_message().next().await.expect("a message");
    assert_eq!(message.get_payload::<String>().unwrap(), r#"{"documentId":"d"}"#);
}

#[tokio::test]
async fn a_worker_lives_until_its_beat_runs_out() {
    let redis = Redis::start().unwrap();
    let cache = cache(&redis);
    assert!(!cache.is_alive(WorkerKind::Gpu).await.unwrap());
    cache.beat(WorkerKind::Gpu, "worker-1", Duration::from_secs(60)).await.unwrap();
    assert!(cache.is_alive(WorkerKind::Gpu).await.unwrap());
    assert!(!cache.is_alive(WorkerKind::Cpu).await.unwrap(), "a GPU's beat counted for a CPU");
    let mut connection =
        redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let ttl_s: i64 =
        redis::cmd("TTL").arg("filot:test:workers:gpu").query_async(&mut connection).await.unwrap();
    assert!((1..=60).contains(&ttl_s), "{ttl_s}");
}

#[tokio::test]
async fn a_server_that_is_away_costs_an_error_and_no_wait_and_may_come_back() {
    let mut redis = Redis::start().unwrap();
    let cache = cache(&redis);
    cache.ping().await.unwrap();
    redis.stop();
    for _ in 0..3 {
        let asked = Instant::now();
        let error = cache.ping().await.unwrap_err();
        assert!(matches!(error, CacheError::Unavailable(_)), "{error:?}");
        assert!(asked.elapsed() < Duration::from_secs(2), "waited {:?}", asked.elapsed());
    }
    redis.resume().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while let Err(error) = cache.ping().await {
        assert!(Instant::now() < deadline, "does not come back: {error}");
    }
}

#[tokio::test]
async fn a_server_that_never_was_costs_an_error_and_no_wait() {
    let mut redis = Redis::start().unwrap();
    redis.stop();
    let asked = Instant::now();
    cache(&redis).ping().await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_secs(2), "waited {:?}", asked.elapsed());
}

/// A server that takes connections and says nothing.
#[tokio::test]
async fn inv_8_many_callers_of_a_server_that_says_nothing_wait_side_by_side() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let timeouts = Timeouts::default();
    let cache = Cache::new(CacheConfig {
        url: format!("redis://{}", silent.local_addr().unwrap()),
        password: Some("secret".to_owned()),
        prefix: "filot:test".to_owned(),
        timeouts,
    })
    .unwrap();
    let asked = Instant::now();
    let answers = futures::future::join_all((0..64).map(|_| cache.ping())).await;
    assert!(answers.iter().all(Result::is_err));
    assert!(asked.elapsed() < Duration::from_secs(2), "waited {:?}", asked.elapsed());
}

/// Shows that a TLS connection is tried with our provider, and that what is not TLS is refused.
#[tokio::test]
async fn tls_that_is_none_costs_an_error_and_no_wait() {
    let redis = Redis::start().unwrap();
    let cache = Cache::new(CacheConfig {
        url: redis.url().replace("redis://", "rediss://"),
        password: None,
        prefix: "filot:test".to_owned(),
        timeouts: Timeouts::default(),
    })
    .unwrap();
    let asked = Instant::now();
    cache.ping().await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_secs(2), "waited {:?}", asked.elapsed());
}

#[test]
fn inv_7_the_password_is_not_shown() {
    let url = "rediss://default:hunter2-secret@host.example:6379".to_owned();
    let config = CacheConfig {
        url,
        password: Some("other-secret".to_owned()),
        prefix: "p".to_owned(),
        timeouts: Timeouts::default(),
    };
    assert!(!format!("{config:?}").contains("secret"));
    let cache = Cache::new(config).unwrap();
    assert!(!format!("{cache:?}").contains("secret"));
    let no_url = CacheConfig {
        url: "http://x".to_owned(),
        password: None,
        prefix: "p".to_owned(),
        timeouts: Timeouts::default(),
    };
    assert!(matches!(Cache::new(no_url), Err(CacheError::Url)));
}
