//! From a score that needs a human to the human's decision.

use std::collections::VecDeque;
use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use filot_app::error_code::ErrorCode;
use filot_app::orchestrator::{CancelOutcome, Orchestrator, SubmitOutcome};
use filot_app::review_callback::review_callback;
use filot_app::review_outbox::{OutboxReport, review_outbox};
use filot_app::score_document::score_document;
use filot_domain::breaker::BreakerPolicy;
use filot_domain::scoring::Thresholds;
use filot_domain::{Decision, ReviewId};
use filot_store::{DispatchPayload, DueCancel, SealingKeys, Store, StoreConfig, seed};
use serde_json::json;

use crate::requests::{reviewer, task};
use crate::{after, config, database, now};

/// A reviewer who answers as told and notes who asked.
#[derive(Default)]
pub(crate) struct Reviewer {
    answers: Mutex<VecDeque<SubmitOutcome>>,
    cancels: Mutex<VecDeque<CancelOutcome>>,
    asked: Mutex<Vec<ReviewId>>,
}

impl Reviewer {
    pub(crate) fn who_says(answers: impl IntoIterator<Item = SubmitOutcome>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() }
    }

    /// Asked to cancel, it says this.
    pub(crate) fn who_cancels(cancels: impl IntoIterator<Item = CancelOutcome>) -> Self {
        Self { cancels: Mutex::new(cancels.into_iter().collect()), ..Self::default() }
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

impl Orchestrator for Reviewer {
    async fn submit(&self, review: DispatchPayload, _: DateTime<Utc>) -> SubmitOutcome {
        self.asked.lock().unwrap().push(review.review);
        self.answers.lock().unwrap().pop_front().unwrap()
    }

    async fn cancel(&self, review: DueCancel, _: DateTime<Utc>) -> CancelOutcome {
        self.asked.lock().unwrap().push(review.review);
        self.cancels.lock().unwrap().pop_front().unwrap()
    }
}

fn away() -> SubmitOutcome {
    SubmitOutcome::Unreachable { retry_after: None, why: "http_503".to_owned() }
}

pub(crate) fn takes_it() -> SubmitOutcome {
    SubmitOutcome::Accepted { task_id: "task-9".to_owned() }
}

/// Scores the demo document that was read so that a human is needed, whatever it says.
pub(crate) async fn queue_a_review(store: &Store) {
    let nobody_passes = Thresholds { auto_approve: 101, auto_reject: 0, ..Thresholds::default() };
    let request = task("scoring", now());
    let first = score_document(store, &nobody_passes, &request, seed::READ).await.unwrap();
    assert_eq!((first.response.decision, first.review_queued), (Decision::NeedsReview, true));
    let again = score_document(store, &Thresholds::default(), &request, seed::READ).await.unwrap();
    assert_eq!(again.response, first.response, "INV-2: the first decision holds");
    assert!(!again.review_queued);
}

pub(crate) async fn dispatch(
    store: &Store,
    reviewer: &Reviewer,
    policy: &BreakerPolicy,
    at: DateTime<Utc>,
) -> OutboxReport {
    review_outbox(store, reviewer, "test", policy, move || at).await.unwrap()
}

#[tokio::test]
async fn inv_5_a_review_stays_due_until_it_is_acknowledged() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    let policy = BreakerPolicy::default();
    let desk = Reviewer::who_says([away(), takes_it()]);

    let report = dispatch(&store, &desk, &policy, now()).await;
    assert_eq!(report, OutboxReport { deferred: 1, ..OutboxReport::default() });
    let nothing_due = dispatch(&store, &desk, &policy, now()).await;
    assert_eq!((nothing_due, desk.asked()), (OutboxReport::default(), 1), "it backs off");

    let report = dispatch(&store, &desk, &policy, after(TimeDelta::hours(1))).await;
    assert_eq!(report, OutboxReport { acknowledged: 1, ..OutboxReport::default() });
    let nothing_due = dispatch(&store, &desk, &policy, after(TimeDelta::days(7))).await;
    assert_eq!((nothing_due, desk.asked()), (OutboxReport::default(), 2), "it was sent once");

    let decide =
        |decision: &str| serde_json::from_value(json!({"taskId": "task-9", "decision": decision})).unwrap();
    let at = after(TimeDelta::days(8));
    let said = review_callback(&store, &reviewer(at), None, decide("approved")).await.unwrap();
    assert!(said.applied && said.document_id == seed::READ);
    let again = review_callback(&store, &reviewer(at), None, decide("approved")).await.unwrap();
    assert!(!again.applied);
    let contrary = review_callback(&store, &reviewer(at), None, decide("rejected")).await;
    assert_eq!(contrary.unwrap_err().code, ErrorCode::AlreadyDecided);
}

