//! Against a real Redis, there, away and back.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use std::time::{Duration, Instant};

use filot_cache::{Cache, CacheConfig, CacheError, Timeouts};
use filot_domain::retry::QueueKind;
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
    assert!(!cache.has_worker(QueueKind::Gpu).await.unwrap());
    cache.record_heartbeat(QueueKind::Gpu, "worker-1", Duration::from_secs(60)).await.unwrap();
    assert!(cache.has_worker(QueueKind::Gpu).await.unwrap());
    assert!(!cache.has_worker(QueueKind::Cpu).await.unwrap(), "a GPU's beat counted for a CPU");
    let mut connection =
        redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let ttl_s: i64 =
        redis::cmd("TTL").arg("filot:test:workers:gpu").query_async(&mut connection).await.unwrap();
    assert!((1..=60).contains(&ttl_s), "{ttl_s}");
}

#[tokio::test]
async fn a_server_away_costs_an_error_and_no_wait() {
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
async fn inv_8_callers_of_a_silent_server_wait_side_by_side() {
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

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn a_counter_counts_everybody_once_and_always_ends() {
    let redis = Redis::start().unwrap();
    let (one, other) = (cache(&redis), cache(&redis));
    let all = futures::future::join_all((0..50).map(|n| {
        let from = if n % 2 == 0 { &one } else { &other };
        from.count("limit:test", MINUTE)
    }))
    .await;
    let mut counts: Vec<u64> = all.into_iter().map(|count| count.unwrap().count).collect();
    counts.sort_unstable();
    assert_eq!(counts, (1..=50).collect::<Vec<u64>>());
    assert_eq!(one.count("limit:another", MINUTE).await.unwrap().count, 1);

    let mut connection =
        redis::Client::open(redis.url()).unwrap().get_multiplexed_async_connection().await.unwrap();
    let key = "filot:test:limit:test";
    let ttl_ms: i64 = redis::cmd("PTTL").arg(key).query_async(&mut connection).await.unwrap();
    assert!((1..=60_000).contains(&ttl_ms), "{ttl_ms}");
    // However it came to have no end: the next who counts gives it one.
    redis::cmd("PERSIST").arg(key).exec_async(&mut connection).await.unwrap();
    let count = one.count("limit:test", MINUTE).await.unwrap();
    assert_eq!((count.count, count.ends_in), (51, MINUTE));
    let ttl_ms: i64 = redis::cmd("PTTL").arg(key).query_async(&mut connection).await.unwrap();
    assert!((1..=60_000).contains(&ttl_ms), "{ttl_ms}");
}

/// The window begins with the first that is counted and is not pushed along by those that follow.
#[tokio::test]
async fn a_window_ends_whatever_is_counted_in_it() {
    let redis = Redis::start().unwrap();
    let cache = cache(&redis);
    let window = Duration::from_millis(400);
    let begun = Instant::now();
    let mut highest = 0;
    loop {
        let count = cache.count("limit:test", window).await.unwrap();
        assert!(count.ends_in <= window);
        if count.count <= highest {
            break;
        }
        highest = count.count;
        assert!(begun.elapsed() < Duration::from_secs(5), "the window never ends");
    }
    assert!(begun.elapsed() >= window, "ended after {:?}", begun.elapsed());
}

#[tokio::test]
async fn counting_without_a_server_costs_an_error_and_no_wait() {
    let mut redis = Redis::start().unwrap();
    redis.stop();
    let asked = Instant::now();
    cache(&redis).count("limit:test", MINUTE).await.unwrap_err();
    assert!(asked.elapsed() < Duration::from_secs(2), "waited {:?}", asked.elapsed());
}
