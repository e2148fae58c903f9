//! The test servers keep their own promises.

use filot_testkit::Postgres;

#[tokio::test]
async fn every_database_is_its_own_and_goes_with_its_handle() {
    let server = Postgres::shared().await.unwrap();
    let (one, two) = (server.database().await.unwrap(), server.database().await.unwrap());
    one.owner().await.unwrap().batch_execute("CREATE TABLE here (id int)").await.unwrap();
    assert!(two.owner().await.unwrap().batch_execute("SELECT FROM here").await.is_err());
    let superuser = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user";
    for client in [one.owner().await.unwrap(), one.app().await.unwrap()] {
        assert!(!client.query_one(superuser, &[]).await.unwrap().get::<_, bool>(0));
    }
    let gone = one.name().to_owned();
    drop(one);
    let left = "SELECT count(*) FROM pg_database WHERE datname = $1";
    let left: i64 = two.owner().await.unwrap().query_one(left, &[&gone]).await.unwrap().get(0);
    assert_eq!(left, 0);
}

#[tokio::test]
async fn what_was_committed_survives_a_crash_of_the_server() {
    let server = Postgres::start_own().await.unwrap();
    let database = server.database().await.unwrap();
    database.owner().await.unwrap().batch_execute("CREATE TABLE kept AS SELECT 1 AS id").await.unwrap();
    let own = std::sync::Arc::clone(&server);
    tokio::task::spawn_blocking(move || own.stop()).await.unwrap().unwrap();
    assert!(database.owner().await.is_err());
    tokio::task::spawn_blocking(move || server.resume()).await.unwrap().unwrap();
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    let client = loop {
        // It listens before it has recovered.
        match database.owner().await {
            Ok(client) => break client,
            Err(error) => assert!(std::time::Instant::now() < deadline, "it does not recover: {error}"),
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    };
    let kept: i64 = client.query_one("SELECT count(*) FROM kept", &[]).await.unwrap().get(0);
    assert_eq!(kept, 1);
}
