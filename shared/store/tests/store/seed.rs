//! The demo data.

use filot_domain::{DocumentStatus, VerificationStatus};
use filot_store::{Caller, LoadedForScoring, StoreError, seed};

use crate::fixture::World;

#[tokio::test]
async fn demo_data_is_what_its_table_says_and_may_be_sown_twice() {
    let world = World::new().await;
    for _ in 0..2 {
        seed::seed(&world.store, "local", world.now).await.unwrap();
    }
    let caller = Caller { user_id: seed::USER, session_id: seed::SESSION };
    use DocumentStatus as S;
    use VerificationStatus as V;
    for (document, status, verification) in [
        (seed::UPLOADED, S::Uploaded, V::Pending),
        (seed::COMPLETED, S::Completed, V::AutoApproved),
        (seed::IN_REVIEW, S::AiEvaluated, V::PendingManualReview),
        (seed::READ, S::OcrCompleted, V::Pending),
        (seed::FAILED, S::Failed, V::Pending),
        (seed::REJECTED, S::Completed, V::AutoRejected),
        (seed::DISPOSABLE, S::Uploaded, V::Pending),
    ] {
        let view = world.store.verification_status(&caller, document, world.now).await.unwrap();
        assert_eq!((view.status, view.verification_status), (status, verification), "{document}");
    }
    let view = world.store.verification_status(&caller, seed::IN_REVIEW, world.now).await.unwrap();
    assert_eq!(view.review.unwrap().id, seed::REVIEW);
    let ready = world.store.load_for_scoring(seed::READ).await.unwrap();
    assert!(matches!(ready, LoadedForScoring::Ready(_)));
    assert_eq!(seed::UPLOADED.to_string(), "00000000-0000-7000-8000-000000000101");
    world.assert_events_fold_to_rows().await;
}

#[tokio::test]
async fn demo_data_stays_out_of_every_other_environment() {
    let world = World::new().await;
    for environment in ["production", "staging", "development", "Local", ""] {
        let refused = seed::seed(&world.store, environment, world.now).await;
        assert!(matches!(refused, Err(StoreError::Invariant(_))));
    }
    assert!(world.store.find_user_by_stack_id(seed::STACK_USER_ID).await.unwrap().is_none());
}
