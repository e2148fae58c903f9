//! The database's own rules: the same table of edges as the domain's, the trigger, the rights of the roles.

use std::collections::BTreeSet;

use filot_domain::lifecycle::{DispatchState, DocumentStatus, EdgeRow, ReviewStatus, VerificationStatus};
use filot_domain::{Decision, DocumentId};
use filot_store::{Store, StoreConfig, StoreError};
use futures::future::join_all;
use strum::IntoEnumIterator;

use crate::fixture::{NIK, World, config};

#[tokio::test]
async fn inv_2_the_database_holds_the_edges_of_the_domain() {
    let world = World::new().await;
    let client = world.owner().await;
    let tables: [(&str, &[EdgeRow]); 4] = [
        ("document_edges", DocumentStatus::EDGES),
        ("verification_edges", VerificationStatus::EDGES),
        ("review_edges", ReviewStatus::EDGES),
        ("dispatch_edges", DispatchState::EDGES),
    ];
    for (table, edges) in tables {
        let rows =
            client.query(&format!("SELECT event, from_status, to_status FROM {table}"), &[]).await.unwrap();
        let stored: BTreeSet<[String; 3]> =
            rows.iter().map(|row| [row.get(0), row.get(1), row.get(2)]).collect();
        let known: BTreeSet<[String; 3]> =
            edges.iter().map(|edge| [edge.event.into(), edge.from.into(), edge.to.into()]).collect();
        assert_eq!(stored, known, "{table}");
    }
}

#[tokio::test]
async fn the_pairs_of_states_a_row_may_hold_are_those_of_the_domain() {
    let world = World::new().await;
    let client = world.owner().await;
    let sql =
        "SELECT pg_get_expr(conbin, conrelid) FROM pg_constraint WHERE conname = 'documents_status_pair'";
    let check: String = client.query_one(sql, &[]).await.unwrap().get(0);
    for status in DocumentStatus::iter() {
        for verification in VerificationStatus::iter() {
            let sql = format!(
                "SELECT {check} FROM (VALUES ('{status}'::text, '{verification}'::text)) \
                 AS documents (status, verification_status)"
            );
            let allowed: bool = client.query_one(&sql, &[]).await.unwrap().get(0);
            assert_eq!(allowed, status.may_be(verification), "{status} {verification}");
        }
    }
}

async fn refused(client: &tokio_postgres::Client, sql: &str) -> String {
    match client.batch_execute(sql).await {
        Ok(()) => panic!("allowed: {sql}"),
        Err(error) => {
            let db = error.as_db_error().unwrap();
            db.constraint().map_or_else(|| db.code().code().to_owned(), str::to_owned)
        }
    }
}

#[tokio::test]
async fn inv_2_the_trigger_refuses_every_unknown_edge() {
    let world = World::new().await;
    let caller = world.user().await;
    let start = world.uploaded(&caller).await;
    let app = world.db.app().await.unwrap();
    for to in DocumentStatus::iter() {
        for event in DocumentStatus::EDGES.iter().map(|edge| edge.event).collect::<BTreeSet<_>>() {
            if DocumentStatus::Uploaded.allows(event, to) {
                continue;
            }
            let sql = format!(
                "UPDATE documents SET status = '{to}', last_event = '{event}', version = version + 1, \
                 next_enqueue_at = CASE WHEN '{to}' IN ('receiving', 'uploaded', 'processing', 'ocr_completed') \
                   OR '{to}' = 'erased' THEN now() END, \
                 verification_status = CASE WHEN '{to}' IN ('completed', 'ai_evaluated') THEN 'auto_approved' \
                   ELSE 'pending' END, \
                 ai_score = 90, ai_decision = 'auto_approve', result = '\\x01', ocr_text = '\\x01', read_at = now(), \
                 reasons = '{{worker_lost}}', \
                 processed_at = CASE WHEN '{to}' IN ('completed', 'failed') THEN now() END \
                 WHERE id = '{start}'"
            );
            let why = refused(&app, &sql).await;
            let erased = to == DocumentStatus::Erased;
            assert!(
                why == "documents_step_edge" || (erased && why == "documents_erased_is_empty"),
                "{event} {why}"
            );
        }
    }
}

