//! What each role of the functions may not do, tried as that role.

use std::collections::BTreeMap;

use filot_domain::review::ReviewDecision;
use filot_domain::{Decision, DocumentId};
use filot_store::{Callback, CallbackOutcome, Store, UserVerification};
use filot_testkit::postgres::GROUPS;
use tokio_postgres::Client;

use crate::fixture::{NIK, World, config, evaluation, ktp, origin};

const DENIED: &str = "42501";

/// The name of what refuses a statement: a constraint, or the code of the error.
async fn refusal(client: &Client, sql: &str) -> Option<String> {
    let error = client.batch_execute(sql).await.err()?;
    let error = error.as_db_error().unwrap();
    Some(error.constraint().map_or_else(|| error.code().code().to_owned(), str::to_owned))
}

async fn refused(client: &Client, sql: &str) -> String {
    refusal(client, sql).await.unwrap_or_else(|| panic!("allowed: {sql}"))
}

/// What a human's approval is in the two rows.
fn approved_review(document: DocumentId) -> String {
    format!(
        "UPDATE manual_reviews SET status = 'approved', decision = 'approved', decided_at = now(), \
           dispatch_state = 'acknowledged', buli2_task_id = 'forged', acknowledged_at = now(), next_dispatch_at = NULL \
         WHERE document_id = '{document}'"
    )
}

fn approved_document(document: DocumentId) -> String {
    format!(
        "UPDATE documents SET status = 'completed', verification_status = 'manually_approved', \
           version = version + 1, last_event = 'decided', last_actor = 'reviewer', processed_at = now(), \
           updated_at = now() WHERE id = '{document}'"
    )
}

/// The identities that a human's approval takes.
fn claims(document: DocumentId) -> String {
    format!(
        "INSERT INTO identity_claims SELECT i.kind, i.number_hash, d.user_id, d.id, now() \
         FROM document_identities i JOIN documents d ON d.id = i.document_id WHERE d.id = '{document}'"
    )
}