#[tokio::test]
async fn an_open_breaker_holds_reviews_back_until_one_probe() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    let policy = BreakerPolicy { failure_threshold: 1, cooldown: TimeDelta::days(1) };
    let desk = Reviewer::who_says([away(), takes_it()]);
    assert_eq!(dispatch(&store, &desk, &policy, now()).await.deferred, 1);
    let held = dispatch(&store, &desk, &policy, after(TimeDelta::hours(2))).await;
    assert_eq!((held.held_back, desk.asked()), (1, 1), "nobody is asked while it is open");
    let probed = dispatch(&store, &desk, &policy, after(TimeDelta::days(2))).await;
    assert_eq!((probed.acknowledged, desk.asked()), (1, 2));
}

#[tokio::test]
async fn a_refusal_is_final_and_surfaces() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    let desk = Reviewer::who_says([SubmitOutcome::Refused { why: "http_422".to_owned() }]);
    let policy = BreakerPolicy::default();
    assert_eq!(dispatch(&store, &desk, &policy, now()).await.refused, 1);
    let later = dispatch(&store, &desk, &policy, after(TimeDelta::days(1))).await;
    assert_eq!((later, desk.asked()), (OutboxReport::default(), 1));
}

#[tokio::test]
async fn a_task_that_is_not_acknowledged_yet_is_asked_to_come_again() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    // A dispatcher holds the review and its call is not answered yet.
    assert_eq!(store.take_due_dispatches("other", 5, 60, now()).await.unwrap().len(), 1);
    let early = serde_json::from_value(json!({"taskId": "task-9", "decision": "approved"})).unwrap();
    let refused = review_callback(&store, &reviewer(now()), None, early).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::NotYetAcknowledged);
    assert!(refused.retry_after_s.is_some());
}

#[tokio::test]
async fn a_task_id_that_another_review_has_is_refused_once() {
    let (_database, store) = database().await;
    queue_a_review(&store).await;
    let policy = BreakerPolicy::default();
    let taken = SubmitOutcome::Accepted { task_id: seed::TASK_ID.to_owned() };
    let desk = Reviewer::who_says([taken]);
    let report = dispatch(&store, &desk, &policy, now()).await;
    assert_eq!(report, OutboxReport { refused: 1, ..OutboxReport::default() });
    let nothing_due = dispatch(&store, &desk, &policy, after(TimeDelta::days(7))).await;
    assert_eq!((nothing_due, desk.asked()), (OutboxReport::default(), 1), "it is not sent for ever");
    let kept = store.review(seed::REVIEW).await.unwrap();
    assert_eq!(kept.task_id.as_deref(), Some(seed::TASK_ID));
}

#[tokio::test]
async fn a_review_that_cannot_be_opened_ends_unless_the_key_returns() {
    let (database, store) = database().await;
    queue_a_review(&store).await;
    let blind = Store::connect(StoreConfig {
        sealing: SealingKeys::new("2", [("2".to_owned(), [8; 32])]).unwrap(),
        ..config(database.app_url())
    })
    .unwrap();
    let policy = BreakerPolicy::default();
    let desk = Reviewer::who_says([takes_it()]);
    let deferred = OutboxReport { deferred: 1, ..OutboxReport::default() };
    for day in 0..29 {
        assert_eq!(dispatch(&blind, &desk, &policy, after(TimeDelta::days(day))).await, deferred, "{day}");
    }
    let refused = dispatch(&blind, &desk, &policy, after(TimeDelta::days(29))).await;
    assert_eq!(refused, OutboxReport { refused: 1, ..OutboxReport::default() });
    let nothing_due = dispatch(&blind, &desk, &policy, after(TimeDelta::days(99))).await;
    assert_eq!((nothing_due, desk.asked()), (OutboxReport::default(), 0));

    // The same with a key that comes back on the first day: the review goes out by itself.
    let (database, store) = crate::database().await;
    queue_a_review(&store).await;
    let blind = Store::connect(StoreConfig {
        sealing: SealingKeys::new("2", [("2".to_owned(), [8; 32])]).unwrap(),
        ..config(database.app_url())
    })
    .unwrap();
    assert_eq!(dispatch(&blind, &desk, &policy, now()).await, deferred);
    let sent = dispatch(&store, &desk, &policy, after(TimeDelta::days(1))).await;
    assert_eq!(sent, OutboxReport { acknowledged: 1, ..OutboxReport::default() });
}
