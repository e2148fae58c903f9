//! Deciding once, and one holder per identity.

use filot_domain::{Decision, DocumentStatus, ReasonCode, VerificationStatus};
use filot_store::{LoadedForScoring, StoreError};
use futures::future::join_all;

use crate::fixture::{NIK, OTHER_NIK, World, evaluation, origin};

#[tokio::test]
async fn inv_2_scoring_at_once_decides_once() {
    let world = World::new().await;
    let caller = world.user().await;
    let document = world.read(&caller, NIK).await;
    let scored = world.for_scoring(document).await;
    let (origin, approve, review) =
        (origin(), evaluation(Decision::AutoApprove), evaluation(Decision::NeedsReview));
    let commits = (0..6).map(|i| {
        let evaluation = if i % 2 == 0 { &approve } else { &review };
        world.store.commit_evaluation(&scored, evaluation, &origin, world.now)
    });
    let decided: Vec<_> = join_all(commits).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(decided.iter().filter(|decided| decided.first).count(), 1);
    assert!(decided.windows(2).all(|two| {
        (two[0].evaluation, two[0].decision, two[0].review)
            == (two[1].evaluation, two[1].decision, two[1].review)
    }));
    let rows = "SELECT count(*)::text FROM verification_results WHERE document_id = $1";
    assert_eq!(world.value(rows, document).await.as_deref(), Some("1"));
    match world.store.load_for_scoring(document).await.unwrap() {
        LoadedForScoring::Decided(again) => assert_eq!(again.evaluation, decided[0].evaluation),
        other => panic!("{other:?}"),
    }
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn an_automatic_decision_leaves_two_events() {
    let world = World::new().await;
    let caller = world.user().await;
    for (decision, verification) in [
        (Decision::AutoApprove, VerificationStatus::AutoApproved),
        (Decision::AutoReject, VerificationStatus::AutoRejected),
    ] {
        let decided = world.decided(&caller, NIK, decision).await;
        assert_eq!((decided.decision, decided.review), (decision, None));
        let view = world.store.get_document(&caller, decided.document, world.now).await.unwrap();
        assert_eq!(view.summary.status, DocumentStatus::Completed);
        assert_eq!(view.summary.verification_status, verification);
        let events: Vec<_> = view.timeline.iter().map(|entry| entry.event.as_str()).collect();
        assert_eq!(events, ["created", "stored", "claimed", "read", "scored", "decided"]);
    }
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn inv_4_of_two_users_with_one_identity_one_is_approved() {
    let world = World::new().await;
    // Several rounds: the interesting interleaving need not come at once.
    for round in 0..5 {
        let nik = format!("317401570895{:04}", 100 + round);
        let mut scored = Vec::new();
        for _ in 0..4 {
            let document = world.read(&world.user().await, &nik).await;
            scored.push(world.for_scoring(document).await);
        }
        let (origin, approve) = (origin(), evaluation(Decision::AutoApprove));
        let commits =
            scored.iter().map(|scored| world.store.commit_evaluation(scored, &approve, &origin, world.now));
        let decided: Vec<_> = join_all(commits).await.into_iter().map(Result::unwrap).collect();
        let (approved, reviewed): (Vec<_>, Vec<_>) =
            decided.iter().partition(|decided| decided.decision == Decision::AutoApprove);
        assert_eq!((approved.len(), reviewed.len()), (1, 3));
        for decided in reviewed {
            assert!(decided.reasons.contains(&ReasonCode::IdentityHeldByAnother), "{:?}", decided.reasons);
            assert!(decided.review.is_some());
        }
    }
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn inv_4_the_same_user_may_show_their_identity_again() {
    let world = World::new().await;
    let caller = world.user().await;
    for _ in 0..2 {
        assert_eq!(world.decided(&caller, NIK, Decision::AutoApprove).await.decision, Decision::AutoApprove);
    }
    let other = world.user().await;
    assert_eq!(world.decided(&other, OTHER_NIK, Decision::AutoApprove).await.decision, Decision::AutoApprove);
    // Also what would have gone to a human, or been rejected, says that the identity is held.
    let rejected = world.decided(&other, NIK, Decision::AutoReject).await;
    assert_eq!(rejected.decision, Decision::AutoReject);
    assert_eq!(rejected.reasons, [ReasonCode::CardsNikMismatch, ReasonCode::IdentityHeldByAnother]);
}

#[tokio::test]
async fn inv_4_an_approval_without_an_identity_is_refused() {
    let world = World::new().await;
    let document = world.read(&world.user().await, "not a number").await;
    let scored = world.for_scoring(document).await;
    let approve = evaluation(Decision::AutoApprove);
    let refused = world.store.commit_evaluation(&scored, &approve, &origin(), world.now).await;
    assert!(matches!(refused, Err(StoreError::Invariant(_))), "{refused:?}");
}

#[tokio::test]
async fn inv_7_personal_fields_are_sealed_in_every_column() {
    let world = World::new().await;
    let caller = world.user().await;
    let decided = world.decided(&caller, NIK, Decision::NeedsReview).await;
    let client = world.owner().await;
    let tables =
        client.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'", &[]).await.unwrap();
    assert!(tables.len() > 15);
    for table in &tables {
        let table: &str = table.get(0);
        // Bytes both as hexadecimal and as text.
        let sql = format!("SELECT t::text, convert_from(convert_to(t::text, 'UTF8'), 'UTF8') FROM {table} t");
        for row in client.query(&sql, &[]).await.unwrap() {
            let text: &str = row.get(0);
            for secret in [NIK, "SITI CONTOH", "081200000001"] {
                let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
                assert!(!text.contains(secret) && !text.contains(&hex), "{secret} stands in {table}");
            }
        }
    }
    let me = world.store.me(&caller, world.now).await.unwrap();
    assert_eq!(me.full_name.as_deref(), Some("SITI CONTOH"));
    let view = world.store.get_document(&caller, decided.document, world.now).await.unwrap();
    assert_eq!(view.fields[&filot_domain::FieldName::Nik].value, NIK);
    assert!(!format!("{view:?} {me:?}").contains("SITI"));
}