#[tokio::test]
async fn inv_2_only_the_callbacks_role_decides_for_a_human() {
    let world = World::new().await;
    let document = world.decided(&world.user().await, NIK, Decision::NeedsReview).await.document;
    let both = format!(
        "BEGIN; {}; {}; {}; COMMIT",
        claims(document),
        approved_review(document),
        approved_document(document)
    );
    for group in GROUPS.into_iter().filter(|group| *group != "filot_reviews") {
        let client = world.db.group(group).await.unwrap();
        let why = refused(&client, &both).await;
        assert!([DENIED, "manual_reviews_step_writer"].contains(&why.as_str()), "{group}: {why}");
        client.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(refused(&client, &approved_document(document)).await, "documents_step_writer", "{group}");
    }
    let reviews = world.db.group("filot_reviews").await.unwrap();
    reviews.batch_execute(&both).await.unwrap();
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn inv_2_a_human_decision_stands_on_its_review() {
    let world = World::new().await;
    let (one, two) = (world.user().await, world.user().await);
    let document = world.decided(&one, NIK, Decision::NeedsReview).await.document;
    let other = world.decided(&two, "3174015708950009", Decision::NeedsReview).await.document;
    let reviews = world.db.group("filot_reviews").await.unwrap();
    reviews.batch_execute(&claims(document)).await.unwrap();
    let undecided = refused(&reviews, &approved_document(document)).await;
    assert_eq!(undecided, "documents_decision_is_reviewed");
    // Another document's approval, and this one's rejection, decide nothing.
    reviews.batch_execute(&approved_review(other)).await.unwrap();
    assert_eq!(refused(&reviews, &approved_document(document)).await, "documents_decision_is_reviewed");
    let rejected = approved_review(document).replace("approved", "rejected").replace("forged", "other");
    let mixed = format!("BEGIN; {rejected}; {}; COMMIT", approved_document(document));
    assert_eq!(refused(&reviews, &mixed).await, "documents_decision_is_reviewed");
    reviews.batch_execute("ROLLBACK").await.unwrap();
    // A decided review is not inserted either.
    let inserted = format!(
        "INSERT INTO manual_reviews (id, document_id, evaluation_id, status, decision, decided_at, dispatch_state, \
           correlation_id, created_at, updated_at) \
         SELECT gen_random_uuid(), document_id, evaluation_id, 'approved', 'approved', now(), 'withdrawn', 'x', now(), \
           now() FROM manual_reviews WHERE document_id = '{document}'"
    );
    let why = refused(&reviews, &inserted).await;
    assert!(
        ["manual_reviews_step_creation", "manual_reviews_one_per_document"].contains(&why.as_str()),
        "{why}"
    );
}

#[tokio::test]
async fn inv_4_only_scorings_role_decides_automatically() {
    let world = World::new().await;
    let caller = world.user().await;
    let document = world.read(&caller, NIK).await;
    let scored = format!(
        "UPDATE documents SET status = 'ai_evaluated', verification_status = 'auto_approved', version = version + 1, \
           last_event = 'scored', ai_score = 99, ai_decision = 'auto_approve', next_enqueue_at = NULL \
         WHERE id = '{document}'"
    );
    let claim = format!(
        "INSERT INTO identity_claims VALUES ('nik', decode(repeat('ab', 32), 'hex'), '{}', '{document}', now())",
        caller.user_id
    );
    let evaluation = format!(
        "INSERT INTO verification_results VALUES \
           (gen_random_uuid(), '{document}', 4, 99, 'auto_approve', '[]', '{{}}', now())"
    );
    for group in ["filot_app", "filot_worker", "filot_reviews"] {
        let client = world.db.group(group).await.unwrap();
        assert_eq!(refused(&client, &scored).await, "documents_step_writer", "{group}");
        assert_eq!(refused(&client, &evaluation).await, DENIED, "{group}");
        if group != "filot_reviews" {
            assert_eq!(refused(&client, &claim).await, DENIED, "{group}");
        }
    }
    // A score is not slipped into another step.
    let app = world.db.group("filot_app").await.unwrap();
    let erased = format!(
        "UPDATE documents SET status = 'erased', version = version + 1, last_event = 'erased', deleted_at = now(), \
           result = NULL, ocr_text = NULL, stage_ms = NULL, ai_score = 99, ai_decision = 'auto_approve' \
         WHERE id = '{document}'"
    );
    assert_eq!(refused(&app, &erased).await, "documents_step_score");
}

#[tokio::test]
async fn inv_3_only_the_workers_role_claims_and_reads() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let claimed = format!(
        "UPDATE documents SET status = 'processing', version = version + 1, last_event = 'claimed', \
           lease_epoch = lease_epoch + 1, lease_owner = 'x', lease_until = now(), lease_renewed_at = now() \
         WHERE id = '{document}'"
    );
    let read = format!(
        "UPDATE documents SET status = 'ocr_completed', version = version + 1, last_event = 'read', \
           result = '\\x01', ocr_text = '\\x01', read_at = now(), lease_owner = NULL, lease_until = NULL, \
           lease_renewed_at = NULL WHERE id = '{document}'"
    );
    let worker = world.db.group("filot_worker").await.unwrap();
    for group in ["filot_app", "filot_scoring", "filot_reviews"] {
        let client = world.db.group(group).await.unwrap();
        assert_eq!(refused(&client, &claimed).await, "documents_step_writer", "{group}");
    }
    worker.batch_execute(&claimed).await.unwrap();
    for group in ["filot_app", "filot_scoring", "filot_reviews"] {
        let client = world.db.group(group).await.unwrap();
        assert_eq!(refused(&client, &read).await, "documents_step_writer", "{group}");
    }
    // What it was given is all that it sees.
    for table in [
        "users",
        "profiles",
        "sessions",
        "refresh_tokens",
        "idempotency_keys",
        "manual_reviews",
        "identity_claims",
        "document_identities",
        "verification_results",
        "document_events",
        "erasures",
        "breakers",
    ] {
        assert_eq!(refused(&worker, &format!("SELECT FROM {table}")).await, DENIED, "{table}");
    }
    assert_eq!(refused(&worker, "INSERT INTO documents DEFAULT VALUES").await, DENIED);
    worker.batch_execute(&read).await.unwrap();
}

