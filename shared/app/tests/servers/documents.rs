//! What an owner does with their documents: list, download, another try, a human.

use std::time::Duration;

use chrono::TimeDelta;
use filot_app::document_dto::DocumentDto;
use filot_app::download::download;
use filot_app::error::Kind;
use filot_app::escalate::escalate;
use filot_app::get_review::get_review;
use filot_app::list_documents::{ListQuery, list_documents};
use filot_app::process::process;
use filot_domain::breaker::BreakerPolicy;
use filot_domain::lifecycle::{DispatchState, ReviewStatus};
use filot_domain::{DocumentId, DocumentStatus, ReviewId, SessionId, VerificationStatus};
use filot_store::{Caller, seed};
use filot_testkit::Aws;
use uuid::Uuid;

use crate::dispatch::{Reviewer, dispatch, takes_it};
use crate::upload::{PNG, objects, queues, run_sweeper, uploaded};
use crate::{caller, correlation_id, database, now};

const LINK: Duration = Duration::from_secs(300);

fn nobody() -> Caller {
    Caller { session_id: SessionId::from_uuid(Uuid::from_u128(9)), ..caller() }
}

#[tokio::test]
async fn inv_6_a_list_goes_on_where_its_cursor_says_and_asks_who_is_there() {
    let (_database, store) = database().await;
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let query = ListQuery { cursor, limit: Some(3), ..ListQuery::default() };
        let page = list_documents(&store, &caller(), query, now()).await.unwrap();
        assert!((1..=3).contains(&page.documents.len()));
        seen.extend(page.documents.iter().map(|document: &DocumentDto| document.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let whole = list_documents(&store, &caller(), ListQuery::default(), now()).await.unwrap();
    assert_eq!(seen, whole.documents.iter().map(|document| document.id).collect::<Vec<_>>());
    assert!(seen.len() >= 4 && whole.next_cursor.is_none());
    let json = serde_json::to_string(&whole).unwrap();
    assert!(!json.contains("SITI") && !json.contains("3174"), "INV-7: a list has no values of fields");
    let forged = ListQuery { cursor: Some("AAAA".to_owned()), ..ListQuery::default() };
    let refused = list_documents(&store, &caller(), forged, now()).await.unwrap_err();
    assert_eq!((refused.code, refused.errors[0].field), ("validation_failed", "cursor"));
    let refused = list_documents(&store, &nobody(), ListQuery::default(), now()).await.unwrap_err();
    assert_eq!(refused.kind, Kind::Unauthenticated);
}

#[tokio::test]
async fn inv_6_a_link_leads_to_the_file_and_only_its_owner_gets_one() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let objects = objects(aws.url(), aws.bucket().await.unwrap());
    let queues = queues(&aws, aws.queue().await.unwrap()).await;
    let document = uploaded(&store, &objects, &queues, None).await.id;
    let link = download(&store, &objects, &caller(), document, LINK, now()).await.unwrap();
    assert_eq!(link.expires_at, now() + TimeDelta::seconds(300));
    let client = reqwest::Client::builder().timeout(Duration::from_secs(10)).build().unwrap();
    let file = client.get(&link.url).send().await.unwrap().error_for_status().unwrap();
    assert_eq!(&file.bytes().await.unwrap()[..], PNG);

    let refused = async |caller, document| {
        let answer = download(&store, &objects, &caller, document, LINK, now()).await;
        answer.err().map(|error| error.kind)
    };
    assert_eq!(refused(nobody(), document).await, Some(Kind::Unauthenticated));
    let unknown = DocumentId::from_uuid(Uuid::from_u128(1));
    assert_eq!(refused(caller(), unknown).await, Some(Kind::NotFound));
}

#[tokio::test]
async fn inv_1_another_try_is_queued_and_a_queue_that_is_away_costs_a_minute_only() {
    let (_database, store) = database().await;
    let aws = Aws::start().unwrap();
    let objects = objects(aws.url(), aws.bucket().await.unwrap());
    let url = aws.queue().await.unwrap();
    let nowhere = queues(&aws, format!("{url}-that-is-not-there")).await;
    let there = queues(&aws, url).await;
    let id = seed::FAILED;
    let again = process(&store, &nowhere, &caller(), id, &correlation_id(), now()).await.unwrap();
    assert_eq!((again.document.status, again.document.processed_at), (DocumentStatus::Uploaded, None));
    let report = run_sweeper(&store, &objects, &there, &aws, TimeDelta::minutes(1)).await;
    assert_eq!(report.requeued, 1);
    let received = async || {
        let messages = there.cpu.receive(10, 2, 30).await.unwrap();
        messages
            .into_iter()
            .filter_map(|message| message.hint)
            .map(|hint| hint.document_id)
            .collect::<Vec<_>>()
    };
    assert_eq!(received().await, [id]);
    process(&store, &there, &caller(), id, &correlation_id(), now()).await.unwrap();
    assert_eq!(received().await, [id], "at once");

    let refuse = async |caller, id| {
        let refused = process(&store, &there, &caller, id, &correlation_id(), now()).await.unwrap_err();
        (refused.kind, refused.code)
    };
    for state in [seed::READ, seed::COMPLETED, seed::IN_REVIEW, seed::REJECTED] {
        assert_eq!(refuse(caller(), state).await, (Kind::Conflict, "document_not_processable"));
    }
    assert_eq!(refuse(nobody(), id).await.0, Kind::Unauthenticated);
}

#[tokio::test]
async fn inv_5_an_escalated_rejection_is_sent_once_and_its_review_can_be_followed() {
    let (_database, store) = database().await;
    let caller = caller();
    let ask = || escalate(&store, &caller, seed::REJECTED, &CORRELATION, now());
    let (one, two) = futures::join!(ask(), ask());
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!(one.review.id, two.review.id);
    assert!(one.queued != two.queued, "one of the two queued it");
    assert_eq!(one.document.verification_status, VerificationStatus::PendingManualReview);
    let waiting = get_review(&store, one.review.id).await.unwrap();
    assert_eq!((waiting.status, waiting.dispatch.state), (ReviewStatus::Pending, DispatchState::Queued));
    let reviewer = Reviewer::who_says([takes_it()]);
    let report = dispatch(&store, &reviewer, &BreakerPolicy::default(), now()).await;
    assert_eq!((report.acknowledged, reviewer.asked()), (1, 1));
    let sent = get_review(&store, one.review.id).await.unwrap();
    assert_eq!((sent.task_id.as_deref(), sent.dispatch.state), (Some("task-9"), DispatchState::Acknowledged));
    assert!(sent.cancellation.is_none() && sent.decision.is_none());

    let in_review = escalate(&store, &caller, seed::IN_REVIEW, &CORRELATION, now()).await.unwrap();
    assert_eq!((in_review.review.id, in_review.queued), (seed::REVIEW, false));
    for state in [seed::UPLOADED, seed::FAILED, seed::READ, seed::COMPLETED] {
        let refused = escalate(&store, &caller, state, &CORRELATION, now()).await.err().unwrap();
        assert_eq!((refused.kind, refused.code), (Kind::Conflict, "not_escalatable"));
    }
    let unknown = get_review(&store, ReviewId::from_uuid(Uuid::from_u128(1))).await;
    assert_eq!(unknown.err().unwrap().kind, Kind::NotFound);
}

static CORRELATION: std::sync::LazyLock<filot_domain::CorrelationId> =
    std::sync::LazyLock::new(correlation_id);