#[tokio::test]
async fn inv_2_nothing_changes_a_document_without_an_event() {
    let world = World::new().await;
    let id = world.uploaded(&world.user().await).await;
    let app = world.db.app().await.unwrap();
    let on = |set: &str| format!("UPDATE documents SET {set} WHERE id = '{id}'");
    for (set, why) in [
        ("attempts = attempts + 1", "documents_step_silent"),
        ("lease_epoch = lease_epoch + 1", "documents_step_silent"),
        ("last_actor = 'somebody else'", "documents_step_silent"),
        ("reasons = '{glare}'", "documents_step_silent"),
        ("version = version + 2", "documents_step_version"),
        ("object_key = 'elsewhere'", "documents_step_immutable"),
        ("content_sha256 = decode(repeat('00', 32), 'hex')", "documents_step_immutable"),
        ("next_enqueue_at = NULL", "documents_waiting_is_watched"),
        (
            "status = 'processing', last_event = 'claimed', version = version + 1, attempts = 1",
            "documents_step_attempts",
        ),
        ("status = 'processing', last_event = 'claimed', version = version + 1", "documents_step_epoch"),
    ] {
        assert_eq!(refused(&app, &on(set)).await, why, "{set}");
    }
    let forged = format!(
        "INSERT INTO documents SELECT (jsonb_populate_record(d, '{{\"id\": \"{}\", \"object_key\": \"x\"}}')).* \
         FROM documents d WHERE id = '{id}'",
        DocumentId::from_uuid(uuid::Uuid::now_v7())
    );
    assert_eq!(refused(&app, &forged).await, "documents_step_creation");
}

#[tokio::test]
async fn inv_2_nobody_writes_events_but_the_trigger() {
    let world = World::new().await;
    let id = world.uploaded(&world.user().await).await;
    let app = world.db.app().await.unwrap();
    let owner = world.owner().await;
    let denied = "42501";
    let insert = format!(
        "INSERT INTO document_events SELECT document_id, 99, event, from_status, to_status, verification_from, \
         verification_to, attempts, lease_epoch, actor, correlation_id, reason, at FROM document_events \
         WHERE document_id = '{id}' AND version = 1"
    );
    for sql in [
        insert.as_str(),
        "UPDATE document_events SET event = 'decided'",
        "DELETE FROM document_events",
        "TRUNCATE document_events",
        "DELETE FROM documents",
        "ALTER TABLE documents DISABLE TRIGGER documents_step",
        "ALTER TABLE documents ADD COLUMN extra text",
        "CREATE TABLE mine (id int)",
        "DROP TABLE breakers",
        "INSERT INTO document_edges VALUES ('shortcut', 'uploaded', 'completed')",
        "UPDATE verification_results SET score = 100",
        "SET session_replication_role = replica",
        "SELECT * FROM refinery_schema_history",
    ] {
        assert_eq!(refused(&app, sql).await, denied, "{sql}");
    }
    for sql in [
        "UPDATE document_events SET event = 'decided'",
        "DELETE FROM document_events",
        "DELETE FROM document_events_before",
        "TRUNCATE document_events_before",
        "TRUNCATE document_events_default",
        "DELETE FROM documents",
    ] {
        assert_eq!(refused(&owner, sql).await, denied, "the owner: {sql}");
    }
}

#[tokio::test]
async fn inv_5_the_database_refuses_a_wait_without_a_review() {
    let world = World::new().await;
    let document = world.read(&world.user().await, NIK).await;
    let app = world.db.app().await.unwrap();
    let scored = |verification: &str| {
        format!(
            "UPDATE documents SET status = 'ai_evaluated', verification_status = '{verification}', \
             version = version + 1, last_event = 'scored', ai_score = 90, ai_decision = 'needs_review', \
             next_enqueue_at = NULL WHERE id = '{document}'"
        )
    };
    assert_eq!(refused(&app, &scored("pending_manual_review")).await, "documents_review_exists");
    // INV-4 likewise.
    assert_eq!(refused(&app, &scored("auto_approved")).await, "documents_approval_holds_identity");
}