#[tokio::test]
async fn inv_6_no_role_makes_an_admin_or_takes_an_account() {
    let world = World::new().await;
    let (one, two) = (world.user().await, world.user().await);
    let statements = [
        format!("UPDATE users SET role = 'admin' WHERE id = '{}'", one.user_id),
        "INSERT INTO users (id, stack_user_id, email, role, created_at, updated_at) \
         VALUES (gen_random_uuid(), 'x', 'x', 'admin', now(), now())"
            .to_owned(),
        format!("UPDATE users SET stack_user_id = 'mine' WHERE id = '{}'", two.user_id),
        format!("UPDATE sessions SET user_id = '{}' WHERE id = '{}'", two.user_id, one.session_id),
        format!("UPDATE refresh_tokens SET session_id = '{}'", two.session_id),
        "DELETE FROM users".to_owned(),
        "DELETE FROM identity_claims; DELETE FROM documents".to_owned(),
        "UPDATE document_edges SET writers = '{filot_app}'".to_owned(),
        "UPDATE review_edges SET writers = '{filot_app}'".to_owned(),
        "UPDATE document_schedule SET task = 'erase'".to_owned(),
        "INSERT INTO document_counts VALUES ('erased', 'pending', 1)".to_owned(),
        "DELETE FROM document_count_changes".to_owned(),
        "SELECT may_write('{filot_app}')".to_owned(),
        "SET SESSION AUTHORIZATION filot_reviews".to_owned(),
    ];
    for group in GROUPS {
        let client = world.db.group(group).await.unwrap();
        for sql in &statements {
            let is_own = sql.contains("AUTHORIZATION") && group == "filot_reviews";
            if !is_own {
                assert_eq!(refused(&client, sql).await, DENIED, "{group}: {sql}");
            }
        }
        let other = if group == "filot_app" { "filot_reviews" } else { "filot_worker" };
        if group != other {
            assert_eq!(refused(&client, &format!("SET ROLE {other}")).await, DENIED, "{group}");
        }
    }
}

#[tokio::test]
async fn the_time_of_an_event_is_the_databases() {
    let world = World::new().await;
    let document = world.uploaded(&world.user().await).await;
    let owner = world.owner().await;
    let before = owner.query_one("SELECT clock_timestamp()", &[]).await.unwrap();
    // A worker whose clock is a day late, or that wants its claim to look old.
    world.claimed(document, "w", world.after(-86_400)).await;
    let sql = "SELECT at BETWEEN $2 AND clock_timestamp() FROM document_events \
               WHERE document_id = $1 AND event = 'claimed'";
    let before: chrono::DateTime<chrono::Utc> = before.get(0);
    assert!(owner.query_one(sql, &[&document.as_uuid(), &before]).await.unwrap().get::<_, bool>(0));
}

#[tokio::test]
async fn each_role_does_its_own_part_of_a_documents_life() {
    let mut world = World::new().await;
    let play = |world: &mut World, group: &str| {
        world.store = Store::connect(config(world.db.group_url(group))).unwrap();
    };
    play(&mut world, "filot_app");
    let caller = world.user().await;
    let document = world.uploaded(&caller).await;
    play(&mut world, "filot_worker");
    let held = world.claimed(document, "w", world.now).await;
    world.store.heartbeat(&held.lease, 30, world.now).await.unwrap();
    world.store.commit_reading(&held.lease, &ktp(NIK), &BTreeMap::new(), &origin(), world.now).await.unwrap();
    play(&mut world, "filot_scoring");
    let scored = world.for_scoring(document).await;
    let needs_review = evaluation(Decision::NeedsReview);
    world.store.commit_evaluation(&scored, &needs_review, &origin(), world.now).await.unwrap();
    play(&mut world, "filot_app");
    let lease = world.taken("d").await;
    world.store.acknowledge_dispatch(&lease, "task-1", world.now).await.unwrap();
    play(&mut world, "filot_reviews");
    let callback = Callback {
        review: Some(lease.review()),
        task_id: None,
        document: None,
        user_id: None,
        decision: ReviewDecision::Approved,
        notes: Some("clear".to_owned()),
    };
    let applied = world.store.apply_callback(&callback, &origin(), world.now).await.unwrap();
    assert!(matches!(applied, CallbackOutcome::Applied { .. }), "{applied:?}");
    play(&mut world, "filot_app");
    let me = world.store.me(&caller, world.now).await.unwrap();
    assert_eq!(me.verification, UserVerification::Verified);
    world.store.erase_document(&caller, document, &origin(), world.now).await.unwrap();
    assert_eq!(world.store.take_due_erasures(10, world.now).await.unwrap().len(), 1);
    world.store.object_deleted(document, world.after(600)).await.unwrap();
    world.store.forget_expired(10, world.after(86_400 * 400)).await.unwrap();
    world.store.fold_counts(100).await.unwrap();
    world.assert_events_fold_to_rows().await;
}
