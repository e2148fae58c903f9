//! The reader pool against real processes that misbehave: INV-8, and "a child that dies or hangs costs one document's
//! attempt, not its neighbours'".

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod support;

use std::time::{Duration, Instant};

use bytes::Bytes;
use filot_domain::ReasonCode;
use filot_reader::pool::{PoolConfig, PoolError};
use filot_reader::process::Death;
use support::{config, read, start};

fn pid_in(text: &str) -> i32 {
    text.rsplit(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_reader_answers_again_and_again() {
    let (pool, _supervisors, _draining) = start(config(1, &[]));
    assert_eq!(pool.first_reader().await.unwrap().engine, "double");
    let first = read(&pool, "read").await.unwrap();
    let second = read(&pool, "chatter").await.unwrap();
    assert!(first.starts_with("read asked 1 claimed Some(Ktp)"), "{first}");
    assert!(second.starts_with("chatter asked 2"), "{second}");
    assert_eq!(pid_in(&first), pid_in(&second));
    assert_eq!((pool.alive(), pool.busy()), (1, 0));
}

#[tokio::test]
async fn a_file_that_cannot_be_read_does_not_end_the_reader() {
    let (pool, _supervisors, _draining) = start(config(1, &[]));
    let error = read(&pool, "unreadable").await.unwrap_err();
    assert!(matches!(error, PoolError::Unreadable(why) if why.reason == ReasonCode::FileUnreadable));
    assert!(read(&pool, "read").await.unwrap().contains("asked 2"));
}

#[tokio::test]
async fn inv_8_a_reader_that_fails_costs_one_file() {
    let (pool, _supervisors, _draining) = start(config(1, &[]));
    for (command, death) in [
        ("abort", Death::Crashed),
        ("panic", Death::Crashed),
        ("garbage", Death::Crashed),
        ("wrong-job", Death::Crashed),
        ("memory", Death::OutOfMemory),
    ] {
        assert_eq!(read(&pool, command).await, Err(PoolError::Died(death)), "{command}");
        assert!(read(&pool, "read").await.unwrap().contains("asked 1 "), "after {command}");
    }
}

#[tokio::test]
async fn inv_8_a_reader_that_hangs_is_ended_at_its_deadline() {
    let (pool, _supervisors, _draining) =
        start(PoolConfig { read_limit: Duration::from_millis(700), ..config(2, &[]) });
    pool.first_reader().await.unwrap();
    let began = Instant::now();
    let (hung, neighbour) = tokio::join!(read(&pool, "hang"), read(&pool, "read"));
    assert_eq!(hung, Err(PoolError::Died(Death::OutOfTime)));
    assert!(began.elapsed() < Duration::from_secs(10));
    assert!(neighbour.is_ok());
}

#[tokio::test]
async fn a_reader_killed_from_outside_costs_its_file_alone() {
    let (pool, _supervisors, _draining) = start(config(2, &[]));
    let pid = pid_in(&read(&pool, "read").await.unwrap());
    let hang = tokio::spawn({
        let pool = pool.clone();
        async move { tokio::join!(read(&pool, "hang"), read(&pool, "hang")) }
    });
    while pool.busy() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    // The other one goes on hanging; the killed one is replaced and reads.
    assert!(read(&pool, "read").await.is_ok());
    hang.abort();
}

#[tokio::test]
async fn an_idle_reader_that_is_killed_is_replaced() {
    let (pool, _supervisors, _draining) = start(config(1, &[]));
    let pid = pid_in(&read(&pool, "read").await.unwrap());
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).unwrap();
    while pool.alive() > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_ne!(pid_in(&read(&pool, "read").await.unwrap()), pid);
}

#[tokio::test]
async fn work_that_nobody_waits_for_any_more_is_ended() {
    let (pool, _supervisors, _draining) = start(config(1, &[]));
    pool.first_reader().await.unwrap();
    let given_up = tokio::time::timeout(Duration::from_millis(300), read(&pool, "hang")).await;
    assert!(given_up.is_err());
    assert!(read(&pool, "read").await.unwrap().contains("asked 1 "), "a new reader");
}

#[tokio::test]
async fn a_reader_is_replaced_after_its_share_without_a_failure() {
    let (pool, _supervisors, _draining) = start(PoolConfig { files_per_reader_max: 2, ..config(1, &[]) });
    let mut pids = Vec::new();
    for _ in 0..4 {
        pids.push(pid_in(&read(&pool, "read").await.unwrap()));
    }
    assert_eq!((pids[0] == pids[1], pids[1] == pids[2], pids[2] == pids[3]), (true, false, true));
}

#[tokio::test]
async fn while_draining_waiting_files_are_refused() {
    let (pool, supervisors, draining) =
        start(PoolConfig { read_limit: Duration::from_millis(800), ..config(1, &[]) });
    pool.first_reader().await.unwrap();
    let running = tokio::spawn({
        let pool = pool.clone();
        async move { read(&pool, "hang").await }
    });
    while pool.busy() < 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let waiting = tokio::spawn({
        let pool = pool.clone();
        async move { read(&pool, "read").await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    draining.cancel();
    assert_eq!(running.await.unwrap(), Err(PoolError::Died(Death::OutOfTime)), "ran to its deadline");
    assert_eq!(waiting.await.unwrap(), Err(PoolError::Refused));
    tokio::time::timeout(Duration::from_secs(10), supervisors.ended()).await.unwrap();
    assert_eq!(read(&pool, "read").await, Err(PoolError::Refused));
}

#[tokio::test]
async fn a_pool_whose_readers_cannot_work_says_so_and_refuses() {
    let (pool, _supervisors, _draining) =
        start(PoolConfig { wait_limit: Duration::from_millis(300), ..config(1, &["unable"]) });
    assert!(pool.first_reader().await.unwrap_err().contains("no models here"));
    assert_eq!(read(&pool, "read").await, Err(PoolError::Refused));
    assert_eq!(pool.alive(), 0);
    let (pool, _supervisors, _draining) = start(config(1, &["exit"]));
    assert!(pool.first_reader().await.is_err());
}

#[tokio::test]
async fn a_file_beyond_the_bound_of_a_frame_is_never_sent() {
    let (pool, _supervisors, _draining) = start(config(1, &[]));
    let file = Bytes::from(vec![0; filot_reader::protocol::BODY_BYTES_MAX + 1]);
    assert!(pool.read(file, None).await.is_err());
    assert!(read(&pool, "read").await.is_ok());
}