#[tokio::test]
async fn review_edges_are_guarded_too() {
    let world = World::new().await;
    let decided = world.decided(&world.user().await, NIK, Decision::NeedsReview).await;
    let app = world.db.app().await.unwrap();
    let on =
        |set: &str| format!("UPDATE manual_reviews SET {set} WHERE document_id = '{}'", decided.document);
    let reject = "status = 'rejected', decision = 'rejected', decided_at = now(), dispatch_state = 'withdrawn', \
                  next_dispatch_at = NULL";
    for (set, why) in [
        ("dispatch_state = 'withdrawn', next_dispatch_at = NULL", "manual_reviews_pending_is_dispatched"),
        (
            "status = 'approved', decision = 'approved', decided_at = now()",
            "manual_reviews_decided_is_settled",
        ),
        (
            "dispatch_state = 'refused', next_dispatch_at = NULL, dispatch_error = 'x'",
            "manual_reviews_step_dispatch_edge",
        ),
        ("dispatch_state = 'acknowledged', next_dispatch_at = NULL", "manual_reviews_acknowledged_pair"),
    ] {
        assert_eq!(refused(&app, &on(set)).await, why, "{set}");
    }
    app.batch_execute(&on(reject)).await.unwrap();
    let approve = on("status = 'approved', decision = 'approved'");
    assert_eq!(refused(&app, &approve).await, "manual_reviews_step_edge");
}

#[tokio::test]
async fn migrations_may_run_twice_and_at_once() {
    let db = filot_testkit::Postgres::shared().await.unwrap().database().await.unwrap();
    let url = db.owner_url();
    let runs = join_all((0..4).map(|_| Store::migrate(&url))).await;
    let reports: Vec<_> = runs.into_iter().map(Result::unwrap).collect();
    assert_eq!(reports.iter().filter(|report| !report.applied.is_empty()).count(), 1);
    assert!(Store::migrate(&url).await.unwrap().applied.is_empty());
    assert!(reports.iter().all(|report| report.version >= 1));
}

#[tokio::test]
async fn a_store_connects_on_first_use_and_hides_its_url() {
    let lost = Store::connect(config("postgres://someone:hunter2@127.0.0.1:1/none".to_owned())).unwrap();
    let error = lost.ping().await.unwrap_err();
    assert!(error.is_transient() && matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let broken =
        StoreConfig { url: "postgres://someone:hunter2@127.0.0.1:none/".to_owned(), ..config(String::new()) };
    let broken = Store::connect(broken).unwrap_err();
    assert!(!format!("{error} {error:?} {broken} {broken:?} {lost:?}").contains("hunter2"));
    World::new().await.store.ping().await.unwrap();
}

#[tokio::test]
async fn a_url_that_asks_for_tls_gets_tls_or_nothing() {
    let world = World::new().await;
    for mode in ["require", "verify-full"] {
        // The test server speaks no TLS: a connection would have to be in the clear.
        let url = format!("{}?sslmode={mode}", world.db.app_url());
        let error = Store::connect(config(url.clone())).unwrap().ping().await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
        assert!(Store::migrate(&url).await.is_err());
    }
}

#[tokio::test]
async fn events_lie_in_the_month_of_their_document() {
    let world = World::new().await;
    let owner = world.owner().await;
    let document = world.uploaded(&world.user().await).await;
    let partitions = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'document_events'::regclass";
    let before: i64 = owner.query_one(partitions, &[]).await.unwrap().get(0);
    assert!(before > 20, "{before}");
    assert!(Store::migrate(&world.db.owner_url()).await.unwrap().applied.is_empty());
    assert_eq!(owner.query_one(partitions, &[]).await.unwrap().get::<_, i64>(0), before, "made once");

    // Of each document all events lie together, whenever they happen; none needs the default.
    let placed = "SELECT count(DISTINCT tableoid), bool_or(tableoid = 'document_events_default'::regclass) \
                  FROM document_events WHERE document_id = $1";
    let row = owner.query_one(placed, &[&document.as_uuid()]).await.unwrap();
    assert_eq!((row.get(0), row.get(1)), (1_i64, false));

    // The months have no gap between them: a document of any time to come has its events.
    let bounds = "SELECT pg_get_expr(relpartbound, oid) FROM pg_class \
                  WHERE relname LIKE 'document_events_2%' AND relkind = 'r' ORDER BY relname";
    let bounds: Vec<String> = owner.query(bounds, &[]).await.unwrap().iter().map(|row| row.get(0)).collect();
    for pair in bounds.windows(2) {
        let (_, end) = pair[0].split_once(" TO ").unwrap();
        let (begin, _) = pair[1].split_once(" TO ").unwrap();
        assert_eq!(format!("FOR VALUES FROM {end}"), begin);
    }
}
