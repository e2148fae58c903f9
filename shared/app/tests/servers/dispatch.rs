//! From a score that needs a human to the human's decision.

use std::collections::VecDeque;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use filot_app::dispatch_reviews::{DispatchReport, dispatch_reviews};
use filot_app::error::Kind;
use filot_app::orchestrator::{HandOver, Orchestrator, TakeBack};
use filot_app::review_callback::review_callback;
use filot_app::score_document::{ScoringRequest, score_document};
use filot_domain::breaker::BreakerPolicy;
use filot_domain::scoring::Thresholds;
use filot_domain::{Decision, ReviewId};
use filot_store::{DispatchPayload, DueCancel, Store, seed};
use serde_json::json;

use crate::{after, correlation_id, database, now};

/// A reviewer who answers as told and notes who asked.
#[derive(Default)]
pub(crate) struct Reviewer {
    answers: Mutex<VecDeque<HandOver>>,
    cancels: Mutex<VecDeque<TakeBack>>,
    asked: Mutex<Vec<ReviewId>>,
}

impl Reviewer {
    pub(crate) fn who_says(answers: impl IntoIterator<Item = HandOver>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() }
    }

    /// Asked to cancel, it says this.
    pub(crate) fn who_takes_back(cancels: impl IntoIterator<Item = TakeBack>) -> Self {
        Self { cancels: Mutex::new(cancels.into_iter().collect()), ..Self::default() }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Orchestrator for Reviewer {
    async fn hand_over(&self, review: DispatchPayload, _: DateTime<Utc>) -> HandOver {
        self.asked.lock().unwrap().push(review.review);
        self.answers.lock().unwrap().pop_front().unwrap()
    }

    async fn take_back(&self, review: DueCancel, _: DateTime<Utc>) -> TakeBack {
        self.asked.lock().unwrap().push(review.review);
        self.cancels.lock().unwrap().pop_front().unwrap()
    }
}

fn away() -> HandOver {
    HandOver::Unreachable { retry_after: None, why: "http_503".to_owned() }
}

pub(crate) fn takes_it() -> HandOver {
    HandOver::Accepted { task_id: "task-9".to_owned() }
}

/// Scores the demo document that was read so that a human is needed, whatever it says.
pub(crate) async fn queue_a_review(store: &Store) {
    let nobody_passes = Thresholds { auto_approve: 101, auto_reject: 0, ..Thresholds::default() };
    let request = ScoringRequest { document_id: seed::READ, correlation_id: correlation_id() };
    let first = score_document(store, &nobody_passes, &request, now()).await.unwrap();
    assert_eq!((first.response.decision, first.review_queued), (Decision::NeedsReview, true));
    let again = score_document(store, &Thresholds::default(), &request, now()).await.unwrap();
    assert_eq!(again.response, first.response, "INV-2: the first decision holds");
    assert!(!again.review_queued && again.latency_ms.is_none());
}

pub(crate) async fn dispatch(
    store: &Store,
    reviewer: &Reviewer,
    policy: &BreakerPolicy,
    at: DateTime<Utc>,
) -> DispatchReport {
    dispatch_reviews(store, reviewer, "test", policy, move || at).await.unwrap()
}

#[tokio::test]
async fn inv_5_a_review_stays_due_until_it_is_acknowledged() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    let policy = BreakerPolicy::default();
    let reviewer = Reviewer::who_says([away(), takes_it()]);

    let report = dispatch(&store, &reviewer, &policy, now()).await;
    assert_eq!(report, DispatchReport { deferred: 1, ..DispatchReport::default() });
    let nothing_due = dispatch(&store, &reviewer, &policy, now()).await;
    assert_eq!((nothing_due, reviewer.asked()), (DispatchReport::default(), 1), "it backs off");

    let report = dispatch(&store, &reviewer, &policy, after(TimeDelta::hours(1))).await;
    assert_eq!(report, DispatchReport { acknowledged: 1, ..DispatchReport::default() });
    let nothing_due = dispatch(&store, &reviewer, &policy, after(TimeDelta::days(7))).await;
    assert_eq!((nothing_due, reviewer.asked()), (DispatchReport::default(), 2), "it was sent once");

    let decide =
        |decision: &str| serde_json::from_value(json!({"taskId": "task-9", "decision": decision})).unwrap();
    let at = after(TimeDelta::days(8));
    let said = review_callback(&store, None, decide("approved"), &correlation_id(), at).await.unwrap();
    assert!(said.applied && said.document_id == seed::READ);
    let again = review_callback(&store, None, decide("approved"), &correlation_id(), at).await.unwrap();
    assert!(!again.applied);
    let contrary = review_callback(&store, None, decide("rejected"), &correlation_id(), at).await;
    assert_eq!(contrary.unwrap_err().kind, Kind::Conflict);
}

#[tokio::test]
async fn an_open_breaker_holds_reviews_back_at_no_cost_and_lets_one_probe_through() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    let policy = BreakerPolicy { failure_threshold: 1, cooldown: TimeDelta::days(1) };
    let reviewer = Reviewer::who_says([away(), takes_it()]);
    assert_eq!(dispatch(&store, &reviewer, &policy, now()).await.deferred, 1);
    let held = dispatch(&store, &reviewer, &policy, after(TimeDelta::hours(2))).await;
    assert_eq!((held.held_back, reviewer.asked()), (1, 1), "nobody is asked while it is open");
    let probed = dispatch(&store, &reviewer, &policy, after(TimeDelta::days(2))).await;
    assert_eq!((probed.acknowledged, reviewer.asked()), (1, 2));
}

#[tokio::test]
async fn a_refusal_is_final_and_surfaces() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    let reviewer = Reviewer::who_says([HandOver::Refused { why: "http_422".to_owned() }]);
    let policy = BreakerPolicy::default();
    assert_eq!(dispatch(&store, &reviewer, &policy, now()).await.refused, 1);
    let later = dispatch(&store, &reviewer, &policy, after(TimeDelta::days(1))).await;
    assert_eq!((later, reviewer.asked()), (DispatchReport::default(), 1));
}

#[tokio::test]
async fn a_task_that_is_not_acknowledged_yet_is_asked_to_come_again() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    // A dispatcher holds the review and its call is not answered yet.
    assert_eq!(store.take_due_dispatches("other", 5, 60, now()).await.unwrap().len(), 1);
    let early = serde_json::from_value(json!({"taskId": "task-9", "decision": "approved"})).unwrap();
    let refused = review_callback(&store, None, early, &correlation_id(), now()).await.unwrap_err();
    assert_eq!((refused.kind, refused.code), (Kind::Unavailable, "not_yet_acknowledged"));
    assert!(refused.retry_after_s.is_some());
}
